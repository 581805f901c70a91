"""Low resolution: anti-aliased bicubic down, 8 bits, bicubic back up to the clean image's size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError
from generators.operators import Matrix, bicubic_down_matrix, bicubic_up_matrix
from generators.physics import Depth, Image, Values, to_levels
from generators.taxonomy import Value, scalar

BLOCK = 32  # rows multiplied at a time


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The integer factor, as drawn."""
    return dict(drawn)


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """U(round(D(image))) for (H, W, 3) uint8 and an integer `scale`.

    Raises:
        InputError: a side of the image is shorter than `scale`.
    """
    height, width = image.shape[:2]
    scale = scalar(values, "scale")
    if min(height, width) < scale:
        raise InputError(f"{width}×{height} pixels are too few for scale={scale:g}")
    down, up = (
        _bands(matrix_of, height, width, int(scale))
        for matrix_of in (bicubic_down_matrix, bicubic_up_matrix)
    )
    planes = np.stack(cv2.split(image)).astype(np.float32)
    small = to_levels(_multiply(down, planes)).astype(np.float32)
    return cv2.merge(list(to_levels(_multiply(up, small))))


def plausible(values: Mapping[str, Value]) -> bool:
    """Every factor is plausible."""
    return True


@dataclass(frozen=True)
class _Block:
    """Some rows of a matrix, and the columns in which they are not all zero."""

    rows: slice
    columns: slice
    weights: NDArray[np.float32]


_Axis = tuple[int, list[_Block]]


@lru_cache(maxsize=64)
def _bands(
    matrix_of: Callable[[int, int], Matrix], height: int, width: int, scale: int
) -> tuple[_Axis, _Axis]:
    """The matrices of both axes, cut to the blocks about their diagonal: the rest is zeros."""
    return _blocks(matrix_of(height, scale)), _blocks(matrix_of(width, scale))


def _blocks(matrix: Matrix) -> _Axis:
    blocks = []
    for start in range(0, len(matrix), BLOCK):
        part = matrix[start : start + BLOCK]
        nonzero = np.flatnonzero(part.any(axis=0))
        columns = slice(int(nonzero[0]), int(nonzero[-1]) + 1)
        weights = np.ascontiguousarray(part[:, columns], np.float32)
        blocks.append(_Block(slice(start, start + len(part)), columns, weights))
    return len(matrix), blocks


def _multiply(axes: tuple[_Axis, _Axis], planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """A_h · X · A_wᵀ for every plane X of (3, H, W)."""
    (high, by_rows), (wide, by_columns) = axes
    half = np.empty((len(planes), high, planes.shape[2]), np.float32)
    for block in by_rows:
        np.matmul(block.weights, planes[:, block.columns], out=half[:, block.rows])
    whole = np.empty((len(planes), high, wide), np.float32)
    for block in by_columns:
        np.matmul(half[:, :, block.columns], block.weights.T, out=whole[:, :, block.rows])
    return whole
