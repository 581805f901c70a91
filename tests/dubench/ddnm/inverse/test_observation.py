"""Inverses against linear algebra, the posterior of a Gaussian, and the simulator."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dubench.ddnm.inverse import blur, haze, low_light, low_resolution
from dubench.ddnm.inverse.rounding import ROUNDING
from dubench.ddnm.inverse.separable import observe
from generators.operators import SeparableOperator, down_operator
from generators.physics import blur as forward_blur
from generators.physics import haze as forward_haze
from generators.physics import low_light as forward_low_light
from generators.physics import low_resolution as forward_low_resolution
from generators.randomness import Purpose, stream
from generators.sources import photographs
from generators.sources.pools import BUNDLED

SIDE = 96


@pytest.fixture(scope="module")
def clean():
    """The piece (S, S, 3) uint8 of a photograph that has most detail."""
    pixels, _ = photographs.load(sorted(BUNDLED.glob("*.jpg"))[3])
    corners = [
        (y, x)
        for y in range(0, pixels.shape[0] - SIDE, SIDE)
        for x in range(0, pixels.shape[1] - SIDE, SIDE)
    ]
    pieces = [pixels[y : y + SIDE, x : x + SIDE] for y, x in corners]
    return max(pieces, key=lambda piece: np.abs(np.diff(piece.astype(float), axis=0)).sum()).copy()


def planar(image):
    """(H, W, 3) uint8 as (3, H, W) on [0, 1]."""
    return np.moveaxis(image, -1, 0) / 255


def psnr(estimate, image):
    return -10 * np.log10(np.mean((np.clip(estimate, 0, 1) - planar(image)) ** 2))


def random_operator(rng, rows, columns):
    return SeparableOperator(rng.normal(size=rows), rng.normal(size=columns))


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(2, 6), st.integers(2, 6))
def test_it_is_the_operator_in_another_basis(seed, h, w, more):
    rng = np.random.default_rng(seed)
    operator = random_operator(rng, (h, more + 4), (w, 7))
    image = rng.normal(size=(3, more + 4, 7))
    seen = np.stack([operator.rows @ plane @ operator.columns.T for plane in image])
    observation = observe(operator, seen, 0.0)
    predicted = observation.singular * observation.basis.coefficients(image)
    np.testing.assert_allclose(predicted, observation.coefficients, atol=1e-9)
    # Moore and Penrose's first: A·A⁺·y = y for y in A's range.
    again = operator.forward(np.moveaxis(observation.pseudo_inverse(1e-9), 0, -1))
    np.testing.assert_allclose(np.moveaxis(again, -1, 0), seen, atol=1e-6)


@given(st.integers(0, 2**32), st.floats(0.05, 2), st.floats(0.05, 2))
def test_the_proximal_step_is_the_posterior_mean(seed, sigma, prior_sigma):
    rng = np.random.default_rng(seed)
    operator = random_operator(rng, (3, 4), (2, 5))
    image, seen = rng.normal(size=(1, 4, 5)), rng.normal(size=(1, 3, 2))
    matrix = np.kron(operator.rows, operator.columns)
    precision = matrix.T @ matrix / sigma**2 + np.eye(20) / prior_sigma**2
    right = matrix.T @ seen.ravel() / sigma**2 + image.ravel() / prior_sigma**2
    expected = np.linalg.solve(precision, right).reshape(image.shape)
    result = observe(operator, seen, sigma).proximal(image, prior_sigma)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_damping_is_tikhonovs_solution():
    rng = np.random.default_rng(0)
    operator, seen = random_operator(rng, (4, 4), (5, 5)), rng.normal(size=(1, 4, 5))
    matrix, damping = np.kron(operator.rows, operator.columns), 0.03
    expected = np.linalg.solve(matrix.T @ matrix + damping * np.eye(20), matrix.T @ seen.ravel())
    result = observe(operator, seen, 0.0).pseudo_inverse(damping=damping)
    np.testing.assert_allclose(result.ravel(), expected, atol=1e-9)


def test_consistent_pictures_explain_what_was_seen_and_keep_the_null_space():
    rng = np.random.default_rng(1)
    operator, guess = down_operator(24, 18, 3), rng.random((3, 24, 18))
    seen = rng.random((3, 8, 6))
    result = observe(operator, seen, 0.0).consistent(guess)
    forward = np.moveaxis(operator.forward(np.moveaxis(result, 0, -1)), -1, 0)
    np.testing.assert_allclose(forward, seen, atol=1e-9)
    moved = np.moveaxis(result - guess, 0, -1)
    projected = operator.pseudo_inverse(operator.forward(moved))
    np.testing.assert_allclose(projected, moved, atol=1e-9)


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_a_blur_is_undone_as_far_as_rounding_lets(clean, sigma):
    degraded = forward_blur.apply(clean, {"sigma": sigma})
    observation = blur.observe(planar(degraded), {"sigma": sigma})
    wiener = observation.proximal(planar(degraded), 0.1)
    assert psnr(wiener, clean) > psnr(planar(degraded), clean) + 2
    # The truth itself explains the picture to its rounding, and nothing else is left.
    assert observation.misfit(planar(clean)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_small_image_comes_back(clean, scale):
    degraded = forward_low_resolution.apply(clean, {"scale": scale})
    operator = down_operator(SIDE, SIDE, scale)
    expected = np.moveaxis(np.clip(np.rint(operator.forward(clean)), 0, 255) / 255, -1, 0)
    result, _ = low_resolution.small(planar(degraded), scale)
    assert (np.abs(result - expected) > 1e-9).mean() < 0.02
    observation = low_resolution.observe(planar(degraded), {"scale": scale})
    # A value in fifty a level off, where the enlargement was clipped, is 3.5 of its σ.
    assert observation.misfit(planar(clean)) < 1.5


def test_a_fog_of_known_transmission_is_undone_to_rounding(clean):
    depth = (np.mgrid[:SIDE, :SIDE].sum(0) * 65535 / (2 * SIDE - 2)).astype(np.uint16)
    values = {"atmospheric_light": 0.8, "beta": 1.5}
    degraded = forward_haze.apply(clean, values, depth)
    transmission = forward_haze.transmission_map(depth, 1.5).astype(np.float64)[None]
    observation = haze.observe(planar(degraded), 0.8, transmission)
    error = observation.pseudo_inverse() - planar(clean)
    # Half a level of rounding, divided by t, and float32's digits.
    assert (np.abs(error) <= 0.5001 / 255 / transmission + 1e-6).all()
    assert observation.misfit(planar(clean)) == pytest.approx(1, abs=0.05)


CAMERA = [0.6722, -0.0635, -0.0963, -0.4287, 1.2460, 0.2028, -0.0908, 0.2162, 0.5668]
VALUES = {
    "gamma": 2.6,
    "gain": 0.08,
    "camera_intrinsics": [
        0.6722,
        -0.0635,
        -0.0963,
        -0.4287,
        1.2460,
        0.2028,
        -0.0908,
        0.2162,
        0.5668,
    ],
    "red_gain": 2.1,
    "blue_gain": 1.7,
    "shot_noise": 1e-4,
    "read_noise": 6e-9,
}


def darkened(clean, number, shot=1e-4, read=6e-9):
    rng = stream(0, number, 0, Purpose.NOISE)
    values = VALUES | {"shot_noise": shot, "read_noise": read}
    return planar(forward_low_light.apply(clean, values, None, rng))


def test_a_dark_picture_is_developed_and_its_noise_is_known(clean):
    developed, levels, parts = [], [], []
    for number in range(40):
        observation = low_light.observe(darkened(clean, number), VALUES)
        developed.append(observation.pseudo_inverse())
        levels.append(observation.level()[0])
        error = observation.basis.coefficients(developed[-1] - planar(clean))
        parts.append(error / observation.sigma)
    error = np.stack(developed) - planar(clean)
    # Where neither black nor white cuts the noise off.
    inside = ((planar(clean) > 0.2) & (planar(clean) < 0.8)).all(0)
    ratio = np.sqrt((error**2).mean((0, 1)) / (np.stack(levels) ** 2).mean(0))
    assert np.median(ratio[inside]) == pytest.approx(1, abs=0.05)
    assert np.abs(error.mean(0)[:, inside]).mean() < 0.01
    # The three colours are drawn independently, each with its own deviation.
    pixels = np.stack(parts)[:, :, inside].swapaxes(0, 1).reshape(3, -1)
    np.testing.assert_allclose(np.cov(pixels), np.eye(3), atol=0.1)


@pytest.mark.parametrize("shot", [1e-5, 1e-4, 4e-4])
def test_the_sensors_noise_is_measured(shot, clean):
    read = float(np.exp(2.18 * np.log(shot) + 1.2))
    known = {name: value for name, value in VALUES.items() if "noise" not in name}
    image = darkened(clean, 0, shot, read)
    measured = low_light.observe(image, known).level()
    stated = low_light.observe(image, known | {"shot_noise": shot, "read_noise": read}).level()
    np.testing.assert_allclose(np.median(measured / stated), 1, atol=0.12)


def test_colours_of_a_pixel_are_a_rotation(clean):
    observation = low_light.observe(planar(clean), VALUES)
    image = np.random.default_rng(0).normal(size=planar(clean).shape)
    coefficients = observation.basis.coefficients(image)
    np.testing.assert_allclose((coefficients**2).sum(0), (image**2).sum(0), atol=1e-9)
    np.testing.assert_allclose(observation.basis.image(coefficients), image, atol=1e-9)


def test_torch_and_numpy_are_one(clean):
    image = planar(clean)
    image[:, :40, :40] = 0.5  # even, where rounding is no noise
    tensor = torch.from_numpy(image)
    maps = np.full((1, SIDE, SIDE), 0.5)
    for ours, theirs in (
        (blur.observe(image, {"sigma": 2.0}), blur.observe(tensor, {"sigma": 2.0})),
        (low_resolution.observe(image, {"scale": 3}), low_resolution.observe(tensor, {"scale": 3})),
        (haze.observe(image, 0.7, maps), haze.observe(tensor, 0.7, torch.from_numpy(maps))),
        (low_light.observe(image, VALUES), low_light.observe(tensor, VALUES)),
    ):
        np.testing.assert_allclose(
            theirs.proximal(tensor, 0.1).numpy(), ours.proximal(image, 0.1), atol=1e-9
        )
        np.testing.assert_allclose(
            theirs.pseudo_inverse(0.01).numpy(), ours.pseudo_inverse(0.01), atol=1e-9
        )
    assert pytest.approx(0.00113, abs=1e-5) == ROUNDING
