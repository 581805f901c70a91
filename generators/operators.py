"""Separable linear operators on images: one matrix per axis, Y = A_h · X · A_wᵀ per channel.

The matrix is the definition: the simulator multiplies by it and the restorer takes its singular
value decomposition, so forward and pseudo-inverse agree to the boundary pixel.

Weights are whole multiples of 2⁻ᵇ that sum to exactly 1. Sums of 8-bit levels times such weights
are exact in floating point, whatever the order in which a CPU takes them.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

GAUSSIAN_BITS = 16
BICUBIC_BITS = 20


@dataclass(frozen=True, eq=False)
class SeparableOperator:
    """X (H, W) or (H, W, C) ↦ A_h · X · A_wᵀ per channel, in float64.

    Attributes:
        rows: A_h, shape (h, H).
        columns: A_w, shape (w, W).
    """

    rows: Matrix
    columns: Matrix

    def forward(self, image: NDArray) -> Matrix:
        """A(image): (H, W[, C]) → (h, w[, C])."""
        return _both_axes(self.rows, self.columns, image)

    def adjoint(self, image: NDArray) -> Matrix:
        """Aᵀ(image): (h, w[, C]) → (H, W[, C]), so that ⟨A x, y⟩ = ⟨x, Aᵀ y⟩."""
        return _both_axes(self.rows.T, self.columns.T, image)

    def pseudo_inverse(self, image: NDArray, threshold: float = 0.0) -> Matrix:
        """A⁺(image): (h, w[, C]) → (H, W[, C]).

        The singular values of A are the products s_i·s_j of those of its axes; products at or
        below `threshold` times the largest are left out (at 0: those below float64 precision).
        """
        (u_h, s_h, v_h), (u_w, s_w, v_w) = self.decomposition
        products = np.outer(s_h, s_w)
        floor = max(threshold, max(products.shape) * np.finfo(np.float64).eps) * products.max()
        inverse = np.divide(1.0, products, out=np.zeros_like(products), where=products > floor)
        coefficients = _both_axes(u_h.T, u_w.T, image)
        weights = inverse if coefficients.ndim == 2 else inverse[..., None]
        return _both_axes(v_h.T, v_w.T, coefficients * weights)

    @cached_property
    def decomposition(self) -> tuple[tuple[Matrix, Matrix, Matrix], tuple[Matrix, Matrix, Matrix]]:
        """(U, s, Vᵀ) of the rows' matrix and of the columns'."""
        rows = np.linalg.svd(self.rows, full_matrices=False)
        square = self.columns is self.rows  # the matrices of square images are the same one
        columns = rows if square else np.linalg.svd(self.columns, full_matrices=False)
        return (rows.U, rows.S, rows.Vh), (columns.U, columns.S, columns.Vh)


def blur_operator(height: int, width: int, sigma: float) -> SeparableOperator:
    """The Gaussian blur of an image of `height` × `width` pixels at `sigma` pixels."""
    return SeparableOperator(gaussian_matrix(height, sigma), gaussian_matrix(width, sigma))


def gaussian_kernel(sigma: float) -> Matrix:
    """The Gaussian at `sigma` pixels on −r … r with r = ⌈4σ⌉, in multiples of 2⁻¹⁶, sum 1.

    At four sigmas the cut costs 0.02 of 255 levels, at three 0.7; the multiples cost
    0.003 on photographs.
    """
    radius = math.ceil(4 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    # The running sum is rounded, so that errors do not add up.
    tail = np.rint(np.cumsum(weights[:radius] / weights.sum()) * 2.0**GAUSSIAN_BITS)
    side = np.diff(tail, prepend=0.0)
    middle = 2.0**GAUSSIAN_BITS - 2 * side.sum()
    return np.concatenate([side, [middle], side[::-1]]) / 2.0**GAUSSIAN_BITS


def effective_sigma(sigma: float) -> float:
    """The standard deviation, in pixels, of the kernel that is really applied."""
    kernel = gaussian_kernel(sigma)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    return float(np.sqrt((kernel * offsets**2).sum()))


@lru_cache(maxsize=64)
def gaussian_matrix(n: int, sigma: float) -> Matrix:
    """(n, n): Gaussian blur of n samples, reflected without repeating the edge sample."""
    kernel = gaussian_kernel(sigma)
    radius = len(kernel) // 2
    matrix = np.zeros((n, n))
    for offset, weight in zip(range(-radius, radius + 1), kernel, strict=True):
        np.add.at(matrix, (np.arange(n), reflect(np.arange(n) + offset, n)), weight)
    return _frozen(matrix)


@lru_cache(maxsize=64)
def bicubic_down_matrix(n: int, scale: int) -> Matrix:
    """(⌊n/scale⌋, n): anti-aliased bicubic reduction at exactly 1/scale.

    The kernel is widened by the factor, centred at (i + ½)·scale − ½, cut at the border and
    renormalised, as in Pillow and in torch's `interpolate(…, antialias=True)`.
    """
    centres = (np.arange(n // scale) + np.float64(0.5)) * scale - 0.5
    return _frozen(_resampling(centres, n, float(scale)))


@lru_cache(maxsize=64)
def bicubic_up_matrix(n: int, scale: int) -> Matrix:
    """(n, ⌊n/scale⌋): bicubic enlargement at exactly ×scale, back to n samples.

    Sample i lies at (i + ½)/scale − ½ of the small image; the kernel is cut at the border and
    renormalised.
    """
    centres = (np.arange(n) + 0.5) / scale - 0.5
    return _frozen(_resampling(centres, n // scale, 1.0))


@lru_cache(maxsize=64)
def bicubic_matrix(n: int, wanted: int) -> Matrix:
    """(wanted, n): bicubic enlargement of n samples to `wanted` ≥ n, over the same extent."""
    centres = (np.arange(wanted) + np.float64(0.5)) * (n / wanted) - 0.5
    return _frozen(_resampling(centres, n, 1.0))


@lru_cache(maxsize=8)  # large, of hundreds of sizes, and `resampling.bands` keeps what matters
def bicubic_reduction_matrix(n: int, wanted: int) -> Matrix:
    """(wanted, n): bicubic reduction of n samples to `wanted` ≤ n, over the same extent.

    The kernel is widened as in `bicubic_down_matrix`.
    """
    centres = (np.arange(wanted) + np.float64(0.5)) * (n / wanted) - 0.5
    return _frozen(_resampling(centres, n, n / wanted))


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of (3, 3) by its cofactors: the same on every CPU, unlike LAPACK's."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    cofactors = np.array(
        [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ]
    )
    return cofactors / (a * cofactors[0, 0] + b * cofactors[1, 0] + c * cofactors[2, 0])


def down_operator(height: int, width: int, scale: int) -> SeparableOperator:
    """D: an image of `height` × `width` pixels to ⌊height/scale⌋ × ⌊width/scale⌋."""
    return SeparableOperator(bicubic_down_matrix(height, scale), bicubic_down_matrix(width, scale))


def up_operator(height: int, width: int, scale: int) -> SeparableOperator:
    """U: the small image back to `height` × `width` pixels."""
    return SeparableOperator(bicubic_up_matrix(height, scale), bicubic_up_matrix(width, scale))


def _both_axes(rows: Matrix, columns: Matrix, image: NDArray) -> Matrix:
    by_rows = np.tensordot(rows, image, axes=(1, 0))
    return np.moveaxis(np.tensordot(columns, by_rows, axes=(1, 1)), 0, 1)


def _cubic(x: Matrix) -> Matrix:
    """Keys' cubic convolution kernel with a = −½ (IEEE TASSP 1981, eq. 15)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _resampling(centres: Matrix, n: int, width: float) -> Matrix:
    """Rows of the cubic kernel, `width` samples per unit, at `centres` among n samples."""
    weights = _cubic((np.arange(n)[None, :] - centres[:, None]) / width)
    # One whole sample beyond the last (×3 to 3m + 2) all are zero: the limit of 0/0 is the last.
    weights[~weights.any(axis=1), -1] = 1
    whole = np.rint(weights / weights.sum(axis=1, keepdims=True) * 2.0**BICUBIC_BITS)
    # What rounding leaves of the sum goes to the largest weight, the first of equal ones.
    whole[np.arange(len(whole)), whole.argmax(axis=1)] += 2.0**BICUBIC_BITS - whole.sum(axis=1)
    return whole / 2.0**BICUBIC_BITS


def reflect(index: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Fold indices into 0 … n − 1 by mirrors at the first and last sample."""
    if n == 1:
        return np.zeros_like(index)
    index = np.abs(index) % (2 * (n - 1))
    return np.minimum(index, 2 * (n - 1) - index)


def _frozen(matrix: Matrix) -> Matrix:
    """Cached matrices are shared: make a slip raise instead of spoiling them."""
    matrix.setflags(write=False)
    return matrix
