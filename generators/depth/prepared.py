"""The one form into which depth maps are brought before crops are cut, whatever they come from.

It is a coarse 16-bit PNG per photograph: larger is farther, 0 the photograph's smallest depth,
65535 its 99.9th percentile and all beyond, linear between them.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from generators import images
from generators.depth.crop_depth import NEAREST, quantile
from generators.errors import UnreadableError
from generators.files import beside, write_whole

if TYPE_CHECKING:
    from generators.files import Place

Quantity = Literal["depth", "disparity"]
"""What the numbers of a map are: distance, or its inverse."""
Float = NDArray[np.float32]
Words = NDArray[np.uint16]

LONGEST_SIDE = 1024
ASPECT_TOLERANCE = 0.02
FARTHEST_PERCENTILE = 99.9

_FULL = 65535


def prepare(raw: Float, quantity: Quantity, photo_shape: tuple[int, ...]) -> Words:
    """Bring a depth map into the prepared form (see the module).

    Disparity d becomes depth 1 / max(d, `NEAREST` · its 99.9th percentile): stored depth spans no
    wider ratio, and the noise of the smallest disparities must not set the scale for the rest.
    What is not finite or not above 0 was not measured: it takes the nearest measured depth, then
    is smoothed the more the farther it lies from any. Measured depth stays as it is.

    Args:
        raw: float32 (h, w), any resolution and unit; it covers the whole photograph.
        quantity: `depth`, metric or relative, larger is farther; or `disparity` (inverse depth,
            as from stereo or a relative depth model), larger is nearer.
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
    depth, valid = _shrink(_invert(raw, valid) if quantity == "disparity" else raw, valid)
    measured = depth[valid]
    low, high = float(measured.min()), _farthest(measured)
    # What is constant but for rounding must not have its rounding stretched to the full range.
    if high - low <= 1e-5 * high:
        return np.zeros(depth.shape, np.uint16)
    scaled = (_fill(depth, valid) - np.float32(low)) * np.float32(_FULL / (high - low))
    return np.rint(np.clip(scaled, 0, _FULL)).astype(np.uint16)


def write_prepared(path: Path, prepared: Words) -> None:
    """Write prepared depth, uint16 (h, w), as a PNG that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, images.encode_depth(prepared))


def load_prepared(path: Path) -> Float:
    """Prepared depth as float32 (h, w) in [0, 1], larger is farther; raises as `read_prepared`."""
    return read_prepared(path).astype(np.float32) / np.float32(_FULL)


def read_prepared(path: Path) -> Words:
    """Prepared depth, uint16 (h, w).

    Raises:
        UnreadableError: it is missing, or no 16-bit grey PNG.
    """
    try:
        depth = images.decode_depth(path.read_bytes())
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    if depth is None:
        raise UnreadableError("not a 16-bit grey PNG")
    return depth


def map_hash(prepared: Words) -> str:
    """SHA-256 of prepared depth: the shape and the 16-bit values, not their file."""
    height, width = prepared.shape
    digest = hashlib.sha256(f"{width}×{height} ".encode())
    digest.update(np.ascontiguousarray(prepared, "<u2").data)
    return digest.hexdigest()


def file_name(sha256: str, depth_source: str) -> str:
    """What a photograph's map is called in a cache: by the photograph's hash and the map's source
    or, where a model made it, the model's revision."""
    return f"{sha256}-{depth_source.rpartition('@')[2]}.png"


def cache_of(home: "Place") -> Path:
    """Where the maps of the dataset in the folder `home` are kept."""
    return beside(home, ".depth")


def _check_aspect(shape: tuple[int, ...], photo_shape: tuple[int, ...]) -> None:
    (h, w), (height, width) = shape[:2], photo_shape[:2]
    if abs(h * width / (w * height) - 1) > ASPECT_TOLERANCE:
        raise UnreadableError(
            f"a map of {w}×{h} does not fit a photograph of {width}×{height} (width × height)"
        )


def _invert(disparity: Float, valid: NDArray[np.bool_]) -> Float:
    """Depth in units of the nearest, from about 1 to 1 / `NEAREST`; 0 where not valid."""
    nearest = np.float32(_farthest(disparity[valid]))
    relative = np.divide(disparity, nearest, where=valid, out=np.ones_like(disparity))
    return np.where(valid, 1 / np.maximum(relative, np.float32(NEAREST)), np.float32(0))


def _farthest(values: Float) -> float:
    """Their 99.9th percentile; by steps of our own, for numpy's versions round it differently."""
    return quantile(np.sort(values), FARTHEST_PERCENTILE / 100)


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
