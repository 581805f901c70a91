"""Radial log power spectrum of luma: Gaussian blur bends it down as −4π²σ²f², resampling cuts it.

With natural photographs close to power 1/f² (Field, JOSA A 1987), what bends it is the degradation.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.planes import Planes

# Cycles per pixel: narrow bins where wide blurs act; the last two lie in the corners.
EDGES = np.concatenate([np.geomspace(1 / 128, 0.5, 29), [0.6, 0.7072]])
COUNT = len(EDGES) - 1
_FLOOR = 1e-3  # below the power of 8-bit rounding


def measure(planes: Planes) -> NDArray[np.float64]:
    """log₁₀ of the mean power per pixel (levels²) in COUNT rings of frequency.

    White noise of variance v has power v everywhere. Rings narrower than the image resolves are
    interpolated.
    """
    luma = planes.grey.astype(np.float32)
    window, energy, ring, counts = _plan(*luma.shape)
    luma -= luma.mean()
    luma *= window
    sums = np.bincount(ring, power(luma).ravel(), len(counts))[1 : COUNT + 1]
    inside = counts[1 : COUNT + 1]
    there = inside > 0
    logs = np.log10(sums[there] / inside[there] / energy + _FLOOR)
    return np.interp(np.arange(COUNT), np.flatnonzero(there), logs)


def power(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared magnitudes of numpy's `rfft2`, (H, W // 2 + 1), of (H, W); overwrites the plane.

    OpenCV's real transform takes a tenth of the time. It leaves out what a real picture's symmetry
    makes redundant: real and imaginary parts alternate along each row; the first column, and of an
    even width the last, alternate downwards instead and hold only half of the frequencies.
    """
    height, width = plane.shape
    packed = cv2.dft(plane, dst=plane)
    squares = np.multiply(packed, packed, out=packed)
    inner = (width - 1) // 2
    result = np.empty((height, width // 2 + 1), np.float32)
    np.add(
        squares[:, 1 : 2 * inner : 2], squares[:, 2 : 2 * inner + 1 : 2], result[:, 1 : inner + 1]
    )
    for column in (0, width - 1) if width % 2 == 0 else (0,):
        upper = squares[1 : height - 1 + height % 2, column].reshape(-1, 2).sum(axis=1)
        middle = squares[-1:, column] if height % 2 == 0 else squares[:0, column]
        whole = np.concatenate([squares[:1, column], upper, middle, upper[::-1]])
        result[:, (column + 1) // 2] = whole
    return result


@lru_cache(maxsize=16)
def _plan(
    height: int, width: int
) -> tuple[NDArray[np.float32], np.float32, NDArray[np.intp], NDArray[np.int64]]:
    """Hann window, its energy, the ring of every coefficient, and how many a ring has."""
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = np.digitize(radius, EDGES).ravel()
    return window, np.sum(window**2), ring, np.bincount(ring, minlength=COUNT + 2)
