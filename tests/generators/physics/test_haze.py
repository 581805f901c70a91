"""Haze against its closed form in float64, and β against scipy's root finder."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as random_arrays
from scipy.optimize import brentq

from generators.errors import InputError
from generators.physics import haze
from generators.randomness import five_digits

with np.load(Path(__file__).parents[2] / "data" / "golden.npz") as arrays:
    PHOTO, DEPTH = arrays["clean_96"], arrays["depth_96"]

# Depth maps run from 0.05, the nearest, to 1.
DEPTHS = random_arrays(
    np.uint16, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(3277, 65535)
)


def mean_transmission(beta: float, depth: np.ndarray) -> float:
    return float(np.exp(-beta * (depth / 65535)).mean())


@settings(max_examples=40, deadline=None)
@given(light=st.floats(0.25, 1), beta=st.floats(0, 8), seed=st.integers(0))
def test_closed_form(light, beta, seed) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)
    depth = rng.integers(3277, 65536, (9, 11), dtype=np.uint16)
    result = haze.apply(image, {"beta": beta, "atmospheric_light": light}, depth)
    t = np.exp(-beta * depth[..., None] / 65535)
    wanted = image * t + 255 * light * (1 - t)
    assert result.dtype == np.uint8
    assert np.abs(result - wanted).max() < 0.5 + 1e-3


def test_no_fog_and_thick_fog() -> None:
    clear = haze.apply(PHOTO, {"beta": 0.0, "atmospheric_light": 0.8}, DEPTH)
    np.testing.assert_array_equal(clear, PHOTO)
    far = np.full_like(DEPTH, 65535)
    thick = haze.apply(PHOTO, {"beta": 100.0, "atmospheric_light": 0.8}, far)
    assert (thick == 204).all()


@settings(max_examples=60, deadline=None)
@given(wanted=st.floats(0.10, 0.85), depth=DEPTHS)
def test_beta_against_brentq(wanted, depth) -> None:
    root = brentq(lambda beta: mean_transmission(beta, depth) - wanted, 0, 100, xtol=1e-13)
    # Depth is binned at 1/2048 in between.
    assert haze.solve_beta(wanted, depth) == pytest.approx(root, rel=1e-5)
    assert mean_transmission(haze.solve_beta(wanted, depth), depth) == pytest.approx(
        wanted, abs=1e-6
    )


@given(wanted=st.floats(0.01, 0.99), level=st.integers(3277, 65535))
def test_beta_at_constant_depth(wanted, level) -> None:
    depth = np.full((4, 5), level, np.uint16)
    assert haze.solve_beta(wanted, depth) == pytest.approx(-math.log(wanted) * 65535 / level)


@settings(max_examples=40, deadline=None)
@given(wanted=st.floats(0.10, 0.85), depth=DEPTHS)
def test_transmission_is_that_of_the_rounded_beta(wanted, depth) -> None:
    values = haze.derive({"atmospheric_light": 0.6, "transmission": wanted}, depth)
    beta = values["beta"]
    assert beta == five_digits(haze.solve_beta(wanted, depth))
    assert values["transmission"] == five_digits(mean_transmission(beta, depth))
    assert values["transmission"] == pytest.approx(wanted, rel=1e-3)
    shares = np.exp(-beta * (depth / 65535)) < 0.05
    assert values["opaque_share"] == five_digits(shares.mean())


def test_the_map_is_the_exponential() -> None:
    t = haze.transmission_map(DEPTH, 1.7)
    np.testing.assert_allclose(t, np.exp(-1.7 * (DEPTH / 65535)), rtol=1e-6)
    assert t.shape == DEPTH.shape


@pytest.mark.parametrize(
    ("beta", "share", "kept"),
    [(8.0, 0.25, True), (8.01, 0.0, False), (1.0, 0.2501, False), (0.5, 0.0, True)],
)
def test_what_a_sampler_keeps(beta, share, kept) -> None:
    assert haze.plausible({"beta": beta, "opaque_share": share}) is kept


@settings(deadline=None)
@given(depth=DEPTHS, wanted=st.floats(0.02, 0.9), key=st.sampled_from(["transmission", "beta"]))
def test_what_suits_is_what_would_be_plausible(depth, wanted, key) -> None:
    drawn = {"atmospheric_light": 0.5, key: wanted if key == "transmission" else 12 * wanted}
    values = haze.derive(drawn, depth)
    nearly = abs(values["beta"] / haze.MAX_BETA - 1) < 1e-4
    nearly |= bool((abs(np.exp(-values["beta"] * depth / 65535) - haze.OPAQUE) < 1e-5).any())
    assert nearly or haze.suits(drawn, depth) == haze.plausible(values)


@pytest.mark.parametrize("wanted", [0.0, 1.0])
def test_transmission_must_lie_inside(wanted) -> None:
    with pytest.raises(InputError, match=f"transmission={wanted:g} must lie between 0 and 1"):
        haze.derive({"atmospheric_light": 0.6, "transmission": wanted}, DEPTH)


def test_each_channel_may_have_a_light_of_its_own() -> None:
    offsets = {"red_offset": 0.02, "green_offset": -0.01, "blue_offset": 0.0}
    image, t = np.full((4, 4, 3), 100, np.uint8), math.exp(-2)
    depth = np.full((4, 4), 65535, np.uint16)
    result = haze.apply(image, {"beta": 2.0, "atmospheric_light": 0.5, **offsets}, depth)
    wanted = 100 * t + 255 * (0.5 + np.array([0.02, -0.01, 0])) * (1 - t)
    np.testing.assert_array_equal(result[0, 0], np.rint(wanted))


def test_a_drawn_beta_gives_the_mean() -> None:
    values = haze.derive({"atmospheric_light": 0.5, "beta": 1.7}, DEPTH)
    assert values["beta"] == 1.7
    assert values["transmission"] == five_digits(mean_transmission(1.7, DEPTH))
    with pytest.raises(InputError, match="beta=-1 must lie above 0"):
        haze.derive({"atmospheric_light": 0.5, "beta": -1.0}, DEPTH)
