"""The depth maps that a manifest carries, so that nobody has to make them again elsewhere.

They stand in a column of 16-bit PNGs in the prepared form (`depth.prepared`): each photograph's in
the first row that uses it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from generators.dataset.parquet import reading
from generators.depth.attach import Attached, Maps
from generators.depth.prepared import file_name, map_hash, read_prepared
from generators.errors import InputError, UnreadableError
from generators.files import write_whole
from generators.images import decode_depth

COLUMN = "depth_map"

_FIELD = pa.field(COLUMN, pa.binary())
_ROWS = 100  # as many maps are in memory at once, at most
_PHOTOGRAPH = re.compile(r"[0-9a-f]{64}")
_DEPTH_SOURCE = re.compile(r"(folder|disparity|column|lidar|model:.+@[0-9a-f]+)")


def write(table: pa.Table, path: Path, cache: Path) -> None:
    """Write the rows of a manifest to `path`, with the depth maps of their photographs.

    Args:
        cache: where the maps lie that the dataset was made with.

    Raises:
        InputError: a map is missing, or is not the one that the dataset was made with.
    """
    seen: set[str] = set()
    with pq.ParquetWriter(path, table.schema.append(_FIELD), compression="zstd") as writer:
        for start in range(0, table.num_rows, _ROWS):
            part = table.slice(start, _ROWS)
            maps: list[bytes | None] = [None] * part.num_rows
            for place, sha256, depth_source, depth_hash in _uses(part):
                if sha256 not in seen:
                    seen.add(sha256)
                    maps[place] = _read(cache / file_name(sha256, depth_source), depth_hash)
            writer.write_table(part.append_column(_FIELD, pa.array(maps, _FIELD.type)))


def unpack(path: Path, cache: Path) -> Maps:
    """The depth maps that the manifest at `path` carries, put into the folder `cache`.

    Raises:
        InputError: the manifest cannot be read, or a map is not the one that its row names.
    """
    damaged = InputError(f"--manifest {path} is damaged; export it again")
    columns = ["depth_source", "recipe", COLUMN]
    maps: Maps = {}
    cache.mkdir(parents=True, exist_ok=True)
    with reading(path, "it is cut short: export it again", f"--manifest {path}"):
        for batch in pq.ParquetFile(path).iter_batches(_ROWS, columns=columns):
            for place, sha256, depth_source, depth_hash in _uses(batch):
                data = batch[COLUMN][place].as_py()
                if data is None:
                    continue
                # Both become part of a file's name.
                named = _PHOTOGRAPH.fullmatch(sha256) and _DEPTH_SOURCE.fullmatch(depth_source)
                if not named or _hash(decode_depth(data)) != depth_hash:
                    raise damaged
                file = cache / file_name(sha256, depth_source)
                write_whole(file, data)
                maps[sha256] = Attached(file, depth_source, depth_hash)
    return maps


def _uses(rows: pa.Table | pa.RecordBatch) -> Iterator[tuple[int, str, str, str]]:
    """Place, photograph hash, depth source and depth hash of the rows that use a given map."""
    recipes, depth_sources = rows["recipe"].to_pylist(), rows["depth_source"].to_pylist()
    for place, (text, depth_source) in enumerate(zip(recipes, depth_sources, strict=True)):
        recipe = json.loads(text)
        if "depth_hash" in recipe:
            yield place, recipe["photograph"], depth_source, recipe["depth_hash"]


def _read(file: Path, depth_hash: str) -> bytes:
    try:
        if map_hash(read_prepared(file)) == depth_hash:
            return file.read_bytes()
        reason = "is not the depth map that the dataset was made with; remove it"
    except UnreadableError as error:
        reason = f"cannot be read ({error})"
    raise InputError(
        f"{file} {reason}; the same dubench generate, run again, prepares the maps anew"
    )


def _hash(prepared: NDArray[np.uint16] | None) -> str:
    return "" if prepared is None else map_hash(prepared)
