"""Radial log power spectrum of luma: Gaussian blur bends it down as −4π²σ²f², resampling cuts it.

With natural photographs close to power 1/f² (Field, JOSA A 1987), what bends it is the degradation.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Cycles per pixel: narrow bins where wide blurs act; the last two lie in the corners.
EDGES = np.concatenate([np.geomspace(1 / 128, 0.5, 29), [0.6, 0.7072]])
COUNT = len(EDGES) - 1
_FLOOR = 1e-3  # below the power of 8-bit rounding


def measure(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """log₁₀ of the mean power per pixel (levels²) in COUNT rings of frequency.

    White noise of variance v has power v everywhere. Rings narrower than the image resolves are
    interpolated.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY, dst=None).astype(np.float32)
    window, ring, counts = _plan(*luma.shape)
    spectrum = np.fft.rfft2((luma - luma.mean()) * window)
    power = spectrum.real**2 + spectrum.imag**2
    sums = np.bincount(ring, power.ravel(), len(counts))[1 : COUNT + 1]
    inside = counts[1 : COUNT + 1]
    there = inside > 0
    logs = np.log10(sums[there] / inside[there] / np.sum(window**2) + _FLOOR)
    return np.interp(np.arange(COUNT), np.flatnonzero(there), logs)


@lru_cache(maxsize=16)
def _plan(
    height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.int64]]:
    """Hann window, the ring of every coefficient, and how many coefficients a ring has."""
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = np.digitize(radius, EDGES).ravel()
    return window, ring, np.bincount(ring, minlength=COUNT + 2)
