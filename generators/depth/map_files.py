"""Depth maps that come with photographs, in the files that depth tools write."""

import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from generators.errors import InputError, UnreadableError
from generators.walk import walk

# Depth tools often write numbers and, beside them, a picture to look at: numbers come first.
SUFFIXES = (".npy", ".npz", ".pfm", ".tif", ".tiff", ".png")

_BROKEN_ARRAY = (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)


def list_maps(folder: Path) -> dict[str, Path]:
    """The depth maps in `folder` by their paths in it, without suffix, for `find_map`.

    Of several that differ in the suffix alone, the first in the order of `SUFFIXES` is taken.

    Raises:
        InputError: a place in it cannot be looked into.
    """
    held = walk(folder, SUFFIXES)
    if held.problems:
        place, why = held.problems[0]
        raise InputError(f"depth maps: {place}: {why}; let it be read, or move it elsewhere")
    maps: dict[str, Path] = {}
    for path in sorted(held.files, key=lambda path: SUFFIXES.index(path.suffix.lower())):
        maps.setdefault(_key(path.relative_to(folder).with_suffix("").as_posix()), path)
    return maps


def find_map(maps: Mapping[str, Path], source_id: str) -> Path | None:
    """The depth map of the photograph `source_id`, a path relative to its source.

    It has the photograph's stem, and lies in the same sub-folder or else in the top one. Letters
    with accents are the same whether they are one character or two: systems write both.

    Args:
        maps: as `list_maps` gives them.
    """
    name = PurePosixPath(source_id)
    beside = str(name.parent / name.stem)
    return maps.get(_key(beside)) or maps.get(_key(name.stem))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def read_map(path: Path) -> NDArray[np.float32]:
    """The numbers in a depth map, as they stand in the file.

    Reads PNG and TIFF (8 or 16 bits, TIFF also 32), PFM (scale ignored), .npy, and of .npz the
    first array. A grey image saved as RGB counts as grey.

    Returns:
        float32 (h, w), in the file's own unit.

    Raises:
        UnreadableError: it cannot be read, or is no two-dimensional array of real numbers.
    """
    if not path.is_file():
        raise UnreadableError("no such file")
    suffix = path.suffix.lower()
    values = _array(path) if suffix in (".npy", ".npz") else _image(path)
    if values.dtype.kind not in "buif":
        raise UnreadableError(f"holds {values.dtype}, not real numbers")
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.ndim != 2 or not values.size:
        shape = "×".join(map(str, values.shape))
        raise UnreadableError(f"shape {shape} is not two-dimensional; a depth map has one channel")
    with np.errstate(over="ignore"):  # what leaves float32 is infinite, hence invalid
        return values.astype(np.float32)


def zero_is_farthest(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Disparity whose zeros are measured ones, as depth models' scripts write it.

    They stretch each map to the whole numbers 0 … 255 or 0 … 65535, where 0 is the farthest; to
    others 0 means not measured. A map that takes the whole range and every level at its low end
    is one that was stretched.

    Raises:
        UnreadableError: it takes the whole range, but has a gap above 0: it may be either.
    """
    low, high = float(disparity.min()), float(disparity.max())
    if low != 0 or high not in (255, 65535) or (disparity != np.rint(disparity)).any():
        return disparity
    step = (high + 1) / 256
    if len(np.unique(disparity[disparity < 4 * step] // step)) < 4:
        raise UnreadableError(
            f"whole numbers from 0 to {high:.0f} with a gap above 0, which is either the farthest "
            "or not measured: write 1 for 0 if it is the farthest, or 1 less than the largest "
            "number for the largest if it was not measured"
        )
    return np.maximum(disparity, np.float32(0.5))


def _array(path: Path) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            return loaded
        with loaded:
            if not loaded.files:
                raise UnreadableError("holds no array")
            return loaded[loaded.files[0]]
    except _BROKEN_ARRAY as error:
        raise UnreadableError(f"not a numpy array that can be read ({_brief(error)})") from None


def _image(path: Path) -> NDArray[Any]:
    try:
        with Image.open(path) as image:
            # A palette's indices are no depth; its colours may be greys.
            pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    except Image.DecompressionBombError:
        raise UnreadableError("more pixels than is safe to decode") from None
    except UnidentifiedImageError:
        raise UnreadableError("not an image that can be decoded") from None
    except Exception as error:  # Pillow's decoders raise whatever their format's parser meets.
        raise UnreadableError(_brief(error)) from None
    grey = pixels.ndim == 3 and (pixels == pixels[..., :1]).all()
    return pixels[..., 0] if grey else pixels


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:100] or type(error).__name__
