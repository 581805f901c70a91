"""Depth of a photograph cut to a crop of it, and stored as 16 bits.

Everywhere larger is farther. Until `store` normalises it, depth is in arbitrary units.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.depth.guided_filter import upsample

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]

NEAREST = 0.05
"""Stored depth of a crop's 1st percentile and all that is nearer; its 99th is stored as 1."""

_FULL = 65535
_SIDE = 128  # of the pixels that a map's percentiles are taken from, or up to twice that


def fit(
    depth: Float,
    box: tuple[int, int, int, int],
    photo_shape: tuple[int, ...],
    crop: Bytes,
    *,
    snap: bool,
) -> Float:
    """The part of a photograph's depth map that belongs to a crop of it, at the crop's size.

    A map finer than the crop is averaged over each pixel's area, as the photograph's colours are:
    at an occlusion the pixel mixes both surfaces, and so does its transmission. A nearest sample
    would draw a jagged edge of fog along a smooth edge of colour. A coarser map is interpolated.

    Args:
        depth: float32 (h, w), any resolution; it covers the whole photograph.
        box: x, y, width, height of the crop in the photograph, in pixels.
        photo_shape: (H, W, …) of the photograph.
        crop: uint8 (R, S, 3) RGB, the photograph's box, resized.
        snap: follow the crop's edges by the guided filter. For guessed depth, whose edges are
            soft; exact depth is to be left alone.

    Returns:
        float32 (R, S), in the unit of `depth`.

    Raises:
        ValueError: the box is empty or leaves the photograph.
    """
    rows, columns = crop.shape[:2]
    if not snap:
        return sample(depth, box, photo_shape, (rows, columns))
    # Half the resolution: the depth is soft, and the edges are those of the crop itself.
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    framed = cv2.copyMakeBorder(grey, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(framed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    cut = sample(depth, box, photo_shape, half.shape)
    guide, small = (np.multiply(image, 1 / 255, dtype=np.float32) for image in (grey, half))
    return upsample(guide, small, cut, radius=max(1, min(rows, columns) // 64), eps=1e-3)


def sample(
    depth: Float,
    box: tuple[int, int, int, int],
    photo_shape: tuple[int, ...],
    shape: tuple[int, ...],
) -> Float:
    """The box of a photograph's depth map at `shape`, as `fit` without its edges.

    Raises:
        ValueError: the box is empty or leaves the photograph.
    """
    (x, y, wide, high), (rows, columns) = box, shape
    height, width = photo_shape[:2]
    if min(x, y) < 0 or min(wide, high) < 1 or x + wide > width or y + high > height:
        raise ValueError(f"box {box} leaves the photograph of {width}×{height} pixels")
    per_x, per_y = depth.shape[1] / width, depth.shape[0] / height
    left, top, across, down = x * per_x, y * per_y, wide * per_x, high * per_y
    if across > columns and down > rows:
        inside = depth[round(top) : round(top + down), round(left) : round(left + across)]
        area = cv2.resize(inside, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(area, np.float32)
    return _interpolate(depth, (left, top), (across / columns, down / rows), (columns, rows))


def store(depth: Float) -> Words:
    """A crop's depth as it is stored: normalised to its own range, in 16 bits.

    The 1st percentile maps to `NEAREST` and the 99th to 1, linearly, and what lies outside is
    clipped there; constant depth becomes 1. Times 65535, rounded half to even.

    Args:
        depth: float32 (S, S), finite, larger is farther.

    Returns:
        uint16 (S, S), from 3277 (`NEAREST`) to 65535.

    Raises:
        ValueError: a value is not finite.
    """
    # A quarter of a large map's pixels give its percentiles. Sorting is faster than partition.
    step = max(1, min(depth.shape) // _SIDE)
    ordered = np.sort(depth[::step, ::step], axis=None)
    if not np.isfinite(ordered[[0, -1]]).all():
        raise ValueError("depth holds values that are not finite")
    low, high = np.float32(quantile(ordered, 0.01)), np.float32(quantile(ordered, 0.99))
    # What is constant but for rounding must not have its rounding stretched to the full range.
    if high - low <= 1e-5 * max(abs(low), abs(high)):
        return np.full(depth.shape, _FULL, np.uint16)
    scaled = np.clip(depth, low, high)
    scaled -= low
    scaled /= high - low
    scaled *= np.float32((1 - NEAREST) * _FULL)
    scaled += np.float32(NEAREST * _FULL)
    return np.rint(scaled, out=scaled).astype(np.uint16)


def load(depth16: Words) -> Float:
    """Stored depth, uint16 of any shape, as float32 in [0, 1]."""
    return depth16.astype(np.float32) / np.float32(_FULL)


def quantile(ordered: Float, share: float) -> float:
    """The value at `share` ∈ [0, 1] of sorted ones (n,), linear between the two nearest ranks."""
    place = share * (ordered.size - 1)
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    first, second = float(ordered[below]), float(ordered[above])
    return first + (place - below) * (second - first)


def _interpolate(
    depth: Float, corner: tuple[float, float], step: tuple[float, float], size: tuple[int, int]
) -> Float:
    """Bilinear samples at the centres of cells of `step` from `corner`, the border repeated."""
    (left, top), (step_x, step_y) = corner, step
    above, below, share = _neighbours(top, step_y, size[1], depth.shape[0])
    rows = depth[below] - depth[above]
    rows *= share[:, None]
    rows += depth[above]
    above, below, share = _neighbours(left, step_x, size[0], depth.shape[1])
    first = rows.take(above, axis=1)
    cut = rows.take(below, axis=1)
    cut -= first
    cut *= share
    cut += first
    return cut


def _neighbours(
    start: float, step: float, count: int, n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Float]:
    """Of n samples, the two beside each of `count` places, and the second's weight."""
    places = np.clip(start + (np.arange(count) + 0.5) * step - 0.5, 0, n - 1)
    above = places.astype(np.int64)
    return above, np.minimum(above + 1, n - 1), (places - above).astype(np.float32)
