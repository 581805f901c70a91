"""The guided filter: smooths one image while keeping the edges of another.

He, Sun & Tang, "Guided Image Filtering", ECCV 2010 / TPAMI 35(6), 2013. It snaps coarse depth to
a photograph's edges here, and refines transmission maps in the restorer.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.resampling import doubled

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
    channels, slopes, offset, shift = _lines(guide, source, radius, eps)
    return _along(channels, slopes, offset, shift)


def upsample(guide: Float, small_guide: Float, source: Float, radius: int, eps: float) -> Float:
    """The guided filter at half the resolution, brought to that of `guide`.

    The lines of every window are found on the small images, interpolated, and followed by the
    large guide: its edges stay as sharp (He & Sun, "Fast Guided Filter", arXiv 1505.00996).

    Args:
        guide: float32 (H, W) in [0, 1].
        small_guide: (⌈H/2⌉, ⌈W/2⌉), the same reduced.
        source: float32, of `small_guide`'s shape.
        radius, eps: as `guided_filter`, the radius in pixels of the small images.

    Returns:
        float32 (H, W), in the unit of `source`.

    Raises:
        ValueError: as `guided_filter`.
    """
    _, slopes, offset, shift = _lines(small_guide, source, radius, eps)
    shape = guide.shape
    return _along(
        [guide - np.float32(0.5)],
        [doubled(s)[: shape[0], : shape[1]] for s in slopes],
        doubled(offset)[: shape[0], : shape[1]],
        shift,
    )


def _lines(
    guide: Float, source: Float, radius: int, eps: float
) -> tuple[list[Float], list[Float], Float, np.float32]:
    """The centred guide's channels, each one's mean slope, the mean offset, and the shift."""
    if source.ndim != 2 or guide.shape[:2] != source.shape or guide.shape[2:] not in ((), (3,)):
        raise ValueError(f"guide {guide.shape} does not fit source {source.shape}")
    if radius < 1 or not eps > 0:
        raise ValueError(f"radius {radius} must be at least 1 and eps {eps} above 0")
    # E[xy] − E[x]·E[y] cancels badly in float32 when means are large: centre both first, about a
    # median, which unlike a mean no order of summation can change.
    some = np.sort(source[::8, ::8], axis=None).astype(np.float32)
    shift = some[some.size // 2]
    centred = np.asarray(source, np.float32) - shift
    colours = np.asarray(guide, np.float32) - np.float32(0.5)
    solve = _grey if colours.ndim == 2 else _colour
    return (*solve(colours, centred, radius, eps), shift)


def _along(channels: list[Float], slopes: list[Float], offset: Float, shift: np.float32) -> Float:
    """Σ slope·channel + offset + shift. Overwrites slopes and offset."""
    for slope, channel in zip(slopes, channels, strict=True):
        slope *= channel
        offset += slope
    offset += shift
    return offset


def _grey(
    guide: Float, source: Float, radius: int, eps: float
) -> tuple[list[Float], list[Float], Float]:
    # In place throughout: fresh 256 KB arrays cost more than the arithmetic done on them.
    mean_i, mean_p = _mean(guide, radius), _mean(source, radius)
    a = _covariance(guide, source, mean_i, mean_p, radius)
    a /= _variance(guide, mean_i, radius, eps)
    mean_p -= np.multiply(a, mean_i, out=mean_i)
    return [guide], [_mean(a, radius)], _mean(mean_p, radius)


def _colour(
    guide: Float, source: Float, radius: int, eps: float
) -> tuple[list[Float], list[Float], Float]:
    """One slope per channel: a = (Σ + eps·1)⁻¹ cov(guide, source), Σ the 3×3 window covariance."""
    r, g, b = channels = [np.asarray(c, np.float32) for c in cv2.split(guide)]
    mean_r, mean_g, mean_b = means = [_mean(c, radius) for c in channels]
    mean_p = _mean(source, radius)

    # Σ = L·D·Lᵀ, column by column: unlike the cofactors, it does not cancel in float32.
    d_r = _variance(r, mean_r, radius, eps)
    d_g = _variance(g, mean_g, radius, eps)
    d_b = _variance(b, mean_b, radius, eps)
    rg = _covariance(r, g, mean_r, mean_g, radius)
    rb = _covariance(r, b, mean_r, mean_b, radius)
    gb = _covariance(g, b, mean_g, mean_b, radius)
    l_gr, l_br = rg / d_r, rb / d_r
    d_g = np.maximum(d_g - l_gr * rg, np.float32(eps))
    gb -= l_gr * rb
    l_bg = gb / d_g
    d_b = np.maximum(d_b - l_br * rb - l_bg * gb, np.float32(eps))

    # Forward substitution, then backward.
    a_r, a_g, a_b = (
        _covariance(c, source, m, mean_p, radius) for c, m in zip(channels, means, strict=True)
    )
    a_g -= l_gr * a_r
    a_b -= l_br * a_r + l_bg * a_g
    a_b /= d_b
    a_g /= d_g
    a_g -= l_bg * a_b
    a_r /= d_r
    a_r -= l_gr * a_g + l_br * a_b

    for a, mean in zip((a_r, a_g, a_b), means, strict=True):
        mean_p -= np.multiply(a, mean, out=mean)
    return channels, [_mean(a, radius) for a in (a_r, a_g, a_b)], _mean(mean_p, radius)


def _variance(x: Float, mean_x: Float, radius: int, eps: float) -> Float:
    """Window variance plus eps; never below eps, where rounding would leave it."""
    result = _covariance(x, x, mean_x, mean_x, radius)
    np.clip(result, np.float32(0), np.float32(np.inf), out=result)  # thrice as fast as maximum
    result += np.float32(eps)
    return result


def _covariance(x: Float, y: Float, mean_x: Float, mean_y: Float, radius: int) -> Float:
    result = _mean(x * y, radius)
    result -= mean_x * mean_y
    return result


def _mean(image: Float, radius: int) -> Float:
    """Window means over the pixels inside the image; OpenCV sums in float64."""
    side = (2 * radius + 1, 2 * radius + 1)
    total = np.empty_like(image)
    cv2.boxFilter(image, -1, side, total, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.multiply(total, _inverse_count(*image.shape, radius), out=total)


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
