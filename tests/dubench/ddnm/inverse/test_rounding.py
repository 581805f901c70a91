"""Rounding of even grounds, against its definition."""

from dataclasses import replace

import numpy as np
import pytest

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.inverse import blur
from dubench.ddnm.inverse.rounding import even
from dubench.ddnm.methods import CHOSEN, begin, levels
from dubench.ddnm.plug_and_play import PlugAndPlay
from dubench.ddnm.prior.opening import open_prior
from generators.operators import blur_operator
from generators.taxonomy import Degradation

SIDE, BLUR = 64, {"sigma": 2.5}


@pytest.fixture(scope="module")
def sky():
    """(3, S, S) on [0, 1]: an even ground, on levels that no 8 bits hold."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.stack([(150 + 4 * rows + 2 * columns + shift) / 255 for shift in (0, 0.3, 9.8)])


@pytest.fixture(scope="module")
def seen(sky):
    """`sky`, blurred and rounded."""
    blurred = blur_operator(SIDE, SIDE, **BLUR).forward(np.moveaxis(sky, 0, -1))
    return np.moveaxis(np.rint(blurred * 255) / 255, -1, 0)


def test_even_is_a_small_deviation_around_a_pixel():
    rng = np.random.default_rng(0)
    image = np.rint(120 + rng.normal(size=(2, 30, 20)) * np.linspace(0, 2, 20)) / 255
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(image, ((0, 0), (3, 3), (3, 3)), mode="symmetric"), (7, 7), (1, 2)
    )
    expected = windows.std((-1, -2)) < 0.7 / 255
    assert 0.2 < expected.mean() < 0.8
    np.testing.assert_array_equal(even(image), expected)


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0])
def test_what_rounds_to_an_even_picture_is_left_as_it_is(sky, seen, sigma):
    observation = blur.observe(seen, BLUR)
    np.testing.assert_allclose(observation.proximal(sky, sigma), sky, atol=1e-9)
    # The middles of the levels would have been explained by stripes.
    stripes = observation.damped(sky, (observation.sigma / sigma) ** 2) - sky
    assert np.abs(stripes).max() * 255 > 0.4


def test_what_does_not_is_moved_to_where_it_begins_to(sky, seen):
    result = blur.observe(seen, BLUR).proximal(sky + 5 / 255, 10.0)
    blurred = blur_operator(SIDE, SIDE, **BLUR).forward(np.moveaxis(result, 0, -1))
    # Half a level above the middle of what rounds to the picture.
    error = np.moveaxis(blurred, -1, 0) - seen
    assert error.mean() * 255 == pytest.approx(0.5, abs=1e-3)


def test_where_noise_is_more_than_rounding_all_is_noise(sky, seen):
    noisy = blur.observe(seen, BLUR, 2 / 255)
    assert noisy.rounded is None
    np.testing.assert_array_equal(
        noisy.proximal(sky, 0.1), noisy.damped(sky, (noisy.sigma / 0.1) ** 2)
    )


def test_a_sky_is_restored_with_few_stripes(sky, seen):
    degraded = Degraded(levels(seen), Degradation("blur", BLUR))
    observation, start = begin(degraded, np.asarray)
    prior = open_prior(None)
    way = PlugAndPlay(**CHOSEN["pnp"]["blur"])
    errors = [
        np.std(way.restore(one, start, prior) - sky) * 255
        for one in (observation, replace(observation, rounded=None))
    ]
    assert errors[0] < 0.75 * errors[1] < 0.75
