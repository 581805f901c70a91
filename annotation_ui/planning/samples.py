"""Rows of a dataset, one by one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from generators.dataset.parquet import reading

Row = Mapping[str, Any]
StreamKey = tuple[int, int, int]


def read(path: Path, places: Iterable[int], columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a Parquet file at `places`, in the file's order, a row group in memory at a time.

    Raises:
        InputError: the file cannot be read, or lacks a column.
    """
    wanted = sorted(set(places))
    with reading(path):
        file = pq.ParquetFile(path)
        first = 0
        for group in range(file.num_row_groups):
            after = first + file.metadata.row_group(group).num_rows
            here = [place for place in wanted if first <= place < after]
            if here:
                table = file.read_row_group(group, columns=list(columns))
                yield from (table.slice(place - first, 1).to_pylist()[0] for place in here)
            first = after
