"""The chart: a picture's statistics drawn as a small picture, so that a vision model reads numbers.

Of eight bits a number would lose what matters: most of these numbers have long tails, and between
their extremes the bulk would share a few levels. So a number is eight cells: the parts of its range
between nine quantiles of many pictures, each black below its part, white above and grey within
("piecewise linear encoding", Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical Features
in Tabular Deep Learning", NeurIPS 2022). Two parts of every number lie in each quarter of the
picture, in colour, for an encoder whose patches are of 16 × 16.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import COUNT, FORM, statistics

SIDE, PATCH = 32, 16
PARTS = 8
LEVELS = (0.001, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.999)
"""Of the quantiles that bound the parts."""
EDGES = Path(__file__).parent.parent / "data" / "chart.safetensors"

_QUARTERS = (SIDE // PATCH) ** 2


def chart(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The chart of an (H, W, 3) uint8 RGB picture: (32, 32, 3) uint8.

    Raises:
        InputError: the picture has no 32 pixels a side.
    """
    return draw(statistics(image)[None])[0]


def draw(numbers: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Charts (n, 32, 32, 3) uint8 of the statistics (n, COUNT)."""
    edges = _edges()
    low, width = edges[:, :-1], np.maximum(np.diff(edges), 1e-9)
    parts = np.clip((numbers[:, :, None] - low) / width, 0, 1)
    cells = np.rint(255 * parts).astype(np.uint8).reshape(-1, COUNT, _QUARTERS, 2)
    flat = np.zeros((len(numbers), _QUARTERS, 3 * PATCH**2), np.uint8)
    flat[:, :, : 2 * COUNT] = cells.transpose(0, 2, 1, 3).reshape(len(numbers), _QUARTERS, -1)
    quarters = flat.reshape(-1, 2, 2, 3, PATCH, PATCH)
    return quarters.transpose(0, 1, 4, 2, 5, 3).reshape(-1, SIDE, SIDE, 3)


def edges_of(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """The bounds (COUNT, 9) of the parts, from statistics (n, COUNT) of many pictures."""
    return np.quantile(numbers, LEVELS, axis=0).T.astype(np.float32)


@lru_cache(maxsize=1)
def form() -> str:
    """What tells these charts from others: a hash of statistics and bounds."""
    return hashlib.sha256(FORM.encode() + _edges().tobytes()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _edges() -> NDArray[np.float32]:
    from safetensors.numpy import load_file

    edges = load_file(EDGES)["edges"]
    assert edges.shape == (COUNT, PARTS + 1)
    return edges
