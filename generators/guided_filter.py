"""The guided filter: smooths one image while keeping the edges of another.

He, Sun & Tang, "Guided Image Filtering", ECCV 2010 / TPAMI 35(6), 2013. It snaps coarse depth to
a photograph's edges here, and refines transmission maps in the restorer.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def guided_filter(guide: Float, source: Float, radius: int, eps: float) -> Float:
    """Filter `source` so that within every window it is an affine function of `guide`.

    Args:
        guide: float32 (H, W) or (H, W, 3) in [0, 1]. A colour guide sees edges between colours of
            equal luma, at about four times the cost.
        source: float32 (H, W), any range and unit; the result has the same.
        radius: half-width of the square windows in pixels, >= 1: 2·radius + 1 on a side. Windows
            are cut at the border and their means divide by the pixels that remain.
        eps: penalty on the slope, in squared guide units, > 0: guide variation of variance well
            below `eps` is smoothed over, well above it is kept.

    Returns:
        float32 (H, W): q = mean(a)·guide + mean(b), TPAMI eq. 5, 6, 8 (grey) and 14–16 (colour).

    Raises:
        ValueError: shapes that do not match, a radius below 1, or eps not above 0.
    """
    if source.ndim != 2 or guide.shape[:2] != source.shape or guide.shape[2:] not in ((), (3,)):
        raise ValueError(f"guide {guide.shape} does not fit source {source.shape}")
    if radius < 1 or not eps > 0:
        raise ValueError(f"radius {radius} must be at least 1 and eps {eps} above 0")
    # E[xy] - E[x]E[y] cancels badly in float32 when means are large: centre both first.
    shift = float(cv2.mean(source)[0])
    centred = np.asarray(source, np.float32) - np.float32(shift)
    colours = np.asarray(guide, np.float32) - np.float32(0.5)
    if colours.ndim == 2:
        result = _grey(colours, centred, radius, eps)
    else:
        result = _colour(colours, centred, radius, eps)
    return cv2.add(result, shift)  # type: ignore[return-value]


def _grey(guide: Float, source: Float, radius: int, eps: float) -> Float:
    mean_i, mean_p = _mean(guide, radius), _mean(source, radius)
    covariance = _mean(guide * source, radius) - mean_i * mean_p
    variance = _mean(guide * guide, radius) - mean_i * mean_i
    # Rounding may leave a flat window's variance just below zero, which a tiny eps would not mend.
    a = covariance / (np.maximum(variance, 0) + np.float32(eps))
    b = mean_p - a * mean_i
    return _mean(a, radius) * guide + _mean(b, radius)


def _colour(guide: Float, source: Float, radius: int, eps: float) -> Float:
    """One slope per channel: a = (Σ + eps·1)⁻¹ cov(guide, source), Σ the 3×3 window covariance."""
    channels = cv2.split(guide)
    means = [_mean(c, radius) for c in channels]
    mean_p = _mean(source, radius)
    cov = [_mean(c * source, radius) - m * mean_p for c, m in zip(channels, means, strict=True)]

    def sigma(i: int, j: int) -> Float:
        spread = _mean(channels[i] * channels[j], radius) - means[i] * means[j]
        return np.maximum(spread, 0) + np.float32(eps) if i == j else spread

    rr, rg, rb = sigma(0, 0), sigma(0, 1), sigma(0, 2)
    gg, gb, bb = sigma(1, 1), sigma(1, 2), sigma(2, 2)
    # Cholesky, Σ = L·Lᵀ without roots (LDLᵀ): unlike cofactors it does not cancel in float32.
    l_gr, l_br = rg / rr, rb / rr
    d_g = np.maximum(gg - l_gr * rg, np.float32(eps))
    l_bg = (gb - l_gr * rb) / d_g
    d_b = np.maximum(bb - l_br * rb - l_bg * l_bg * d_g, np.float32(eps))
    y_g = cov[1] - l_gr * cov[0]
    y_b = cov[2] - l_br * cov[0] - l_bg * y_g
    a_b = y_b / d_b
    a_g = y_g / d_g - l_bg * a_b
    a_r = cov[0] / rr - l_gr * a_g - l_br * a_b

    slopes = (a_r, a_g, a_b)
    result = mean_p
    for a, m in zip(slopes, means, strict=True):
        result = result - a * m
    result = _mean(result, radius)
    for a, c in zip(slopes, channels, strict=True):
        result += _mean(a, radius) * c
    return result


def _mean(image: Float, radius: int) -> Float:
    """Window means over the pixels inside the image; OpenCV sums in float64."""
    side = (2 * radius + 1, 2 * radius + 1)
    total = cv2.boxFilter(image, -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return cv2.multiply(total, _inverse_count(*image.shape, radius))  # type: ignore[return-value]


@lru_cache(maxsize=16)
def _inverse_count(height: int, width: int, radius: int) -> Float:
    """One over the number of pixels of each window that lie inside the image."""
    rows, columns = (
        np.minimum(np.arange(n) + radius, n - 1) - np.maximum(np.arange(n) - radius, 0) + 1
        for n in (height, width)
    )
    inverse: Float = (1.0 / np.outer(rows, columns)).astype(np.float32)
    inverse.flags.writeable = False
    return inverse
