"""Depth for haze: guessed from a photograph, cut to a crop, and stored as 16 bits.

Everywhere larger is farther. Until `store` normalises it, depth is in arbitrary units.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.depth.guided_filter import guided_filter

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]

NEAREST = 0.05
"""Stored depth of a crop's 1st percentile and all that is nearer; its 99th is stored as 1."""

_LONGEST_SIDE = 256
_FULL = 65535


def procedural(photo: Bytes, rng: np.random.Generator) -> Float:
    """A plausible depth map of a whole photograph, for photographs that come with none.

    Layout: a ground plane that recedes to a horizon, rising sides, smooth relief. The photograph
    moves it: what is smooth and connected to the top is sky or backdrop, and far; what stands out
    from the borders and has detail is a subject, and near. Then it is snapped to the photograph's
    edges. It makes fog look like fog; it measures nothing.

    Args:
        photo: uint8 (H, W, 3) RGB.
        rng: draws the layout. The same photograph and generator state give the same depth.

    Returns:
        float32 (h, w): the photograph's shape brought to a longest side of at most 256 pixels.

    Raises:
        ValueError: the photograph is not uint8 (H, W, 3).
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise ValueError(f"expected uint8 (H, W, 3), got {photo.dtype} {photo.shape}")
    colour = _shrink(photo).astype(np.float32)
    colour *= np.float32(1 / 255)
    detail = _detail(colour)
    backdrop = _backdrop(colour, detail)
    closeness = _layout(backdrop, rng)
    closeness += _subject(colour, detail)
    closeness *= 1 - backdrop
    # An open view spans a wide ratio of distances, a close-up a narrow one.
    closeness += np.float32(0.9 - min(0.5, 1.5 * float(backdrop.mean())))
    depth = np.reciprocal(closeness, out=closeness)
    return guided_filter(colour, depth, radius=max(2, max(depth.shape) // 24), eps=4e-4)


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
    (x, y, wide, high), (rows, columns) = box, crop.shape[:2]
    height, width = photo_shape[:2]
    if min(x, y) < 0 or min(wide, high) < 1 or x + wide > width or y + high > height:
        raise ValueError(f"box {box} leaves the photograph of {width}×{height} pixels")
    per_x, per_y = depth.shape[1] / width, depth.shape[0] / height
    left, top, across, down = x * per_x, y * per_y, wide * per_x, high * per_y
    if across > columns and down > rows:
        inside = depth[round(top) : round(top + down), round(left) : round(left + across)]
        cut = _resize(inside, rows, columns, cv2.INTER_AREA)
    else:
        cut = _interpolate(depth, (left, top), (across / columns, down / rows), (columns, rows))
    if not snap:
        return cut
    guide = np.multiply(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), 1 / 255, dtype=np.float32)
    return guided_filter(guide, cut, radius=max(1, min(rows, columns) // 32), eps=1e-3)


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
    ordered = np.sort(depth, axis=None)  # vectorised: faster than numpy's partition
    if not np.isfinite(ordered[[0, -1]]).all():
        raise ValueError("depth holds values that are not finite")
    low, high = np.float32(_quantile(ordered, 0.01)), np.float32(_quantile(ordered, 0.99))
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


def _quantile(ordered: Float, share: float) -> float:
    """Linear between the two nearest ranks, as numpy's percentile."""
    place = share * (ordered.size - 1)
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    first, second = float(ordered[below]), float(ordered[above])
    return first + (place - below) * (second - first)


def _resize(image: Float, height: int, width: int, interpolation: int) -> Float:
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.float32)


