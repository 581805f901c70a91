"""Depth maps that come with photographs, in the files that depth tools write."""

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from generators.errors import UnreadableError

# Depth tools often write numbers and, beside them, a picture to look at: numbers come first.
SUFFIXES = (".npy", ".npz", ".pfm", ".tif", ".tiff", ".png")

_BROKEN_ARRAY = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)


def find_map(folder: Path, source_id: str) -> Path | None:
    """The depth map in `folder` of the photograph `source_id`, a path relative to its source.

    It has the photograph's stem and one of `SUFFIXES`, and lies in the same sub-folder or else
    in `folder` itself. Of several, the first in the order of `SUFFIXES` is taken.
    """
    name = PurePosixPath(source_id)
    for home in (folder / name.parent, folder):
        for suffix in SUFFIXES:
            for ending in (suffix, suffix.upper()):
                path = home / f"{name.stem}{ending}"
                if path.is_file():
                    return path
    return None


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
