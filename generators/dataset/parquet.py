"""Write a Parquet file that is there whole or not at all; say what is wrong with one read."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from generators.dataset.arrow_columns import table
from generators.dataset.schema import IMAGES, Row, schema
from generators.errors import InputError, first_line

MAKE_AGAIN = "run the same dubench generate again"
"""What mends a shard of a dataset that nobody has changed since."""


class ShardWriter:
    """Writes rows to one Parquet file that appears whole, under its own name, or not at all."""

    def __init__(self, path: Path, row_group: int) -> None:
        self._path = path
        # A name of its own: a machine that counts as lost may still be at the same file.
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        self._row_group = row_group
        self._rows: list[Row] = []
        self._schema = schema()
        plain = [f"{name}.bytes" for name in IMAGES]
        self._writer = pq.ParquetWriter(
            self._part,
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
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(table(self._rows, self._schema))
            self._rows = []

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._flush()
                self._writer.close()
                self._part.rename(self._path)
            else:
                with suppress(OSError):  # a full disk must not hide the first error
                    self._writer.close()
        finally:
            self._part.unlink(missing_ok=True)


def holds(path: Path, rows: int) -> bool:
    """Whether the file at `path` is there, with a readable footer that counts `rows` rows."""
    try:
        return int(pq.read_metadata(path).num_rows) == rows
    except (OSError, pa.ArrowException):
        return False


def columns_of(file: pq.ParquetFile, path: Path, columns: Iterable[str]) -> list[str]:
    """`columns`; raises InputError where the open `file`, which is at `path`, lacks one."""
    wanted = list(columns)
    for name in wanted:
        if name not in file.schema_arrow.names:
            raise InputError(f"{path}: no column {name}: not a dataset of dubench")
    return wanted


def read_columns(path: Path, columns: Iterable[str]) -> pa.Table:
    """Those columns of the file at `path`, in this order; raises as `columns_of`."""
    with pq.ParquetFile(path) as file:
        wanted = columns_of(file, path, columns)
        return file.read(columns=wanted).select(wanted)


@contextmanager
def reading(path: Path, remedy: str = "run dubench verify", name: str = "") -> Iterator[None]:
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
