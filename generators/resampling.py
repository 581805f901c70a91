"""Sums over images, exactly: their products with the matrices of `operators`, and their mean.

Weights are whole multiples of 2⁻²⁰, so that all sums are of whole numbers below 2⁵³: exact in
float64, in whatever order a CPU, or a version of a library, takes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from generators.operators import BICUBIC_BITS, Matrix, bicubic_matrix

_BLOCK = 32  # rows multiplied at a time: the matrices are bands about their diagonals


@dataclass(frozen=True)
class Bands:
    """A matrix as blocks about its diagonal.

    Attributes:
        height: rows of the matrix.
        blocks: some rows, the columns in which they are not all zero, and what stands there,
            times 2²⁰: whole numbers.
    """

    height: int
    blocks: tuple[tuple[slice, slice, Matrix], ...]


@lru_cache(maxsize=64)
def bands(matrix_of: Callable[[int, int], Matrix], *sizes: int) -> Bands:
    """The bicubic matrix `matrix_of(*sizes)` of `operators`."""
    matrix = matrix_of(*sizes) * 2.0**BICUBIC_BITS
    blocks = []
    for start in range(0, len(matrix), _BLOCK):
        part = matrix[start : start + _BLOCK]
        nonzero = np.flatnonzero(part.any(axis=0))
        columns = slice(int(nonzero[0]), int(nonzero[-1]) + 1)
        weights = np.ascontiguousarray(part[:, columns])
        blocks.append((slice(start, start + len(part)), columns, weights))
    return Bands(len(matrix), tuple(blocks))


def resample(planes: NDArray[np.uint8], rows: Bands, columns: Bands) -> NDArray[np.uint8]:
    """A_h · X · A_wᵀ of every plane X, rounded half to even and clipped to levels.

    Args:
        planes: (n, H, W).
        rows: A_h, (h, H), and columns: A_w, (w, W).

    Returns:
        (n, h, w).
    """
    half = _along_rows(planes.astype(np.float64), rows)
    whole = _along_columns(half, columns)
    whole *= 2.0 ** (-2 * BICUBIC_BITS)
    np.rint(whole, out=whole)
    np.clip(whole, 0, 255, out=whole)
    return whole.astype(np.uint8)


def enlarge(field: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """A field of small numbers, brought to (height, width) by bicubic interpolation.

    Args:
        field: (h, w) ≤ (height, width), below 64 in size; rounded to multiples of 2⁻¹⁰.
    """
    (high, wide), steps = field.shape, np.rint(field.astype(np.float64) * 2.0**10)
    half = _along_rows(steps[None], bands(bicubic_matrix, high, height))
    half *= 2.0**-10  # half of the weight's bits are kept: the next sums stay below 2⁵³
    np.rint(half, out=half)
    whole = _along_columns(half, bands(bicubic_matrix, wide, width))
    return (whole[0] * 2.0 ** -(2 * BICUBIC_BITS)).astype(np.float32)


def exact_mean(values: NDArray[np.float32]) -> float:
    """The mean of small numbers of any shape, each rounded to a multiple of 2⁻¹⁶."""
    steps = np.rint(values * np.float32(2.0**16))
    return int(steps.sum(dtype=np.int64)) / (values.size << 16)


def _along_rows(planes: Matrix, matrix: Bands) -> Matrix:
    result = np.empty((len(planes), matrix.height, planes.shape[2]))
    for rows, columns, weights in matrix.blocks:
        np.matmul(weights, planes[:, columns], out=result[:, rows])
    return result


def _along_columns(planes: Matrix, matrix: Bands) -> Matrix:
    result = np.empty((len(planes), planes.shape[1], matrix.height))
    for rows, columns, weights in matrix.blocks:
        np.matmul(planes[:, :, columns], weights.T, out=result[:, :, rows])
    return result
