"""Gaussian blur: Y = A_h · X · A_wᵀ with the matrices of `operators.gaussian_matrix`."""

from collections.abc import Mapping

import cv2
import numpy as np

from generators.operators import GAUSSIAN_BITS, effective_sigma, gaussian_kernel
from generators.physics import Depth, Image, Values
from generators.randomness import five_digits
from generators.resampling import ROUNDING, Float, rounded
from generators.taxonomy import Value, scalar

_ONE = np.ones(1, np.float32)
_BLOCK = 32  # rows multiplied at a time


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The nominal sigma and the one of the kernel that is applied, both in pixels."""
    return {**drawn, "effective_sigma": five_digits(effective_sigma(scalar(drawn, "sigma")))}


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """Blur (H, W, 3) uint8 by `sigma` pixels, reflected without repeating the edge pixel."""
    weights = gaussian_kernel(scalar(values, "sigma")) * 2**GAUSSIAN_BITS  # whole numbers
    height, width = image.shape[:2]
    kernel, radius = weights.astype(np.float32), len(weights) // 2
    framed = cv2.copyMakeBorder(image, radius, radius, 0, 0, cv2.BORDER_REFLECT_101)
    # 8 bits times 16: sums that float32 holds exactly.
    along = cv2.sepFilter2D(framed, cv2.CV_32F, kernel, _ONE, borderType=cv2.BORDER_REFLECT_101)
    along = along.reshape(len(framed), -1)
    sums, unit = _down(along, kernel), 4.0**-GAUSSIAN_BITS
    # n products and sums (Higham, "Accuracy and Stability", 3.1), and the last two.
    levels, places = rounded(sums, unit, (len(weights) + 2) * ROUNDING * 256)
    rows, columns = np.divmod(places, sums.shape[1])
    near = along[rows[:, None] + np.arange(len(weights)), columns[:, None]]
    # Whole numbers below 2⁵³: a sum like any other.
    levels.reshape(-1)[places] = np.rint(near.astype(np.float64) @ weights * unit)
    return levels.reshape(height, width, 3)


def _down(along: Float, kernel: Float) -> Float:
    """Each column of (n + 2·radius, m) under the kernel: (n, m), in float32.

    As products with a band matrix, which take half the time of OpenCV's filter at large sigma.
    """
    height, taps = len(along) - len(kernel) + 1, len(kernel)
    sums = np.empty((height, along.shape[1]), np.float32)
    # The kernel and zeros, read at one less a row: each row is the one above, shifted by one.
    band = np.zeros((_BLOCK, _BLOCK + taps), np.float32)
    band[:, :taps] = kernel
    band = band.reshape(-1)[: _BLOCK * (_BLOCK + taps - 1)].reshape(_BLOCK, -1)
    for start in range(0, height, _BLOCK):
        rows = min(_BLOCK, height - start)
        part = along[start : start + rows + taps - 1]
        np.matmul(band[:rows, : len(part)], part, out=sums[start : start + rows])
    return sums


def plausible(values: Mapping[str, Value]) -> bool:
    """Every blur is plausible."""
    return True
