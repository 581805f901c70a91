"""The camera pipeline: the identity where it should be, and the noise law it claims."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from generators import presets
from generators.errors import InputError
from generators.physics import low_light
from generators.randomness import five_digits, normals

CAMERAS = presets.load("du110k").draws["low_light"]["camera_intrinsics"]["choice"]
with np.load(Path(__file__).parents[2] / "data" / "golden.npz") as arrays:
    PHOTO = arrays["clean_96"]
STILL = np.zeros(PHOTO.shape, np.float32)
CHOICES = st.fixed_dictionaries(
    {
        "gamma": st.floats(2, 3.5),
        "camera_intrinsics": st.sampled_from(CAMERAS),
        "red_gain": st.floats(1.9, 2.4),
        "blue_gain": st.floats(1.5, 1.9),
    }
)
NOISELESS = {"shot_noise": 0.0, "read_noise": 0.0}


def tone_curve(u: np.ndarray) -> np.ndarray:
    return 3 * u**2 - 2 * u**3


# S⁻¹ by a root finder, for all 256 levels.
UNTONED = np.array(
    [brentq(lambda u, x=x: tone_curve(u) - x, 0, 1, xtol=1e-15) for x in np.arange(256) / 255]
)


def pipeline(image: np.ndarray, values: dict, gain: float) -> np.ndarray:
    """DESIGN's chain without noise in float64, as Brooks et al. write it; x in [0, 1]."""
    to_camera = np.reshape(values["camera_intrinsics"], (3, 3)) @ low_light.RGB_TO_XYZ
    to_camera /= to_camera.sum(axis=1, keepdims=True)
    balance = np.array([values["red_gain"], 1, values["blue_gain"]])
    linear = np.maximum(UNTONED[image], 1e-8) ** values["gamma"]
    raw = gain * (linear @ to_camera.T) / balance
    developed = np.clip(np.linalg.solve(to_camera, (raw * balance)[..., None])[..., 0], 1e-8, 1)
    return tone_curve(developed ** (1 / values["gamma"]))


@settings(max_examples=30, deadline=None)
@given(values=CHOICES)
def test_gain_one_without_noise_is_the_identity(values) -> None:
    # Black comes back as S(ε^(1/γ)), a fiftieth of a level at most; all else exactly.
    np.testing.assert_allclose(pipeline(PHOTO, values, 1.0), PHOTO / 255, atol=1e-4)
    lit = np.maximum(PHOTO, 1)
    np.testing.assert_allclose(pipeline(lit, values, 1.0), lit / 255, atol=1e-12)
    values = {**values, **NOISELESS, "gain": 1.0}
    np.testing.assert_array_equal(low_light.render(PHOTO, values, STILL), PHOTO)


@settings(max_examples=30, deadline=None)
@given(values=CHOICES, gain=st.floats(0.05, 0.1))
def test_render_against_the_chain_in_float64(values, gain) -> None:
    wanted = 255 * pipeline(PHOTO, values, gain)
    result = low_light.render(PHOTO, {**values, **NOISELESS, "gain": gain}, STILL)
    assert np.abs(result - wanted).max() < 0.5 + 0.02


@settings(max_examples=30, deadline=None)
@given(values=CHOICES, gain=st.floats(0.05, 0.1))
def test_without_noise_only_the_darkening_shows(values, gain) -> None:
    darkening = gain ** (1 / values["gamma"])
    wanted = 255 * tone_curve(darkening * UNTONED[PHOTO])
    drawn = {**values, **NOISELESS, "gain": gain}
    assert np.abs(low_light.render(PHOTO, drawn, STILL) - wanted).max() < 1
    assert low_light.derive(drawn, None) == {**drawn, "darkening": five_digits(darkening)}


def test_two_cameras_take_the_same_picture_until_there_is_noise() -> None:
    base = {"gamma": 2.75, "gain": 0.076, "red_gain": 2.1, "blue_gain": 1.7}
    noise = normals(np.random.default_rng(0), PHOTO.shape)

    def difference(shot: float, read: float) -> int:
        one, other = (
            low_light.render(
                PHOTO,
                {**base, "camera_intrinsics": camera, "shot_noise": shot, "read_noise": read},
                noise,
            ).astype(int)
            for camera in CAMERAS[:2]
        )
        return np.abs(one - other).max()

    assert difference(0.0, 0.0) <= 1
    assert difference(1e-4, 6e-9) > 3


