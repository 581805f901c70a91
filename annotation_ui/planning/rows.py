"""Rows of a dataset, one by one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from generators.dataset.parquet import reading
from generators.dataset.schema import Row

StreamKey = tuple[int, int, int]


@dataclass(frozen=True)
class RowSource:
    """Where a row's photograph and depth come from: its columns of these names."""

    source: str
    source_id: str
    depth_source: str | None


def source_of(row: Row) -> RowSource:
    """The source of a row."""
    return RowSource(row["source"], row["source_id"], row["depth_source"])


def read_rows(path: Path, places: Iterable[int], columns: Sequence[str]) -> Iterator[Row]:
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
