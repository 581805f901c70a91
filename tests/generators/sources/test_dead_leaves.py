"""Dead leaves: the law of radii, who hides whom, and the statistics of the pictures."""

import cv2
import numpy as np
import pytest
from scipy import stats

from generators.sources import dead_leaves

SEEDS = range(6)


@pytest.fixture(scope="module")
def scenes():
    return [dead_leaves.scene(np.random.default_rng(seed)) for seed in SEEDS]


def cubic_law(r, smallest, largest):
    """∫ r⁻³ from `smallest` to r, over the same to `largest`."""
    return (smallest**-2 - r**-2.0) / (smallest**-2 - largest**-2.0)


@pytest.mark.parametrize(("smallest", "largest"), [(1.0, 1e9), (4.0, 200.0), (5.0, 5.5)])
def test_radii_follow_the_cubic_law(smallest, largest):
    drawn = dead_leaves.radii(np.random.default_rng(0), 50_000, smallest, largest)
    assert smallest <= drawn.min()
    assert drawn.max() <= largest
    fit = stats.kstest(drawn, cubic_law, args=(smallest, largest))
    assert fit.pvalue > 0.01


def test_the_test_of_radii_can_fail():
    drawn = stats.truncpareto(b=2.1, c=50).rvs(50_000, random_state=0)  # density r⁻³·¹
    assert stats.kstest(drawn, cubic_law, args=(1.0, 50.0)).pvalue < 0.01


def test_leaves_that_fall_inside_follow_the_law_too():
    """Leaves centred in the frame are all kept; elsewhere large ones reach in more often."""
    leaves = dead_leaves.drop(np.random.default_rng(0), 640)
    inside = ((leaves.centre > 0) & (leaves.centre < 640)).all(axis=1)
    law = stats.kstest(leaves.radius[inside], cubic_law, args=(640 / 120, 640 / 3))
    assert law.pvalue > 0.01


def margins(leaves, point):
    """How deep a point lies inside every leaf, in pixels; negative outside. By plane geometry."""
    disc = leaves.radius - np.hypot(*(point - leaves.centre).T)
    start = leaves.corners
    side = np.roll(start, -1, axis=1) - start
    to_point = point - start
    cross = side[..., 0] * to_point[..., 1] - side[..., 1] * to_point[..., 0]
    polygon = (cross / np.maximum(np.hypot(side[..., 0], side[..., 1]), 1e-12)).min(axis=1)
    return np.where(leaves.is_disc, disc, polygon)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_nearest_leaf_over_a_pixel_is_the_one_that_shows(seed):
    size = 640
    leaves = dead_leaves.drop(np.random.default_rng(seed), size)
    labels = dead_leaves.paint(leaves, size)
    depth = np.append(leaves.depth, 1.0)  # the ground last, as label −1
    checked = 0
    for x, y in np.random.default_rng(seed + 100).integers(0, size, (800, 2)):
        inside = margins(leaves, np.array([x, y], float))
        if (np.abs(inside) < 1.5).any():
            continue  # on a rim, where rasters may differ
        over = np.flatnonzero(inside > 0)
        nearest = over[np.argmin(leaves.depth[over])] if len(over) else -1
        assert labels[y, x] == nearest
        assert depth[labels[y, x]] <= depth[over].min(initial=1.0)
        checked += 1
    assert checked > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_depth_is_one_value_per_leaf(seed, scenes):
    leaves = dead_leaves.drop(np.random.default_rng(seed), 640)
    labels = dead_leaves.paint(leaves, 640)
    depth = scenes[seed][1]
    assert depth.dtype == np.float32
    assert (np.diff(leaves.depth) < 0).all()
    for label in np.unique(labels)[:: len(leaves.depth) // 100]:
        expected = 1.0 if label < 0 else leaves.depth[label]
        np.testing.assert_array_equal(depth[labels == label], np.float32(expected))


def test_the_frame_is_covered(scenes):
    for seed in SEEDS:
        leaves = dead_leaves.drop(np.random.default_rng(seed), 640)
        assert (dead_leaves.paint(leaves, 640) < 0).mean() < 0.12
    for rgb, depth in scenes:
        assert rgb.shape == (640, 640, 3)
        assert rgb.dtype == np.uint8
        assert depth.shape == (640, 640)
        assert 0 <= depth.min() < 0.1
        assert depth.max() == 1
        # Both near and far have their part of the picture, or fog would be a flat veil.
        assert 0.15 < (depth < 0.5).mean() < 0.6


def luma(rgb):
    small = cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64) / 255


def test_luma_and_colour_are_those_of_photographs(scenes):
    for rgb, _ in scenes:
        grey = luma(rgb)
        assert 0.33 < grey.mean() < 0.57
        assert 0.1 < grey.std() < 0.28
        saturation = np.ptp(rgb.astype(float), axis=2).mean() / 255
        assert 0.03 < saturation < 0.3
        assert ((rgb == 0) | (rgb == 255)).mean() < 0.1


def test_power_spectrum_falls_as_in_photographs(scenes):
    """Natural images: power ∝ f^−2 and somewhat steeper (Field, JOSA A 1987)."""
    window = np.outer(np.hanning(256), np.hanning(256))
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(256, 1 / 256)] * 2))
    rings = np.arange(4, 90)
    for rgb, _ in scenes:
        grey = luma(rgb)
        power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
        mean = [power[np.abs(frequency - ring) < 0.5].mean() for ring in rings]
        slope = np.polyfit(np.log(rings), np.log(mean), 1)[0]
        assert -3 < slope < -1.8


def test_edges_at_every_scale(scenes):
    """Halving the picture again and again leaves about the same density of strong edges."""
    for rgb, _ in scenes:
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        density = []
        for size in (320, 160, 80, 40):
            small = cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA)
            density.append((np.hypot(*np.gradient(small)) > 0.1).mean())
        assert min(density) > 0.08
        assert max(density) < 4 * min(density)


def test_the_seed_decides(scenes):
    rgb, depth = dead_leaves.scene(np.random.default_rng(0))
    np.testing.assert_array_equal(rgb, scenes[0][0])
    np.testing.assert_array_equal(depth, scenes[0][1])
    assert (rgb != scenes[1][0]).mean() > 0.9


@pytest.mark.parametrize("size", [16, 97, 384])
def test_other_sizes(size):
    rgb, depth = dead_leaves.scene(np.random.default_rng(0), size)
    assert rgb.shape == (size, size, 3)
    assert depth.shape == (size, size)
    assert rgb.std() > 10


def test_refuses_a_tiny_frame():
    with pytest.raises(ValueError, match="size"):
        dead_leaves.scene(np.random.default_rng(0), 8)
