"""Tiles put together are the whole: no seams, one noise, a small number of sizes."""

import numpy as np
import pytest

from dubench.ddnm import tiling
from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import without_prior
from dubench.ddnm.priors import noise_source
from dubench.ddnm.tiling import in_tiles
from generators.physics import blur, low_resolution
from generators.taxonomy import Degradation


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (23, 31, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 12, 0), 12, 1)[:271, :365].copy()


@pytest.mark.parametrize(
    ("model", "values"), [(blur, {"sigma": 2.0}), (low_resolution, {"scale": 3})]
)
def test_tiles_restore_as_the_whole_does(model, values, picture, monkeypatch):
    name = model.__name__.rpartition(".")[2]
    degraded = Degraded(model.apply(picture, values), Degradation(name, values))
    restore = without_prior("analytic")
    whole = restore(degraded).astype(int)
    monkeypatch.setattr(tiling, "SIDE", 200)
    sizes, shares = set(), []

    def restored(tile):
        sizes.add(tile.image.shape)
        return restore(tile)

    tiled = in_tiles(restored, degraded, shares.append)
    assert abs(tiled - whole).max() <= 2
    assert len(sizes) <= 4
    assert shares[-1] == 1
    assert len(shares) > 4


def test_a_small_picture_is_one_tile(picture):
    degraded = Degraded(picture, Degradation("none", {}))
    assert in_tiles(lambda tile: tile.image, degraded) is picture


def test_tiles_see_one_noise():
    whole, part = np.zeros((1, 3, 70, 90)), np.zeros((1, 3, 30, 40))
    draw, draw_part = noise_source(whole, 3), noise_source(part, 3, (25, 41))
    for _ in range(2):
        field = draw()
        np.testing.assert_array_equal(field[..., 25:55, 41:81], draw_part())
    assert abs(field.mean()) < 6 / field.size**0.5
    assert abs(field.std() - 1) < 6 / field.size**0.5
    assert not np.array_equal(field, draw())
