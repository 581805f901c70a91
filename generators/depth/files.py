"""Depth that comes with photographs: read in any usual form, prepared once into one.

The prepared form is a coarse 16-bit PNG per photograph: larger is farther, 0 the photograph's
smallest depth, 65535 its 99.9th percentile and all beyond, linear between them.
"""

import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from generators import images
from generators.depth.procedural import NEAREST
from generators.sources.photographs import UnreadableError

Kind = Literal["depth", "disparity"]
Float = NDArray[np.float32]
Words = NDArray[np.uint16]

# Depth tools often write numbers and, beside them, a picture to look at: numbers come first.
SUFFIXES = (".npy", ".npz", ".pfm", ".tif", ".tiff", ".png")
LONGEST_SIDE = 1024
ASPECT_TOLERANCE = 0.02
FARTHEST_PERCENTILE = 99.9

_FULL = 65535
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


def read_map(path: Path) -> Float:
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


def prepare(raw: Float, kind: Kind, photo_shape: tuple[int, ...]) -> Words:
    """Bring a depth map into the prepared form (see the module).

    Disparity d becomes depth 1 / max(d, `NEAREST` · its 99.9th percentile): stored depth spans no
    wider ratio, and the noise of the smallest disparities must not set the scale for the rest.
    What is not finite or not above 0 was not measured: it takes the nearest measured depth, then
    is smoothed the more the farther it lies from any. Measured depth stays as it is.

    Args:
        raw: float32 (h, w), any resolution and unit; it covers the whole photograph.
        kind: `depth`, metric or relative, larger is farther; or `disparity` (inverse depth, as
            from stereo or a relative depth model), larger is nearer.
        photo_shape: (H, W, …) of the photograph, upright.

    Returns:
        uint16 with `raw`'s shape, brought to a longest side of at most `LONGEST_SIDE`. Constant
        depth is all 0.

    Raises:
        UnreadableError: the map has another aspect ratio than the photograph (by more than 2 %),
            or holds no valid value.
    """
    _check_aspect(raw.shape, photo_shape)
    valid = np.isfinite(raw) & (raw > 0)
    if not valid.any():
        raise UnreadableError("holds no depth: all zeros, negative or NaN")
    depth, valid = _shrink(_invert(raw, valid) if kind == "disparity" else raw, valid)
    measured = depth[valid]
    low, high = float(measured.min()), float(np.percentile(measured, FARTHEST_PERCENTILE))
    # What is constant but for rounding must not have its rounding stretched to the full range.
    if high - low <= 1e-5 * high:
        return np.zeros(depth.shape, np.uint16)
    scaled = (_fill(depth, valid) - np.float32(low)) * np.float32(_FULL / (high - low))
    return np.rint(np.clip(scaled, 0, _FULL)).astype(np.uint16)


def write_prepared(path: Path, prepared: Words) -> None:
    """Write prepared depth, uint16 (h, w), as a PNG that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(images.encode_depth(prepared))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_prepared(path: Path) -> Float:
    """Prepared depth as float32 (h, w) in [0, 1], larger is farther.

    Raises:
        UnreadableError: it is missing, or no 16-bit grey PNG.
    """
    try:
        depth = images.decode_depth(path.read_bytes())
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    if depth is None:
        raise UnreadableError("not a 16-bit grey PNG")
    return depth.astype(np.float32) / np.float32(_FULL)


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


def _check_aspect(shape: tuple[int, ...], photo_shape: tuple[int, ...]) -> None:
    (h, w), (height, width) = shape[:2], photo_shape[:2]
    if abs(h * width / (w * height) - 1) > ASPECT_TOLERANCE:
        raise UnreadableError(
            f"a map of {w}×{h} does not fit a photograph of {width}×{height} (width × height)"
        )


def _invert(disparity: Float, valid: NDArray[np.bool_]) -> Float:
    """Depth in units of the nearest, from about 1 to 1 / `NEAREST`; 0 where not valid."""
    nearest = np.float32(np.percentile(disparity[valid], FARTHEST_PERCENTILE))
    relative = np.divide(disparity, nearest, where=valid, out=np.ones_like(disparity))
    return np.where(valid, 1 / np.maximum(relative, np.float32(NEAREST)), np.float32(0))


def _shrink(depth: Float, valid: NDArray[np.bool_]) -> tuple[Float, NDArray[np.bool_]]:
    """Mean of the valid depth in each larger pixel's area, and where there is any."""
    known = np.where(valid, depth, np.float32(0))
    height, width = depth.shape
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return known, valid
    size = max(1, round(width * scale)), max(1, round(height * scale))
    share = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    some = share > 0
    return np.divide(total, share, where=some, out=np.zeros_like(total)), some


def _fill(depth: Float, valid: NDArray[np.bool_]) -> Float:
    if valid.all():
        return depth
    distance, nearest = cv2.distanceTransformWithLabels(
        np.uint8(1) - valid, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value = np.zeros(int(nearest.max()) + 1, np.float32)
    value[nearest[valid]] = depth[valid]
    filled = value[nearest]
    # From wide to narrow, and no wider than the distance to what was measured: no seam at the
    # holes' borders, and single measured points (LiDAR) do not stand out as dots.
    radius = 1 << int(np.log2(max(1.0, float(distance.max()))))
    while radius:
        side = 2 * radius + 1
        smooth = cv2.blur(filled, (side, side), borderType=cv2.BORDER_REPLICATE)
        filled = np.where(distance >= radius, smooth, filled)
        radius //= 2
    return filled
