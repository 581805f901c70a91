"""Depth guessed from photographs and from drawn scenes whose depth is known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import generators
from generators.depth import crop_depth, procedural

PHOTOS = sorted((Path(generators.__file__).parent / "data" / "photos").glob("*.jpg"))


def photograph(name):
    (path,) = [p for p in PHOTOS if p.name.startswith(name)]
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem[:12])
def test_procedural_on_photographs(path):
    photo = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    first = procedural.guess(photo, np.random.default_rng(1))
    assert first.dtype == np.float32
    assert max(first.shape) == 144
    assert abs(first.shape[1] / first.shape[0] - photo.shape[1] / photo.shape[0]) < 0.01
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, procedural.guess(photo, np.random.default_rng(1)))
    assert np.abs(first - procedural.guess(photo, np.random.default_rng(2))).max() > 0.01


@pytest.mark.parametrize("name", ["aitzgorri", "bridge", "picosdeeuropa", "sunset"])
@pytest.mark.parametrize("seed", range(5))
def test_landscapes_recede_upwards(name, seed):
    depth = procedural.guess(photograph(name), np.random.default_rng(seed))
    bands = [band.mean() for band in np.array_split(depth, 4)]
    assert bands[0] > 1.5 * bands[3]
    assert bands[1] > bands[2] > bands[3]


def drawn_landscape(rng):
    photo = np.empty((300, 400, 3), np.uint8)
    photo[:120] = (150, 190, 235)
    photo[120:] = rng.integers(30, 120, (180, 400, 1))
    photo[60:200, 180:230] = rng.integers(20, 80, (140, 50, 3))  # a tree before sky and ground
    return photo


@pytest.mark.parametrize("seed", range(5))
def test_drawn_sky_is_far_and_things_before_it_are_not(seed):
    rng = np.random.default_rng(seed)
    photo = drawn_landscape(rng)
    guess = procedural.guess(photo, rng)
    depth = cv2.resize(guess, (400, 300))
    sky, tree = depth[10:100, 20:160], depth[70:110, 190:220]
    assert sky.min() > depth[150:].max()
    assert sky.min() > 1.2 * tree.max()
    rows = depth[130:, 20:160].mean(axis=1)
    assert (np.diff(rows[::10]) < 0).all()  # the ground comes nearer all the way down
    # Cut with the photograph, the sky ends sharply: most of the drop is within four pixels.
    cut = crop_depth.fit(guess, (0, 0, 400, 300), photo.shape, photo, snap=True)
    drop = cut[100, 20:160] - cut[140, 20:160]
    assert (cut[118, 20:160] - cut[122, 20:160] > 0.4 * drop).mean() > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_drawn_subject_is_nearer_than_its_backdrop(seed):
    rng = np.random.default_rng(seed)
    photo = np.full((240, 320, 3), (90, 130, 80), np.uint8)
    disc = np.hypot(*(np.mgrid[:240, :320] - np.array([120, 160])[:, None, None])) < 50
    photo[disc] = rng.integers(60, 255, (int(disc.sum()), 3)) * (1.0, 0.3, 0.3)
    depth = cv2.resize(procedural.guess(photo, rng), (320, 240))
    rows = slice(90, 150)  # beside each other, so that the ground does not decide
    assert depth[rows][disc[rows]].mean() < 0.8 * depth[rows][~disc[rows]].mean()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 2), (33, 64), (3000, 40)])
@pytest.mark.parametrize("level", [0, 255])
def test_procedural_of_odd_and_empty_photographs(shape, level):
    depth = procedural.guess(np.full((*shape, 3), level, np.uint8), np.random.default_rng(0))
    assert max(depth.shape) == min(144, max(shape))
    assert np.isfinite(depth).all()


@pytest.mark.parametrize("photo", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)])
def test_procedural_refuses(photo):
    with pytest.raises(ValueError, match="uint8"):
        procedural.guess(photo, np.random.default_rng(0))