def _interpolate(
    depth: Float, corner: tuple[float, float], step: tuple[float, float], size: tuple[int, int]
) -> Float:
    """Bilinear samples at the centres of cells of `step` from `corner`, the border repeated."""
    (left, top), (step_x, step_y) = corner, step
    to_depth = np.array([[step_x, 0, left + step_x / 2 - 0.5], [0, step_y, top + step_y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(depth, to_depth, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)


def _shrink(photo: Bytes) -> Bytes:
    height, width = photo.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    result: Bytes = photo
    if scale < 0.5:
        # By area, OpenCV is fast only at whole factors: sample to twice the size, then halve.
        # The sampling may alias a little, which a guess of depth survives.
        result = np.asarray(cv2.resize(result, (2 * w, 2 * h)), np.uint8)
    return np.asarray(cv2.resize(result, (w, h), interpolation=cv2.INTER_AREA), np.uint8)


def _detail(colour: Float) -> Float:
    """Local mean of the colour gradient's magnitude, per pixel."""
    dx = cv2.Sobel(colour, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(colour, cv2.CV_32F, 0, 1, scale=1 / 8)
    squared = cv2.transform(dx * dx + dy * dy, np.full((1, 3), 1 / 3))
    return np.asarray(cv2.blur(np.sqrt(squared), (5, 5)), np.float32)


def _backdrop(colour: Float, detail: Float) -> Float:
    """How surely, from 0 to 1, each pixel is sky or an open background."""
    height, width = detail.shape
    smooth = (detail < 0.018).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    along_top = np.bincount(labels[0], minlength=count) / width
    surety = np.clip((along_top - 0.05) / 0.25, 0, 1)
    surety *= np.clip((area / labels.size - 0.03) / 0.1, 0, 1)
    luma = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    brightness = np.bincount(labels.ravel(), luma.ravel(), count) / np.maximum(area, 1)
    surety *= np.clip(0.4 + 0.5 * brightness / max(float(luma.mean()), 1e-3), 0, 1)
    surety[0] = 0  # label 0 is what is not smooth
    found = surety.astype(np.float32)[labels]
    # What hangs above sky without much detail is cloud, not a thing on the ground.
    above_sky = np.maximum.accumulate(found[::-1])[::-1]
    found = np.maximum(found, above_sky * np.float32(0.03) / (np.float32(0.03) + detail))
    # Close wires and twigs, and give back the rim that the local mean took from the sky.
    found = cv2.dilate(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    found = cv2.erode(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    # A backdrop that reaches the bottom is also the floor there.
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    return np.asarray(found * np.clip((np.float32(0.9) - rows) / np.float32(0.4), 0, 1))


def _subject(colour: Float, detail: Float) -> Float:
    """How surely, from 0 to 1, a pixel is of a subject: unlike the borders, detailed, central."""
    height, width = detail.shape
    edge = max(1, min(height, width) // 16)
    strips = (colour[:edge], colour[:, :edge], colour[:, -edge:])
    border = np.concatenate([strip.reshape(-1, 3) for strip in strips])
    mean = border.mean(axis=0)
    covariance = np.cov(border, rowvar=False) + 0.01 * np.eye(3)
    whiten = np.linalg.cholesky(np.linalg.inv(covariance)).T  # Mahalanobis distance becomes L2
    unlike = cv2.transform(colour, np.column_stack([whiten, -whiten @ mean]))
    contrast = np.sqrt(cv2.transform(unlike * unlike, np.ones((1, 3))))
    evidence = np.tanh(contrast / 3) * detail / (np.float32(0.02) + detail)
    side = 2 * (max(height, width) // 24) + 1
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    centre = np.exp(-((x / 0.6) ** 2)) * np.exp(-(((y - 0.15) / 0.7) ** 2))
    return np.asarray(cv2.blur(evidence, (side, side)) * centre, np.float32)


def _layout(backdrop: Float, rng: np.random.Generator) -> Float:
    """Inverse distance, > 0: a ground below the horizon, and what rises above it and aside."""
    height, width = backdrop.shape
    lowest_sky = float(np.quantile((backdrop > 0.3).mean(axis=0), 0.8))
    horizon = lowest_sky + rng.uniform(0, 0.08) if lowest_sky > 0.1 else rng.uniform(-0.2, 0.3)
    horizon = min(horizon, 0.7)
    vanishing, aside, above = rng.uniform((0.25, 0, 0.2), (0.75, 0.5, 0.6))
    relief = rng.standard_normal((4, 5)).astype(np.float32)
    y = np.linspace(0, 1, height) - horizon
    x = np.linspace(0, 1, width) - vanishing
    vertical = np.where(y > 0, y * (1.5 / (1 - horizon)), -y * above)
    plane: Float = vertical.astype(np.float32)[:, None] + np.abs(aside * x).astype(np.float32)
    plane *= np.exp(np.float32(0.2) * _resize(relief, height, width, cv2.INTER_CUBIC))
    return plane
