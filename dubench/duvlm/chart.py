"""The chart: a picture's statistics drawn as a small picture, so that a vision model reads numbers.

Each number is one cell of one channel: grey where it is as in most pictures, darker and lighter up
to five standard deviations away. Eight bits are enough: read back from the cells, the statistics'
networks answer as well as from the numbers themselves (docs/nano.md). An encoder with patches of
16 × 16 finds all of them in each quarter of the picture.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import COUNT, FORM, statistics
from dubench.baseline.model import CLIPPED

SIDE, PATCH = 32, 16
SCALES = Path(__file__).parent.parent / "data" / "chart.safetensors"
"""Mean and standard deviation of every number, over the pictures of `du110k-wild`."""

_MIDDLE = 128  # of a cell that holds nothing

Floats = NDArray[np.float32]


def chart(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The chart of an (H, W, 3) uint8 RGB picture: (32, 32, 3) uint8.

    Raises:
        InputError: the picture has no 32 pixels a side.
    """
    return draw(statistics(image)[None])[0]


def draw(numbers: Floats) -> NDArray[np.uint8]:
    """Charts (n, 32, 32, 3) uint8 of the statistics (n, COUNT)."""
    mean, deviation = _scales()
    shares = np.clip((numbers - mean) / deviation / CLIPPED, -1, 1) / 2 + 0.5
    cells = np.full((len(numbers), PATCH * PATCH * 3), _MIDDLE, np.uint8)
    cells[:, :COUNT] = np.rint(255 * shares)
    return np.tile(cells.reshape(-1, PATCH, PATCH, 3), (1, SIDE // PATCH, SIDE // PATCH, 1))


def read(charts: NDArray[np.uint8]) -> Floats:
    """The statistics (n, COUNT) that charts (n, 32, 32, 3) show, to a twenty-fifth of a deviation;
    beyond five of them as if at five."""
    mean, deviation = _scales()
    cells = charts[:, :PATCH, :PATCH].reshape(len(charts), -1)[:, :COUNT]
    return (cells.astype(np.float32) / 127.5 - 1) * CLIPPED * deviation + mean


@lru_cache(maxsize=1)
def form() -> str:
    """What tells these charts from others: a hash of statistics and scales."""
    return hashlib.sha256(FORM.encode() + b"".join(x.tobytes() for x in _scales())).hexdigest()[:16]


@lru_cache(maxsize=1)
def _scales() -> tuple[Floats, Floats]:
    from safetensors.numpy import load_file

    scales = load_file(SCALES)
    return scales["mean"], scales["deviation"]
