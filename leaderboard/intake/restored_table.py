"""Restored images that come as one Parquet file: columns `id` and `image`."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

from generators.errors import InputError
from generators.files import whole

LARGEST = 2_000_000_000
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"BM": ".bmp"}
_BUFFER = 1 << 20


def unpack(path: Path, folder: Path, ids: Collection[str]) -> None:
    """Write the images of `path` into a new folder, named by their ids.

    Raises:
        InputError: the file is too large, no Parquet file, or has other columns; an id is not
            among `ids` or there twice, or an image is none.
    """
    if path.is_symlink() or not path.is_file():
        raise InputError(f"{path} is no regular file; give restored images as one Parquet file")
    if path.stat().st_size > LARGEST:
        raise _too_large(path)
    folder.mkdir()
    seen: set[str] = set()
    size = 0
    for name, data in _images(path):
        if name not in ids:
            raise InputError(f"{path}: an image of {name!r:.60}, which is no sample of the split")
        if name in seen:
            raise InputError(f"{path}: two images of {name}; keep one")
        seen.add(name)
        size += len(data)
        if size > LARGEST:
            raise _too_large(path)
        suffix = next((s for magic, s in _SUFFIXES.items() if data.startswith(magic)), None)
        if suffix is None:
            raise InputError(f"{path}: the image of {name} is no PNG, JPEG, WebP or BMP file")
        (folder / f"{name}{suffix}").write_bytes(data)
    if not seen:
        raise InputError(f"{path}: no images in it")


def _too_large(path: Path) -> InputError:
    return InputError(f"{path}: more than {LARGEST // 10**9} GB of restored images, unpacked")


def write_hashes(path: Path, out: Path) -> None:
    """Write id and SHA-256 of every image of `path`: the images themselves are not kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sums = [(name, hashlib.sha256(data).hexdigest()) for name, data in _images(path)]
    names, digests = zip(*sorted(sums), strict=True)
    with whole(out) as part:
        pq.write_table(pa.table({"id": names, "sha256": digests}), part, compression="zstd")


def _images(path: Path) -> Iterator[tuple[str, bytes]]:
    """(id, file) of every row; the column may hold bytes, or structs as `datasets` writes them.

    A row at a time: a few kilobytes may unpack to gigabytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        lacking = [name for name in ("id", "image") if name not in file.schema_arrow.names]
        if lacking:
            raise InputError(f"{path}: no column {lacking[0]}; it takes `id` and `image`")
        groups = (file.metadata.row_group(place) for place in range(file.num_row_groups))
        if sum(group.total_byte_size for group in groups) > LARGEST:
            raise _too_large(path)
        for batch in file.iter_batches(1, columns=["id", "image"]):
            for row in batch.to_pylist():
                image = row["image"]
                data = image.get("bytes") if isinstance(image, dict) else image
                if not isinstance(row["id"], str) or not isinstance(data, bytes):
                    raise InputError(f"{path}: {row['id']!r:.60} has no image in it, as bytes")
                yield row["id"], data
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0][:120]
        raise InputError(f"{path} is no Parquet file that can be read ({reason})") from None
