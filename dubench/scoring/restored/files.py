"""Files of restored images: where they are, and their pixels as exactly what was written."""

import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

from dubench.predictions.file import Predictions
from dubench.predictions.paths import beside
from generators import decoding
from generators.errors import InputError, UnreadableError
from generators.sources.photographs import SUFFIXES

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_REMEDY = "save 8-bit RGB, as PNG if you can"


def in_folder(folder: Path, ids: Collection[str]) -> dict[str, Path]:
    """The image files of `folder`, by id: their name without its suffix.

    Raises:
        InputError: no folder, no images in it, two files for one id, or an id not among `ids`.
    """
    if not folder.is_dir():
        raise InputError(f"--restored {folder}: no such folder")
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in paths:
            raise InputError(
                f"{folder}: two files for {path.stem}: {paths[path.stem].name} and {path.name}; "
                "keep one"
            )
        paths[path.stem] = path
    known = set(ids)
    unknown = [path for name, path in paths.items() if name not in known]
    if unknown:
        raise InputError(
            f"{folder}: {len(unknown):,} of {len(paths):,} images are of no sample of this split, "
            f"the first {unknown[0].name}; name them ID.png, and check --dataset and --split"
        )
    if not paths:
        raise InputError(f"{folder}: no images; name them ID.png, with the ids of the split")
    return paths


def in_predictions(predictions: Predictions) -> dict[str, Path]:
    """The files that the predictions name under `restored`.

    Raises:
        InputError: as `beside`.
    """
    remedy = "keep restored images beside the predictions, or give --restored"
    return {
        name: beside(predictions, prediction, "restored", prediction.restored, remedy)
        for name, prediction in predictions.by_id.items()
        if prediction.restored is not None
    }


def size(path: Path) -> tuple[int, int]:
    """(height, width) in pixels from the header.

    Raises:
        InputError: no file, not an image, or not 8-bit RGB.
    """
    _check_file(path)
    return _header(path, path)


def load(path: Path) -> NDArray[np.uint8]:
    """The pixels as (H, W, 3) uint8 RGB, as written; an alpha channel must be opaque everywhere.

    Raises:
        InputError: as `size`; or it is cut short, or some pixels are transparent.
    """
    _check_file(path)
    data = path.read_bytes()
    _header(path, io.BytesIO(data))
    try:
        _check_opaque(path, data)
        return decoding.decode(data, upright=False)
    except (UnreadableError, OSError, SyntaxError) as error:
        raise InputError(f"{path} cannot be decoded: {error}; restore this image again") from None


def _check_file(path: Path) -> None:
    if not path.is_file():
        what = "is a folder, not an image" if path.is_dir() else "is missing"
        raise InputError(f"{path} {what}; restore this image again, or leave it out")


def _header(path: Path, file: Path | io.BytesIO) -> tuple[int, int]:
    try:
        with Image.open(file, formats=_FORMATS) as image:
            mode, (width, height) = image.mode, image.size
            deep = _is_deep(image)
    except Exception as error:  # Pillow's parsers raise whatever their format meets
        reason = "not a PNG, JPEG, WebP, BMP or TIFF image"
        if isinstance(error, Image.DecompressionBombError):
            reason = "more pixels than is safe to decode"
        raise InputError(f"{path}: {reason}; {_REMEDY}") from None
    if mode not in ("RGB", "RGBA") or deep:
        pixels = "of 16 bits" if deep or mode.startswith("I") else f"of mode {mode}"
        raise InputError(f"{path}: an image {pixels}, not 8-bit RGB; {_REMEDY}")
    return height, width


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits a sample, of which Pillow's mode says nothing."""
    if isinstance(image, TiffImageFile):  # its planes may lie apart, each of a raw mode of 8 bits
        return bool(max(image.tag_v2.get(BITSPERSAMPLE, (1,))) > 8)
    # The raw mode, alone or before numbers such as a row's bytes.
    raw = (tile.args[0] if isinstance(tile.args, tuple) else tile.args for tile in image.tile)
    return any("16" in str(mode) for mode in raw)


def _check_opaque(path: Path, data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise InputError(f"{path}: some pixels are transparent; {_REMEDY}")
