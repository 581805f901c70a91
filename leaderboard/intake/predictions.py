"""The predictions that are sent in: unpacked, of a bounded size, and naming no other file."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dubench.text import STRICT, Repeated
from generators.errors import InputError

LARGEST = 512_000_000
"""Bytes of a file of predictions, unpacked."""

_FILE_FIELDS = ("restored", "maps")
"""Fields of predictions that name files, which do not come with them."""


def unpack(path: Path, plain: Path) -> list[str]:
    """Write the predictions of `path`, packed or not, without the fields that name files.

    Returns:
        what was left out.

    Raises:
        InputError: they are too large, or not what their suffix says.
    """
    left_out = dict.fromkeys(_FILE_FIELDS, 0)
    with _bounded(path) as lines, plain.open("wb") as out:
        for line in lines:
            if any(f'"{field}"'.encode() in line for field in _FILE_FIELDS):
                line = _without_files(line, left_out)
            out.write(line)
    return [
        f"`{field}` of {count:,} predictions was left out: a board takes no files they name"
        for field, count in left_out.items()
        if count
    ]


def _without_files(line: bytes, left_out: dict[str, int]) -> bytes:
    try:
        record = STRICT.decode(line.decode())
    except (ValueError, RecursionError):
        return line  # the scorer says what is wrong
    if not isinstance(record, dict) or isinstance(record, Repeated):
        return line
    there = [field for field in _FILE_FIELDS if record.pop(field, None) is not None]
    for field in there:
        left_out[field] += 1
    return f"{json.dumps(record)}\n".encode() if there else line


@contextmanager
def _bounded(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, unpacked; InputError past LARGEST bytes."""
    too_large = InputError(
        f"{path}: more than {LARGEST // 10**6} MB of predictions, unpacked; is it the right file?"
    )
    if path.stat().st_size > LARGEST:
        raise too_large

    def lines() -> Iterator[bytes]:
        size = 0
        # A line of a bomb has no end: it is read in parts.
        while part := file.readline(LARGEST // 16):
            size += len(part)
            if size > LARGEST:
                raise too_large
            yield part

    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            yield lines()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"{path} cannot be unpacked: {error}; pack it again") from None
