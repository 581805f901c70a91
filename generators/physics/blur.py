"""Gaussian blur: Y = A_h · X · A_wᵀ with the matrices of `operators.gaussian_matrix`."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.operators import GAUSSIAN_BITS, Matrix, effective_sigma, gaussian_kernel, reflect
from generators.physics import Depth, Image, Values
from generators.randomness import five_digits
from generators.taxonomy import Value, scalar

_ONE = np.ones(1, np.float32)


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
    kernel = weights.astype(np.float32)
    # 8 bits times 16: sums that float32 holds exactly.
    along = cv2.sepFilter2D(image, cv2.CV_32F, kernel, _ONE, borderType=cv2.BORDER_REFLECT_101)
    both = cv2.sepFilter2D(along, cv2.CV_32F, _ONE, kernel, borderType=cv2.BORDER_REFLECT_101)
    both *= np.float32(4.0**-GAUSSIAN_BITS)
    rounded = np.rint(both)
    _round_again(rounded, both, np.asarray(along), weights)
    return rounded.astype(np.uint8)  # a mean of levels is one: nothing to clip


def _round_again(
    rounded: NDArray[np.float32],
    levels: NDArray[np.float32],
    along: NDArray[np.float32],
    weights: Matrix,
) -> None:
    """Where float32 cannot tell to which side to round, round the exact sum. Spoils `levels`.

    Args:
        rounded: (H, W, 3), `levels` rounded; changed.
        levels: what float32 makes of the second pass; its last bits depend on the CPU.
        along: the first pass, whole numbers: exact.
        weights: (2·radius + 1,) whole numbers.
    """
    height, width = levels.shape[:2]
    # n products and sums of 2⁻²⁴ each (Higham, "Accuracy and Stability", 3.1), twice as safe.
    doubt = np.float32(2 * (len(weights) + 2) * 256 * 2.0**-24)
    levels -= rounded
    np.abs(levels, out=levels)
    places = np.flatnonzero(levels > np.float32(0.5) - doubt)
    rows, columns = np.divmod(places, width * 3)
    offsets = np.arange(len(weights)) - len(weights) // 2
    near = reflect(rows[:, None] + offsets, height)
    sums = along.reshape(height, -1)[near, columns[:, None]].astype(np.float64) @ weights
    rounded.reshape(-1)[places] = np.rint(sums * 4.0**-GAUSSIAN_BITS)


def plausible(values: Mapping[str, Value]) -> bool:
    """Every blur is plausible."""
    return True
