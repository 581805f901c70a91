import json
import sqlite3
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotation_ui.export import export_events
from annotation_ui.store import passwords
from annotation_ui.store.review_store import ReviewStore
from generators.errors import InputError
from tests.annotation_ui.plans import Clock, gold, review_plan, sample

NOTES = ["", 'say "no",\n\u2028then', "Nebel 🌫 \x00 </script>"]


@pytest.fixture
def store(in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> ReviewStore:
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)
    path = in_memory / "review.sqlite"
    ReviewStore.create(path, review_plan(), [sample(0), gold(1), sample(2)])
    clock = Clock()
    store = ReviewStore(path, clock)
    store.accounts.add("Ольга", "correct horse")
    for note in NOTES:
        lease = store.lease("Ольга")
        assert lease
        clock.passes(0.5)
        store.submit(lease.token, "Ольга", "reject", ["broken image", "inconsistent"], note, 30.25)
    store.undo("Ольга")
    return store


def test_both_files_hold_every_event(store: ReviewStore, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    n = export_events(store, out)
    assert sorted(path.name for path in out.iterdir()) == ["events.jsonl", "events.parquet"]
    with (out / "events.jsonl").open(encoding="utf-8") as lines:
        from_json = [json.loads(line) for line in lines]
    assert [row["n"] for row in from_json] == list(range(1, n + 1))
    assert [row["action"] for row in from_json] == ["lease", "submit"] * 3 + ["undo", "lease"]
    submits = [row for row in from_json if row["action"] == "submit"]
    assert [row["note"] for row in submits] == NOTES
    assert [row["kind"] for row in submits] == ["sample", "gold", "sample"]
    assert {row["sample_id"] for row in submits} == {"du-00000000", "du-00000001", "du-00000002"}
    assert submits[0] == submits[0] | {
        "reviewer": "Ольга",
        "verdict": "reject",
        "reasons": ["inconsistent", "broken image"],
        "seconds": 30.25,
        "split": "test",
        "type": "blur",
        "at": "2024-03-01T00:00:29.999999+00:00",
    }
    rows = pq.read_table(out / "events.parquet").to_pylist()
    for row in from_json:
        row["at"] = datetime.fromisoformat(row["at"])
    assert rows == from_json


def test_the_raw_table_says_the_same(store: ReviewStore, in_memory: Path, tmp_path: Path) -> None:
    export_events(store, tmp_path)
    db = sqlite3.connect(in_memory / "review.sqlite")
    raw = db.execute("SELECT n, token, item, note, seconds FROM events ORDER BY n").fetchall()
    db.close()
    table = pq.read_table(
        tmp_path / "events.parquet", columns=["n", "token", "item", "note", "seconds"]
    )
    assert [tuple(row.values()) for row in table.to_pylist()] == raw


def test_replaces_an_older_export_whole(store: ReviewStore, tmp_path: Path) -> None:
    before = export_events(store, tmp_path)
    lease = store.lease("Ольга")
    assert lease
    store.submit(lease.token, "Ольга", "accept")
    assert export_events(store, tmp_path) == before + 2
    assert pq.read_table(tmp_path / "events.parquet").num_rows == before + 2
    assert len((tmp_path / "events.jsonl").read_bytes().splitlines()) >= before + 2
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_review_has_empty_files(in_memory: Path, tmp_path: Path) -> None:
    store = ReviewStore.create(in_memory / "review.sqlite", review_plan(), [])
    assert export_events(store, tmp_path) == 0
    assert (tmp_path / "events.jsonl").read_bytes() == b""
    table = pq.read_table(tmp_path / "events.parquet")
    assert table.num_rows == 0
    assert "sample_id" in table.column_names


def test_a_file_where_the_folder_should_be(store: ReviewStore, tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_text("mine")
    for out in (file, file / "below"):
        with pytest.raises(InputError, match=r"a file has this name|Not a directory"):
            export_events(store, out)
    assert file.read_text() == "mine"
