"""score.parquet: the rows of `SampleScores` on disk, one per sample."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dubench.dataset import TYPE_NAMES
from dubench.predictions.record import MAPS
from dubench.scoring.sample_scores import OTHER, STATUSES, Floats, SampleScores, keys_of
from generators.errors import InputError
from generators.files import whole
from generators.taxonomy import KEYS


def write(path: Path, rows: SampleScores) -> None:
    """Write one Parquet file, whole or not at all; `read` reads it back."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = np.array([*TYPE_NAMES, OTHER])
    columns: dict[str, Any] = {
        "id": rows.ids,
        "type": names[rows.types],
        "predicted": names[rows.answered],
        "status": np.array(STATUSES)[rows.status],
        "cluster": rows.clusters,
        "severity": rows.severity,
        "type_right": rows.right,
        "joint_right": rows.joint,
        "predicted_keys": _key_lists(rows),
    }
    for name in KEYS:
        columns |= {
            f"true_{name}": _arrow(rows.truth[name]),
            f"predicted_{name}": _arrow(rows.answer[name]),
            f"abs_{name}": _arrow(rows.error[name]),
            f"rel_{name}": _arrow(rows.relative[name]),
            f"constant_rel_{name}": _arrow(rows.constant[name]),
        }
    columns |= {f"probability_{name}": _arrow(x) for name, x in rows.probabilities.items()}
    for name in rows.low:
        columns |= {
            f"low_{name}": _arrow(rows.low[name]),
            f"high_{name}": _arrow(rows.high[name]),
            f"range_stated_{name}": rows.ranged[name],
            f"constant_interval_score_{name}": _arrow(rows.constant_interval[name]),
        }
    columns |= {f"map_error_{key}": _arrow(column) for key, column in rows.map_error.items()}
    columns |= {name: _arrow(column) for name, column in rows.quality.items()}
    with whole(path) as part:
        pq.write_table(pa.table(columns), part, compression="zstd")


def _arrow(column: Floats) -> Any:
    """An Arrow column of numbers or of lists of them, null for NaN."""
    import pyarrow as pa

    if column.ndim == 1:
        return pa.array(column, from_pandas=True)
    gone = np.isnan(column).any(1)
    flat = pa.array(column[~gone].ravel())
    ends = np.concatenate([[0], np.cumsum(~gone)]) * column.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), flat, mask=pa.array(gone))


def _key_lists(rows: SampleScores) -> list[list[str]]:
    lists: list[list[str]] = [[] for _ in range(rows.n)]
    for name, there in rows.answered_keys.items():
        for row in np.flatnonzero(there):
            lists[row].append(name)
    return lists


def is_one(path: Path) -> bool:
    """Whether the file at `path` is one that `write` wrote, by its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.read_schema(path).names
    except (OSError, pa.ArrowException):
        return False
    return {"id", "type", "predicted", "status", "predicted_keys"} <= set(columns)


def read(path: Path, type_names: tuple[str, ...], metrics: tuple[str, ...]) -> SampleScores:
    """Read what `write` wrote.

    Args:
        type_names: the types that its score is over.
        metrics: the restoration columns to look for.

    Raises:
        InputError: the file is missing, damaged, or something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        code_of = {name: code for code, name in enumerate((*TYPE_NAMES, OTHER))}
        types, answered = (
            np.array([code_of[name] for name in table[column].to_pylist()], np.int8)
            for column in ("type", "predicted")
        )
        answered_keys = {name: np.zeros(table.num_rows, bool) for name in (*KEYS, OTHER)}
        for row, names in enumerate(table["predicted_keys"].to_pylist()):
            for name in names:
                answered_keys[name][row] = True
        # A score from before a type existed has no columns for its keys.
        keys = [name for name in KEYS if f"true_{name}" in table.column_names]
        keys += [name for name in keys_of(type_names) if name not in keys]

        stated = f"probability_{TYPE_NAMES[0]}" in table.column_names
        ranged = [name for name in keys if f"low_{name}" in table.column_names]

        def values(prefix: str, keys: Sequence[str] = keys) -> dict[str, Floats]:
            return {name: _numpy(table[f"{prefix}_{name}"], KEYS[name].size) for name in keys}

        def terms(prefix: str, names: Sequence[str] = keys) -> dict[str, Floats]:
            return {name: _numpy(table[f"{prefix}_{name}"]) for name in names}

        return SampleScores(
            type_names,
            table["id"].to_pylist(),
            types,
            table["cluster"].to_pylist(),
            table["severity"].to_pylist(),
            answered,
            np.array([STATUSES.index(s) for s in table["status"].to_pylist()], np.int8),
            table["joint_right"].to_numpy(),
            values("true"),
            values("predicted"),
            terms("abs"),
            terms("rel"),
            terms("constant_rel"),
            answered_keys,
            {key: _numpy(table[f"map_error_{key}"]) for key in keys if key in MAPS},
            {name: _numpy(table[name]) for name in metrics if name in table.column_names},
            terms("probability", TYPE_NAMES if stated else ()),
            values("low", ranged),
            values("high", ranged),
            {name: table[f"range_stated_{name}"].to_numpy() for name in ranged},
            terms("constant_interval_score", ranged),
        )
    except FileNotFoundError:
        raise InputError(f"{path} is missing; put it there, or run dubench score again") from None
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path} is not the per-sample table of a score ({reason}); run dubench score again"
        ) from None


def _numpy(column: Any, size: int = 1) -> Floats:
    """Numbers (n,), or (n, size) of an Arrow column of lists; NaN for null."""
    column = column.combine_chunks()
    if size == 1:
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    values = np.full((len(column), size), np.nan)
    values[np.asarray(column.is_valid())] = column.flatten().to_numpy().reshape(-1, size)
    return values
