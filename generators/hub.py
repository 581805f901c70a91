"""Photographs from any `datasets` dataset with an image column, local or on the Hub.

A stream cannot be read at random, so it is spooled once into an indexed folder; from there on it
is a folder like any other.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generators.errors import InputError
from generators.files import write_whole
from generators.layouts import Entry, Listing

_INDEX = "index.json"
_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"BM": ".bmp"}


def spool(name: str, folder: Path, most: int, heard: Callable[[int, int], None]) -> Listing:
    """Copy up to `most` images of the dataset `name` into `folder`, or use what is there.

    Args:
        name: NAME or NAME:SPLIT, where NAME is a Hub id or a local path; `train`, or the first
            split, by default.
        heard: told how many of at most how many images are there.

    Raises:
        InputError: the package `datasets` is missing, the dataset cannot be opened, it has no
            image column, or no image in it can be read.
    """
    index = folder / _INDEX
    if index.exists():
        told = json.loads(index.read_text("utf-8"))
        if told["name"] == name and told["most"] == most:
            return _listing(folder, told)
    folder.mkdir(parents=True, exist_ok=True)
    rows, column = _open(name)
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
            heard(len(files), most)
    except InputError:
        raise
    except Exception as error:  # whatever a remote reader or a broken file raises
        raise InputError(
            f"--source hf={name}: row {number + 1} cannot be read ({_first_line(error)}); repair "
            "the dataset, or take a split without it: hf=NAME:SPLIT"
        ) from None
    heard(len(files), len(files))
    told = {"name": name, "most": most, "files": files, "broken": broken}
    write_whole(index, json.dumps(told))
    return _listing(folder, told)


def _listing(folder: Path, told: dict[str, Any]) -> Listing:
    entries = [Entry(folder / file, Path(file).stem) for file in told["files"]]
    return Listing(entries, {"not an image": told["broken"]} if told["broken"] else {})


def _open(name: str) -> tuple[Any, str]:
    """The rows of the dataset as a stream, images undecoded, and the name of their column."""
    try:
        import datasets
    except ImportError:
        raise InputError(
            '--source hf needs the package datasets: pip install "dubench[train]"'
        ) from None
    path, _, split = name.partition(":")
    try:
        found = datasets.load_dataset(path, streaming=True)
        split = split or ("train" if "train" in found else next(iter(found)))
        rows = found[split]
        features = rows.features or datasets.Features()
    except Exception as error:  # the library raises a dozen kinds for what is not there
        raise InputError(f"--source hf={name}: {_first_line(error)}") from None
    columns = [c for c, feature in features.items() if isinstance(feature, datasets.Image)]
    if not columns:
        known = ", ".join(features) or "none known"
        raise InputError(f"--source hf={name}: it has no image column (columns: {known})")
    return rows.cast_column(columns[0], datasets.Image(decode=False)), columns[0]


def _bytes(image: Any) -> bytes | None:
    """The file's bytes of an undecoded image cell."""
    if not image:
        return None
    if image.get("bytes"):
        return bytes(image["bytes"])
    path = Path(image.get("path") or "")
    return path.read_bytes() if path.is_file() else None


def _suffix(data: bytes) -> str | None:
    return next((suffix for start, suffix in _SUFFIXES.items() if data.startswith(start)), None)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:200]
