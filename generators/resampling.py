"""Sums over images: products with the matrices of `operators`, exactly rounded, and their mean.

Products are taken in float32, whose last bits hang on the order in which a CPU takes them. Where
they lie so near to a half that such a bit could decide, the exact sum does: weights are whole
multiples of 2⁻²⁰ or more, so that in float64 no order matters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.operators import Matrix, bicubic_matrix

Float = NDArray[np.float32]

ROUNDING = 2.0**-24
"""The largest relative error of a float32 sum or product."""

_BLOCK = 16  # rows multiplied at a time: the matrices are bands about their diagonals


@dataclass(frozen=True)
class Bands:
    """A matrix of bicubic weights, by what is not zero in it.

    Attributes:
        blocks: some rows, the columns in which they are not all zero, and what stands there.
        index: per row, the columns of its weights, (height, taps).
        weights: of these columns, (height, taps); 0 where a row has fewer.
        gain: the largest sum of a row's absolute weights.
    """

    blocks: tuple[tuple[slice, slice, Float], ...]
    index: NDArray[np.intp]
    weights: Matrix
    gain: float

    def times(self, values: NDArray) -> NDArray:
        """The matrix times (n, m), in the precision of `values`."""
        result = np.empty((len(self.weights), values.shape[1]), values.dtype)
        for rows, columns, weights in self.blocks:
            part = weights.astype(values.dtype, copy=False)
            np.matmul(part, values[columns], out=result[rows])
        return result


@lru_cache(maxsize=64)
def bands(matrix_of: Callable[[int, int], Matrix], *sizes: int) -> Bands:
    """The bicubic matrix `matrix_of(*sizes)` of `operators`."""
    matrix = matrix_of(*sizes)
    blocks = []
    for start in range(0, len(matrix), _BLOCK):
        part = matrix[start : start + _BLOCK]
        nonzero = np.flatnonzero(part.any(axis=0))
        columns = slice(int(nonzero[0]), int(nonzero[-1]) + 1)
        blocks.append(
            (slice(start, start + len(part)), columns, part[:, columns].astype(np.float32))
        )
    used = matrix != 0
    first, after = used.argmax(axis=1), matrix.shape[1] - used[:, ::-1].argmax(axis=1)
    taps = int((after - first).max())
    index = np.minimum(first, matrix.shape[1] - taps)[:, None] + np.arange(taps)
    weights = np.take_along_axis(matrix, index, axis=1)
    return Bands(tuple(blocks), index, weights, float(np.abs(matrix).sum(axis=1).max()))


def resample(image: NDArray[np.uint8], rows: Bands, columns: Bands) -> NDArray[np.uint8]:
    """A_h · X · A_wᵀ of every channel X, rounded half to even and clipped to levels.

    Args:
        image: (H, W, 3).
        rows: A_h, (h, H), and columns: A_w, (w, W).

    Returns:
        (h, w, 3).
    """
    high, wide = len(rows.weights), len(columns.weights)
    half = rows.times(image.reshape(len(image), -1).astype(np.float32))
    turned = cv2.transpose(half.reshape(high, -1, 3))
    sums = columns.times(turned.reshape(len(turned), -1))
    cv2.threshold(sums, 0, 0, cv2.THRESH_TOZERO, sums)
    # n products and sums for each axis (Higham, "Accuracy and Stability", 3.1), and the last two.
    roundings = rows.weights.shape[1] + columns.weights.shape[1] + 4
    doubt = roundings * ROUNDING * 255 * rows.gain * columns.gain
    levels, places = rounded(sums, 1.0, doubt)
    across, down, channel = np.unravel_index(places, (wide, high, 3))
    near = image[
        rows.index[down][:, :, None], columns.index[across][:, None], channel[:, None, None]
    ]
    weights = rows.weights[down][:, :, None] * columns.weights[across][:, None]
    exact = (weights * near).sum(axis=(1, 2))
    levels.reshape(-1)[places] = np.clip(np.rint(exact), 0, 255)
    return cv2.transpose(levels.reshape(wide, high, 3))


def rounded(sums: Float, unit: float, doubt: float) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """`sums` ≥ 0 times `unit` as levels, and the flat places of those that may be one off.

    Args:
        unit: a power of two: the product is exact.
        doubt: by how many levels a sum may be wrong, a rounding to float32 included.
    """
    levels = cv2.convertScaleAbs(sums, None, unit, doubt)
    below = cv2.convertScaleAbs(sums, None, unit, -doubt)
    return levels, np.flatnonzero(levels != below)


def enlarge(field: Float, height: int, width: int) -> Float:
    """A field of small numbers, brought to (height, width) by bicubic interpolation.

    Args:
        field: (h, w) ≤ (height, width), below 64 in size; rounded to multiples of 2⁻¹⁰.
    """
    (high, wide), steps = field.shape, np.rint(field.astype(np.float64) * 2.0**10)
    half = bands(bicubic_matrix, high, height).times(steps)
    # Half of the weight's bits are kept: the next sums stay below 2⁵³.
    half = np.rint(half * 2.0**10) * 2.0**-10
    whole = bands(bicubic_matrix, wide, width).times(np.ascontiguousarray(half.T))
    return np.ascontiguousarray(whole.T, np.float32) * np.float32(2.0**-10)


def doubled(image: Float, *, across: bool = True) -> Float:
    """(H, W) at twice its height and, unless not `across`, its width, by bilinear interpolation.

    In whole multiples of 2⁻¹⁹ of its largest value: times quarters along both axes they need 24
    bits, which float32 holds, so that neither the order of sums nor fused ones matter.
    """
    exponent = int(np.frexp(cv2.norm(image, cv2.NORM_INF))[1])
    step = np.float32(2.0) ** (exponent - 19)
    whole = np.rint(image * (1 / step))
    large = cv2.resize(whole, None, fx=1 + across, fy=2, interpolation=cv2.INTER_LINEAR)
    return np.multiply(large, step, out=large)


def exact_mean(values: NDArray[np.float32]) -> float:
    """The mean of small numbers of any shape, each rounded to a multiple of 2⁻¹⁶."""
    steps = np.rint(values * np.float32(2.0**16))
    return int(steps.sum(dtype=np.int64)) / (values.size << 16)
