"""Depth guessed from a photograph, for photographs that come with none. Larger is farther."""

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.depth.guided_filter import guided_filter
from generators.operators import inverse
from generators.resampling import enlarge, exact_mean

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_LONGEST_SIDE = 144


def guess(photo: Bytes, rng: np.random.Generator) -> Float:
    """A plausible depth map of a whole photograph, for photographs that come with none.

    Layout: a ground plane that recedes to a horizon, rising sides, smooth relief. The photograph
    moves it: what is smooth and connected to the top is sky or backdrop, and far; what stands out
    from the borders and has detail is a subject, and near. Then it is snapped to the photograph's
    edges. It makes fog look like fog; it measures nothing.

    Args:
        photo: uint8 (H, W, 3) RGB.
        rng: draws the layout. The same photograph and generator state give the same depth.

    Returns:
        float32 (h, w): the photograph's shape brought to a longest side of at most 144 pixels.

    Raises:
        ValueError: the photograph is not uint8 (H, W, 3).
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise ValueError(f"expected uint8 (H, W, 3), got {photo.dtype} {photo.shape}")
    small = _shrink(photo)
    colour = small.astype(np.float32)
    colour *= np.float32(1 / 255)
    detail = _detail(colour)
    backdrop = _backdrop(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), detail)
    closeness = _layout(backdrop, rng)
    closeness += _subject(small, detail)
    closeness *= 1 - backdrop
    # An open view spans a wide ratio of distances, a close-up a narrow one.
    closeness += np.float32(0.9 - min(0.5, 1.5 * exact_mean(backdrop)))
    depth = np.reciprocal(closeness, out=closeness)
    return guided_filter(colour, depth, radius=max(2, max(depth.shape) // 24), eps=4e-4)


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
    red, green, blue = cv2.split(dx * dx + dy * dy)
    squared = (red + green + blue) * np.float32(1 / 3)
    return np.asarray(cv2.blur(np.sqrt(squared), (3, 3)), np.float32)


def _backdrop(luma: Bytes, detail: Float) -> Float:
    """How surely, from 0 to 1, each pixel is sky or an open background."""
    height, width = detail.shape
    smooth = (detail < 0.018).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    along_top = np.bincount(labels[0], minlength=count) / width
    surety = np.clip((along_top - 0.05) / 0.25, 0, 1)
    surety *= np.clip((area / labels.size - 0.03) / 0.1, 0, 1)
    brightness = np.bincount(labels.ravel(), luma.ravel(), count) / np.maximum(area, 1)
    surety *= np.clip(0.4 + 0.5 * brightness / max(float(luma.mean()), 0.25), 0, 1)
    surety[0] = 0  # label 0 is what is not smooth
    backdrop = surety.astype(np.float32)[labels]
    # What hangs above sky without much detail is cloud, not a thing on the ground.
    above_sky = np.maximum.accumulate(backdrop[::-1])[::-1]
    backdrop = np.maximum(backdrop, above_sky * np.float32(0.03) / (np.float32(0.03) + detail))
    # Close wires and twigs, and give back the rim that the local mean took from the sky.
    backdrop = cv2.dilate(backdrop, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    backdrop = cv2.erode(backdrop, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    # A backdrop that reaches the bottom is also the floor there.
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    return np.asarray(backdrop * np.clip((np.float32(0.9) - rows) / np.float32(0.4), 0, 1))


def _subject(small: Bytes, detail: Float) -> Float:
    """How surely, from 0 to 1, a pixel is of a subject: unlike the borders, detailed, central."""
    height, width = detail.shape
    edge = max(1, min(height, width) // 16)
    strips = (small[:edge], small[:, :edge], small[:, -edge:])
    border = np.concatenate([strip.reshape(-1, 3) for strip in strips]).astype(np.float64)
    mean = border.mean(axis=0)
    # Sums of products of levels are whole numbers: exact, in whatever order.
    covariance = border.T @ border / len(border) - mean[:, None] * mean
    contrast = _mahalanobis(small, mean, covariance + 0.01 * 255**2 * np.eye(3)) / np.float32(3)
    evidence = contrast / np.sqrt(1 + contrast * contrast) * detail / (np.float32(0.02) + detail)
    side = 2 * (max(height, width) // 24) + 1
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    across, down = (np.exp(-e * e).astype(np.float32) for e in (x / 0.6, (y - 0.15) / 0.7))
    centre = across * down
    return np.asarray(cv2.blur(evidence, (side, side)) * centre, np.float32)


def _mahalanobis(image: Bytes, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> Float:
    """√(dᵀ·C⁻¹·d) of each pixel's d from the mean: one operation at a time, as on every CPU."""
    planes = [p - np.float32(m) for p, m in zip(cv2.split(image), mean, strict=True)]
    precision = inverse(covariance).astype(np.float32)
    squared = np.zeros(image.shape[:2], np.float32)
    for i, one in enumerate(planes):
        for j, other in enumerate(planes):
            squared += one * other * precision[i, j]
    return np.sqrt(np.maximum(squared, 0))


def _layout(backdrop: Float, rng: np.random.Generator) -> Float:
    """Inverse distance, > 0: a ground below the horizon, and what rises above it and aside."""
    height, width = backdrop.shape
    sky = np.sort(np.count_nonzero(backdrop > 0.3, axis=0))
    lowest_sky = float(sky[int(0.8 * width)]) / height
    horizon = lowest_sky + rng.uniform(0, 0.08) if lowest_sky > 0.1 else rng.uniform(-0.2, 0.3)
    horizon = min(horizon, 0.7)
    vanishing, aside, above = rng.uniform((0.25, 0, 0.2), (0.75, 0.5, 0.6))
    relief = np.exp(0.2 * rng.standard_normal((4, 5))).astype(np.float32)
    y = np.linspace(0, 1, height) - horizon
    x = np.linspace(0, 1, width) - vanishing
    vertical = np.where(y > 0, y * (1.5 / (1 - horizon)), -y * above)
    plane: Float = vertical.astype(np.float32)[:, None] + np.abs(aside * x).astype(np.float32)
    plane *= enlarge(relief, height, width)
    return plane
