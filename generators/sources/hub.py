"""Photographs from any `datasets` dataset with an image column, local or on the Hub.

A stream cannot be read at random, so it is spooled once into an indexed folder; from there on it
is a folder like any other. Depth in another column is spooled beside the photographs.
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from generators.engines import OnProgress
from generators.errors import InputError, first_line
from generators.files import write_whole
from generators.sources.listing import UNREADABLE, Entry, Listing

_INDEX = "index.json"
_SUFFIXES = {
    **{b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"BM": ".bmp"},
    **{b"II*\0": ".tif", b"MM\0*": ".tif"},
}
_DEPTHS = "depth"
_DEPTH_SUFFIXES = (".png", ".tif")  # JPEG keeps eight bits, and those not exactly


def depth_folder(photo: Path) -> Path:
    """Where the depth maps of the dataset are whose spooled photograph is `photo`."""
    return photo.parent / _DEPTHS


def spool(
    name: str,
    folder: Path,
    most: int,
    on_progress: OnProgress,
    depth_column: str = "",
) -> Listing:
    """Copy up to `most` images of the dataset `name` into `folder`, or use what is there.

    The photographs are in the first image column that is not `depth_column`.

    Args:
        name: NAME or NAME:SPLIT, where NAME is a Hub id or a local path; `train`, or the first
            split, by default.
        on_progress: called with the number of images that are there, and of at most how many.
        depth_column: image column to copy into `depth_folder`, each file under its photograph's
            stem, the number of the row; none by default. Rows without depth have no file there.

    Raises:
        InputError: the package `datasets` is missing, the dataset cannot be opened, it has no
            image column or not the `depth_column`, a row cannot be read, or its depth is neither
            PNG nor TIFF.
    """
    index = folder / _INDEX
    if index.exists():
        spooled = json.loads(index.read_text("utf-8"))
        request = (spooled["name"], spooled["most"], spooled.get("depth", ""))
        if request == (name, most, depth_column):
            return _listing(folder, spooled)
    rows, column = _open(name, depth_column)
    index.unlink(missing_ok=True)
    shutil.rmtree(folder / _DEPTHS, ignore_errors=True)
    (folder / _DEPTHS).mkdir(parents=True)
    files: list[str] = []
    broken: list[str] = []
    number = -1
    try:
        for number, row in enumerate(rows):
            if len(files) == most:
                break
            data = _bytes(row[column])
            suffix = _suffix(data or b"")
            if data is None or suffix is None:
                broken.append(f"row {number}")
                continue
            files.append(f"{number:09d}{suffix}")
            write_whole(folder / files[-1], data)
            if depth_column:
                _keep_depth(folder / _DEPTHS, name, number, row[depth_column])
            on_progress(len(files), most)
    except Exception as error:  # whatever a remote reader or a broken file raises
        shutil.rmtree(folder, ignore_errors=True)  # without its index it is of no use
        with suppress(OSError):
            folder.parent.rmdir()
        if isinstance(error, InputError) or (isinstance(error, OSError) and error.errno):
            raise
        raise InputError(
            f"--source hf={name}: row {number + 1} cannot be read ({first_line(error)}); repair "
            "the dataset, or take a split without it: hf=NAME:SPLIT"
        ) from None
    on_progress(len(files), len(files))
    spooled = {"name": name, "most": most, "depth": depth_column, "files": files, "broken": broken}
    write_whole(index, json.dumps(spooled))
    return _listing(folder, spooled)


def _listing(folder: Path, spooled: dict[str, Any]) -> Listing:
    entries = [Entry(folder / file, Path(file).stem) for file in spooled["files"]]
    broken = [f"{row}: not an image" for row in spooled["broken"]]
    return Listing(entries, {UNREADABLE: broken} if broken else {})


def _open(name: str, depth_column: str) -> tuple[Any, str]:
    """The rows of the dataset as a stream, images undecoded, and the photographs' column."""
    try:
        import datasets
    except ImportError:
        raise InputError(
            '--source hf needs the package datasets: pip install "dubench[train]"'
        ) from None
    path, _, split = name.partition(":")
    try:
        splits = datasets.load_dataset(path, streaming=True)
        split = split or ("train" if "train" in splits else next(iter(splits)))
        rows = splits[split]
        features = rows.features or datasets.Features()
    except Exception as error:  # the library raises a dozen kinds for what is not there
        raise InputError(f"--source hf={name}: {first_line(error)}") from None
    images = [c for c, feature in features.items() if isinstance(feature, datasets.Image)]
    if depth_column and depth_column not in images:
        what = "holds no images" if depth_column in features else "is not in it"
        known = ", ".join(images) or "none"
        raise InputError(
            f"--depth column={depth_column}: hf={name}: that column {what}; its image columns are: "
            f"{known}"
        )
    column = next((c for c in images if c != depth_column), None)
    if column is None:
        known = ", ".join(features) or "none known"
        more = f" but {depth_column}" if depth_column else ""
        raise InputError(f"--source hf={name}: it has no image column{more} (columns: {known})")
    for undecoded in filter(None, (column, depth_column)):
        rows = rows.cast_column(undecoded, datasets.Image(decode=False))
    return rows, column


def _keep_depth(depths: Path, name: str, number: int, image: Any) -> None:
    """Write an undecoded depth image as it is; a cell with neither bytes nor path is empty."""
    if not image or not any(image.values()):
        return
    data = _bytes(image) or b""
    suffix = _suffix(data)
    if suffix not in _DEPTH_SUFFIXES:
        raise InputError(
            f"--depth column: row {number} of hf={name} holds neither PNG nor TIFF; mend it, or "
            "empty the cell and its photograph gets procedural depth"
        )
    write_whole(depths / f"{number:09d}{suffix}", data)


def _bytes(image: Any) -> bytes | None:
    """The file's bytes of an undecoded image cell."""
    if not image:
        return None
    if image.get("bytes"):
        return bytes(image["bytes"])
    place = image.get("path") or ""
    if "://" in place:  # in an archive, such as zip://photo.jpg::/data/photos.zip, or elsewhere
        import fsspec

        with fsspec.open(place, "rb") as file:
            return bytes(file.read())
    path = Path(place)
    return path.read_bytes() if path.is_file() else None


def _suffix(data: bytes) -> str | None:
    return next((suffix for start, suffix in _SUFFIXES.items() if data.startswith(start)), None)