@pytest.mark.parametrize("level", [130, 170, 220])
@pytest.mark.parametrize("camera", CAMERAS)
def test_noise_follows_its_law(camera, level) -> None:
    # Much light, so that nothing is clipped, and enough noise for 8 bits to carry it.
    gamma, gain, shot, read = 2.2, 0.5, 2e-4, 1e-5
    values = {"gamma": gamma, "gain": gain, "camera_intrinsics": camera, "red_gain": 2.0}
    values |= {"blue_gain": 1.6, "shot_noise": shot, "read_noise": read}
    image = np.full((200, 200, 3), level, np.uint8)
    rendered = low_light.apply(image, values, None, np.random.default_rng(level))
    assert rendered.min() > 0
    assert rendered.max() < 255
    # Back to the sensor by the inverse of the second half of the chain.
    balance = np.array([2.0, 1.0, 1.6])
    to_camera = low_light.camera_matrix(tuple(camera))
    raw = UNTONED[rendered.reshape(-1, 3)] ** gamma @ to_camera.T / balance
    signal = gain * UNTONED[level] ** gamma / balance  # grey: rows of the matrix sum to 1
    np.testing.assert_allclose(raw.mean(axis=0), signal, rtol=0.02)
    covariance = np.cov(raw.T)
    np.testing.assert_allclose(np.diag(covariance), shot * signal + read, rtol=0.06)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert np.abs(covariance / scale - np.eye(3)).max() < 0.05


def test_noise_comes_from_the_stream() -> None:
    values = {"gamma": 2.5, "gain": 0.08, "camera_intrinsics": CAMERAS[0], "red_gain": 2.0}
    values |= {"blue_gain": 1.6, "shot_noise": 1e-4, "read_noise": 1e-8}
    one, again, other = (
        low_light.apply(PHOTO, values, None, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    noise = normals(np.random.default_rng(1), PHOTO.shape)
    np.testing.assert_array_equal(one, low_light.render(PHOTO, values, noise))
    assert low_light.plausible(values)


def test_the_tone_curve_and_its_inverse() -> None:
    x = np.arange(256) / 255
    np.testing.assert_allclose(low_light.inverse_smoothstep(x), UNTONED, atol=1e-11)
    np.testing.assert_allclose(low_light.smoothstep(low_light.inverse_smoothstep(x)), x, atol=1e-14)
    np.testing.assert_allclose(low_light.smoothstep(x), tone_curve(x), atol=1e-15)


def test_rgb_to_xyz_is_that_of_srgb() -> None:
    # From the primaries' and D65's chromaticities (IEC 61966-2-1), as every textbook does.
    x, y = np.array([[0.64, 0.30, 0.15], [0.33, 0.60, 0.06]])
    primaries = np.array([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    wanted = primaries * np.linalg.solve(primaries, white)
    np.testing.assert_allclose(low_light.RGB_TO_XYZ, wanted, atol=3e-4)


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_camera_matrix_keeps_white_and_forgets_each_rows_scale(camera) -> None:
    matrix = low_light.camera_matrix(tuple(camera))
    np.testing.assert_allclose(matrix @ np.ones(3), 1, atol=1e-14)
    scaled = np.reshape(camera, (3, 3)) * [[0.5], [1.1], [0.8]]
    np.testing.assert_allclose(low_light.camera_matrix(tuple(scaled.ravel())), matrix, atol=1e-14)
    # Every published camera sees red, green and blue mostly in their own channels.
    assert (matrix.argmax(axis=1) == [0, 1, 2]).all()


@pytest.mark.parametrize(
    "entries",
    [
        [0] * 9,
        [1] * 9,
        [1, 0, 0, 0, 1, 0, 1, 1, 0],
        # What this row sees of white: 0.95047 − 0.872928 · 1.08883.
        [1, 0, 0, 0, 1, 0, -1, 0, 0.872928],
    ],
)
def test_a_matrix_from_which_no_colour_comes_back(entries) -> None:
    with pytest.raises(InputError, match="camera_intrinsics: no colour comes back"):
        low_light.camera_matrix(tuple(entries))
