"""Write a Parquet file that is there whole or not at all; say what is wrong with one read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from generators.dataset.arrow_columns import table
from generators.dataset.schema import IMAGES, Row, schema
from generators.errors import InputError, first_line
from generators.files import whole

if TYPE_CHECKING:
    from generators.files import Place

MAKE_AGAIN = "run the same dubench generate again"
"""What mends a shard of a dataset that nobody has changed since."""


@contextmanager
def shard_writer(place: "Place", row_group: int) -> Iterator["ShardWriter"]:
    """Give a writer of a Parquet file that appears at `place` at the end, or not at all."""
    # A name of its own: a machine that counts as lost may still be at the same file.
    with whole(place, own_name=True) as part:
        writer = ShardWriter(part, row_group)
        try:
            yield writer
            writer.flush()
        except BaseException:
            with suppress(OSError):  # a full disk must not hide the first error
                writer.close()
            raise
        writer.close()


class ShardWriter:
    """Writes rows to one Parquet file."""

    def __init__(self, path: Path, row_group: int) -> None:
        self._row_group = row_group
        self._rows: list[Row] = []
        self._schema = schema()
        plain = [f"{name}.bytes" for name in IMAGES]
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            # Pictures are compressed already.
            compression={column: "NONE" if column in plain else "ZSTD" for column in _leaves()},
            use_dictionary=["severity", "source", "depth_source", "review"],
            write_statistics=[c for c in _leaves() if c not in plain],
            write_page_index=True,
        )

    def add(self, row: Row) -> None:
        """Append one row."""
        self._rows.append(row)
        if len(self._rows) == self._row_group:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait for a row group of their own."""
        if self._rows:
            self._writer.write_table(table(self._rows, self._schema))
            self._rows = []

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


def open_parquet(place: "Place") -> pq.ParquetFile:
    """The Parquet file at `place`; close it, or use it as a context.

    From afar, what is wanted of a row group comes when it is read, in few requests.

    Raises:
        InputError: it is on a web server that sends files whole alone.
        OSError, pyarrow.ArrowException: it is missing or damaged.
    """
    if isinstance(place, Path):
        return pq.ParquetFile(place)
    file = place.fs.open(place.path, "rb", cache_type="none")
    try:
        return pq.ParquetFile(file, pre_buffer=True)
    except ValueError as error:  # fsspec's own, at the footer
        if isinstance(error, pa.ArrowException):
            raise
        raise InputError(
            f"{place}: the server sends no part of a file; download the dataset, or serve it by "
            "one that answers range requests"
        ) from None


def holds(path: Path, rows: int) -> bool:
    """Whether the file at `path` is there, with a readable footer that counts `rows` rows."""
    try:
        return int(pq.read_metadata(path).num_rows) == rows
    except (OSError, pa.ArrowException):
        return False


def columns_of(file: pq.ParquetFile, path: "Place", columns: Iterable[str]) -> list[str]:
    """`columns`; raises InputError where the open `file`, which is at `path`, lacks one."""
    wanted = list(columns)
    for name in wanted:
        if name not in file.schema_arrow.names:
            raise InputError(f"{path}: no column {name}: not a dataset of dubench")
    return wanted


def read_columns(path: "Place", columns: Iterable[str]) -> pa.Table:
    """Those columns of the file at `path`, in this order; raises as `columns_of`."""
    with open_parquet(path) as file:
        wanted = columns_of(file, path, columns)
        return file.read(columns=wanted).select(wanted)


@contextmanager
def reading(path: "Place", remedy: str = "run dubench verify", name: str = "") -> Iterator[None]:
    """Raise InputError where the Parquet file at `path` is missing, damaged, or lacks a column.

    Args:
        remedy: ends the message; empty for none.
        name: how the message names the file; by its path if empty.
    """
    try:
        yield
    except (OSError, pa.ArrowException, KeyError) as error:
        wrong = f"cannot be read: {first_line(error)}" if path.exists() else "is missing"
        raise InputError(f"{name or path} {wrong}{remedy and f'; {remedy}'}") from None


@cache
def _leaves() -> list[str]:
    """Names of the schema's leaf columns as Parquet calls them."""
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema()).close()
    parquet = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [parquet.column(i).path for i in range(len(parquet.names))]
