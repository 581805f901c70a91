"""Rows of a dataset, one by one, and each back as the sample it was made from."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from generators.dataset.parquet import unreadable
from generators.dataset.schema import values_of
from generators.errors import InputError
from generators.images import decode_depth, decode_rgb
from generators.sample import Sample
from generators.taxonomy import TYPES

Row = Mapping[str, Any]
StreamKey = tuple[int, int, int]


def sample_of(row: Row, where: str) -> tuple[Sample, StreamKey]:
    """The sample that `row` holds, images decoded, and the key that its noise follows from.

    Args:
        where: names the file, for messages.

    Raises:
        InputError: an image or the depth map cannot be decoded, or the row is malformed.
    """
    told, remedy = f"{where}: row {row.get('id')}", "run dubench verify on the dataset"
    try:
        kind = list(TYPES.values())[row["type"]]
        clean, degraded = (decode_rgb(row[name]["bytes"]) for name in ("clean", "degraded"))
        depth = decode_depth(row["depth"]["bytes"]) if kind.needs_depth else None
        values = values_of(row)
        recipe = json.loads(row["recipe"])
        key = (recipe["seed"], recipe["index"], recipe["attempt"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{told} is malformed ({type(error).__name__}); {remedy}") from None
    if clean is None or degraded is None or clean.shape != degraded.shape:
        raise InputError(f"{told}: clean and degraded are not two images of one size; {remedy}")
    if kind.needs_depth and (depth is None or depth.shape != clean.shape[:2]):
        raise InputError(f"{told}: depth is not a 16-bit image of that size; {remedy}")
    lost = {key.name for key in kind.keys} - set(values)
    if lost:
        raise InputError(f"{told} has no tuple of {', '.join(sorted(lost))}; {remedy}")
    return Sample(kind.name, clean, degraded, depth, values), key


def read(path: Path, places: Iterable[int], columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a Parquet file at `places`, in the file's order, a row group in memory at a time.

    Raises:
        InputError: the file cannot be read, or lacks a column.
    """
    wanted = sorted(set(places))
    try:
        file = pq.ParquetFile(path)
        first = 0
        for group in range(file.num_row_groups):
            after = first + file.metadata.row_group(group).num_rows
            here = [place for place in wanted if first <= place < after]
            if here:
                table = file.read_row_group(group, columns=list(columns))
                yield from (table.slice(place - first, 1).to_pylist()[0] for place in here)
            first = after
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from None
