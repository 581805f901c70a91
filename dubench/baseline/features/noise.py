"""The noise of flat regions, by brightness and colour.

A low-light sensor's noise has variance λ_shot·signal + λ_read before the tone curve: how it grows
with brightness tells γ, and its covariance between channels tells the colour matrix, which
nothing else in the picture does (see docs/physics.md). The high-pass residual is Immerkær's
(CVIU 1996, "Fast noise variance estimation").
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

# Levels of luma; low light lives below 120.
BRIGHTNESS = np.array([4, 10, 18, 28, 40, 56, 80, 120])
BINS = len(BRIGHTNESS) + 1
COUNT = BINS * 7 + 5 + BINS * 4 + 5
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
_BIN_OF = np.searchsorted(BRIGHTNESS, np.arange(256), side="right")
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_FLOOR = 1e-2  # levels²; rounding alone is 1/12
FLAT = 0.7  # a flat pixel's slope, of the mean slope at its brightness
_LEAST = 24  # pixels of a bin that count


def measure(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """COUNT numbers: log variances (levels²) and correlations at full and at half size."""
    pixels = image.astype(np.float32)
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    fine, coarse = _covariances(pixels), _covariances(half)
    return np.concatenate([fine[0].ravel(), fine[1], coarse[0][:, :4].ravel(), coarse[1]])


def _covariances(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per bin of brightness share, log variances, correlations (BINS, 7); of all bins (5,)."""
    residual = np.stack([plane.ravel() for plane in cv2.split(cv2.filter2D(pixels, -1, _KERNEL))])
    smooth = cv2.blur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (5, 5))
    down, across = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((0, 1), (1, 0)))
    slope = (np.abs(down) + np.abs(across)).ravel()
    bins = _BIN_OF.take(smooth.astype(np.uint8)).ravel()
    counts = np.bincount(bins, minlength=BINS)
    typical = np.bincount(bins, slope, BINS) / np.maximum(counts, 1)
    flat = np.flatnonzero(slope <= (FLAT * typical).astype(np.float32).take(bins))
    flat = flat[np.argsort(bins.take(flat).astype(np.uint8), kind="stable")]
    ends = np.searchsorted(bins.take(flat), np.arange(BINS + 1))
    sums = np.zeros((BINS, len(_PAIRS)))
    for number, (start, end) in enumerate(pairwise(ends)):
        part = residual.take(flat[start:end], axis=1)
        sums[number] = (part @ part.T)[tuple(zip(*_PAIRS, strict=True))]
    sizes = np.diff(ends)
    whole = sums.sum(0) / max(len(flat), 1)
    enough = sizes >= _LEAST
    means = np.where(enough[:, None], sums / np.maximum(sizes, 1)[:, None], whole)
    return np.column_stack([counts / slope.size, _logs(means)]), _colour(sums, sizes * enough)


def _logs(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log variances and correlations of rows RR, GG, BB, RG, RB, GB."""
    variance = covariance[:, :3] + _FLOOR
    root = np.sqrt(variance)
    correlations = [
        covariance[:, column] / (root[:, i] * root[:, j])
        for column, (i, j) in enumerate(_PAIRS[3:], start=3)
    ]
    return np.column_stack([np.log(variance), *correlations])


def _colour(sums: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log ratios red/green, blue/green and correlations, the bins brought to one variance."""
    used = sizes > 0
    if not used.any():
        return np.zeros(5)
    green = sums[used, 1:2] / sizes[used, None] + _FLOOR
    pooled = (sums[used] / green).sum(0, keepdims=True) / sizes[used].sum()
    logs = _logs(pooled)[0]
    return np.array([logs[0] - logs[1], logs[2] - logs[1], *logs[3:]])
