"""Tiles: at most nine, of the picture's own pixels, from border to border."""

import numpy as np
import pytest

from dubench.tiles import SIDE, tiles


@pytest.mark.parametrize(
    ("shape", "count"),
    [((256, 256), 1), ((40, 90), 1), ((257, 256), 2), ((300, 700), 6), ((3000, 4000), 9)],
)
def test_tiles_reach_every_border(shape: tuple[int, int], count: int) -> None:
    rows, columns = np.indices(shape)
    image = np.dstack([rows, columns])
    parts = list(tiles(image))  # type: ignore[arg-type]
    assert len(parts) == count
    assert {tile.shape[:2] for tile in parts} == {tuple(min(side, SIDE) for side in shape)}
    corners = {tuple(tile[0, 0]) for tile in parts}
    assert len(corners) == count
    assert min(corners) == (0, 0)
    assert tuple(max(tile[-1, -1].tolist() for tile in parts)) == (shape[0] - 1, shape[1] - 1)
