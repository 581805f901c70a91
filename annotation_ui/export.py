"""Everything that happened in a review, as files for others."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from annotation_ui.store.review_store import ReviewStore
from generators.errors import plain_errors
from generators.files import whole, write_whole


@plain_errors()
def export_events(store: ReviewStore, out: Path) -> int:
    """Write `events.jsonl` and `events.parquet` into the folder `out`; returns how many events.

    Both hold the same rows in the same order: the event (`annotation_ui.store.records.Event`; in
    JSON `at` is ISO 8601, UTC) and of its item `sample_id`, `split`, `type` and `kind`. Each file
    is there whole or not at all.

    Raises:
        InputError: `out` cannot be written to.
    """
    items = {item.item: item for item in store.items()}
    rows = []
    for event in store.events():
        item = items[event.item]
        of_item = {
            "sample_id": item.sample_id,
            "split": item.split,
            "type": item.type,
            "kind": item.role,
        }
        rows.append(asdict(event) | {"reasons": list(event.reasons)} | of_item)
    lines = [
        json.dumps(row | {"at": row["at"].isoformat()}, ensure_ascii=False) + "\n" for row in rows
    ]
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "events.jsonl", "".join(lines))
    _write_parquet(rows, out / "events.parquet")
    return len(rows)


def _write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.string()
    types = {
        "n": pa.int64(),
        "at": pa.timestamp("us", tz="UTC"),
        "reasons": pa.list_(text),
        "seconds": pa.float64(),
    }
    names = ["n", "at", "reviewer", "item", "action", "token", "verdict", "reasons", "note"]
    names += ["seconds", "sample_id", "split", "type", "kind"]
    schema = pa.schema([(name, types.get(name, text)) for name in names])
    with whole(path) as part:
        pq.write_table(pa.Table.from_pylist(rows, schema), part, compression="zstd")
