"""What samplers ask of a prior, whatever network it is, and the noise they draw.

Everything here and in the samplers is said with noise added to a picture on [0, 1] ("variance
exploding"): a network that was trained otherwise is translated where it is opened. Arrays are
numpy's or torch's, as the prior has them.
"""

from collections.abc import Callable, Iterator
from itertools import count, product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.inverse.observation import Array

_BLOCK = 32  # pixels a side that are drawn at once
Corner = tuple[int, int]
OnEstimate = Callable[[float, Array], None]
"""Called at every step with its noise level on [0, 1], and the estimate of the clean pictures."""


def ignore(sigma: float, estimate: Array) -> None:
    """An `OnEstimate` that does nothing."""


class Prior(Protocol):
    """Knows what clean pictures look like."""

    def array(self, values: NDArray) -> Array:
        """`values` as float32, of the library and on the device that `denoise` wants."""
        ...

    def denoise(self, noisy: Array, sigma: float | Array) -> Array:
        """The mean of the clean pictures that `noisy` may come from.

        Args:
            noisy: (B, 3, H, W), on [0, 1] plus Gaussian noise.
            sigma: its standard deviation on the same scale, a number or broadcastable.
        """
        ...


def noise_levels(first: float, last: float, steps: int) -> list[float]:
    """`steps` levels from `first` down to `last`, in equal ratios."""
    return [float(level) for level in np.geomspace(first, last, steps)]


def noise_source(like: Array, seed: int, corner: Corner = (0, 0)) -> Callable[[], Array]:
    """Draws standard normals of the shape, type and device of `like` (B, 3, H, W), anew at every
    call.

    Tiles of one picture that overlap see the same noise where they do.

    Args:
        corner: row and column of the first pixel of `like` in the picture that it is a tile of.
    """
    draws = _fields(tuple(like.shape), seed, corner)
    if isinstance(like, np.ndarray):
        return lambda: next(draws).astype(like.dtype)
    return lambda: like.new_tensor(next(draws))


def _fields(shape: tuple[int, ...], seed: int, corner: Corner) -> Iterator[NDArray[np.float32]]:
    """The pixels of block (i, j) at call n are a stream keyed by (seed, n, i, j)."""
    batch, channels, height, width = shape
    (top, left) = corner
    rows = range(top // _BLOCK, -(-(top + height) // _BLOCK))
    columns = range(left // _BLOCK, -(-(left + width) // _BLOCK))
    for call in count():
        field = np.empty(
            (batch, channels, len(rows) * _BLOCK, len(columns) * _BLOCK), dtype=np.float32
        )
        for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
            key = np.random.Philox(key=[seed, call], counter=[0, 0, row, column])
            field[..., i * _BLOCK : (i + 1) * _BLOCK, j * _BLOCK : (j + 1) * _BLOCK] = (
                np.random.Generator(key).standard_normal(
                    (batch, channels, _BLOCK, _BLOCK), dtype=np.float32
                )
            )
        first, start = top - rows[0] * _BLOCK, left - columns[0] * _BLOCK
        yield field[..., first : first + height, start : start + width]
