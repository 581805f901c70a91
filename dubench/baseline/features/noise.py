"""The noise of flat regions, by brightness and colour.

A low-light sensor's noise has variance λ_shot·signal + λ_read before the tone curve: how it grows
with brightness tells γ, and its covariance between channels tells the colour matrix, which
nothing else in the picture does (see docs/physics.md). The high-pass residual is Immerkær's
(CVIU 1996, "Fast noise variance estimation").
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.groups import group
from dubench.baseline.features.planes import Planes

# Levels of luma; low light lives below 120.
BRIGHTNESS = np.array([4, 10, 18, 28, 40, 56, 80, 120])
BINS = len(BRIGHTNESS) + 1
COUNT = BINS * 7 + 5 + BINS * 4 + 5
_BIN_OF = np.searchsorted(BRIGHTNESS, np.arange(256), side="right").astype(np.uint8)
_ENLARGED = 6
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_FLOOR = 1e-2  # levels²; rounding alone is 1/12
FLAT = 0.7  # a flat pixel's slope, of the mean slope at its brightness
_LEAST = 24  # pixels of a bin that count


def measure(planes: Planes) -> NDArray[np.float64]:
    """COUNT numbers: log variances (levels²) and correlations at full and at half size."""
    # Whole numbers of 16 bits hold the residual of bytes, six times enlarged, exactly.
    fine = _covariances([_residual(plane, cv2.CV_16S) for plane in planes.channels], planes.luma)
    half = [
        cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for plane in planes.floats
    ]
    luma = cv2.cvtColor(cv2.merge(half), cv2.COLOR_RGB2GRAY)
    coarse = _covariances([_residual(plane, cv2.CV_32F) for plane in half], luma)
    return np.concatenate([fine[0].ravel(), fine[1], coarse[0][:, :4].ravel(), coarse[1]])


def _residual(plane: NDArray, depth: int) -> NDArray:
    """Six times the high-pass residual: second differences along both axes."""
    return cv2.Sobel(plane, depth, 2, 2, ksize=3)


def _covariances(
    residuals: Sequence[NDArray], luma: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per bin of brightness share, log variances, correlations (BINS, 7); of all bins (5,).

    Args:
        residuals: (H, W) of each channel, six times enlarged.
        luma: (H, W).
    """
    smooth = cv2.blur(luma, (5, 5))
    down, across = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((0, 1), (1, 0)))
    slope = np.abs(down, out=down)
    slope += np.abs(across, out=across)
    bins = group(cv2.LUT(smooth.astype(np.uint8), _BIN_OF), BINS)
    slopes = bins.take(slope)
    typical = bins.sums(slopes) / np.maximum(bins.counts, 1)
    bounds = (FLAT * typical).astype(np.float32)
    flat = bins.keep(slopes <= bounds.repeat(bins.counts))
    channels = [flat.take(plane).astype(np.float32) for plane in residuals]
    products = np.stack([channels[i] * channels[j] for i, j in _PAIRS])
    sums = flat.sums(products).T / _ENLARGED**2
    whole = sums.sum(0) / max(len(flat.order), 1)
    enough = flat.counts >= _LEAST
    means = np.where(enough[:, None], sums / np.maximum(flat.counts, 1)[:, None], whole)
    shares = (bins.counts / luma.size)[:, None]
    return np.hstack([shares, _logs(means)]), _colour(sums, flat.counts * enough)


def _logs(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log variances and correlations of rows RR, GG, BB, RG, RB, GB."""
    variance = covariance[:, :3] + _FLOOR
    root = np.sqrt(variance)
    correlations = covariance[:, 3:] / (root[:, [0, 0, 1]] * root[:, [1, 2, 2]])
    return np.hstack([np.log(variance), correlations])


def _colour(sums: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log ratios red/green, blue/green and correlations, the bins brought to one variance."""
    used = sizes > 0
    if not used.any():
        return np.zeros(5)
    green = sums[used, 1:2] / sizes[used, None] + _FLOOR
    pooled = (sums[used] / green).sum(0, keepdims=True) / sizes[used].sum()
    logs = _logs(pooled)[0]
    return np.array([logs[0] - logs[1], logs[2] - logs[1], *logs[3:]])
