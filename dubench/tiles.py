"""A large photograph as tiles at its own resolution: scaling it would change σ and scale."""

from collections.abc import Iterator

from dubench.predictors.protocol import Image

SIDE, MOST = 256, 3


def tiles(image: Image) -> Iterator[Image]:
    """Up to 3 × 3 tiles of at most 256 pixels a side, spread evenly from border to border.

    A photograph of at most 256×256 is its own only tile.
    """
    for top, left in corners(*image.shape[:2]):
        yield image[top : top + SIDE, left : left + SIDE]


def corners(height: int, width: int) -> list[tuple[int, int]]:
    """Row and column of the upper left pixel of each tile of an image of that size."""
    return [(top, left) for top in _starts(height) for left in _starts(width)]


def _starts(length: int) -> list[int]:
    count = min(MOST, -(-length // SIDE))
    if count == 1:
        return [0]
    return [round(i * (length - SIDE) / (count - 1)) for i in range(count)]
