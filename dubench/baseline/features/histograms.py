"""Quantiles of 8-bit pictures from their histogram: much faster than sorting."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_BOUNDS = np.arange(257) - 0.5
# A little slope makes the cumulated shares invertible where levels are empty.
_SLOPE = np.linspace(0, 1e-9, 257)


def histogram(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of the pixels of (H, W) at each of the 256 levels."""
    counts = cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return counts / plane.size


def quantiles(
    shares: NDArray[np.float64], at: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Levels below which the shares `at` of the pixels lie, each level spread over ±½."""
    cumulated = _SLOPE.copy()
    cumulated[1:] += np.cumsum(shares)
    return np.interp(at, cumulated, _BOUNDS)
