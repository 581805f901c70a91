"""The noise, against the covariance it was drawn with."""

import numpy as np
import pytest

from dubench.baseline.features import noise
from dubench.baseline.features.planes import planes_of

COVARIANCE = np.array([[30.0, 9.0, -6.0], [9.0, 12.0, 2.0], [-6.0, 2.0, 20.0]])
ROUNDING = 1 / 12


def noisy(levels: np.ndarray, covariance: np.ndarray, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    added = rng.multivariate_normal(np.zeros(3), covariance, levels.shape)
    return np.clip(np.rint(levels[..., None] + added), 0, 255).astype(np.uint8)


def at_full_size(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per bin (share, three log variances, three correlations), and of all bins."""
    measured = noise.measure(planes_of(image))
    fine = measured[: noise.BINS * 7].reshape(noise.BINS, 7)
    return fine, measured[noise.BINS * 7 : noise.BINS * 7 + 5]


def test_its_covariance_is_found() -> None:
    fine, colour = at_full_size(noisy(np.full((256, 256), 100.0), COVARIANCE))
    variance = np.diag(COVARIANCE) + ROUNDING
    root = np.sqrt(np.outer(variance, variance))
    wanted = (COVARIANCE / root)[[0, 0, 1], [1, 2, 2]]
    here = fine[np.searchsorted(noise.BRIGHTNESS, 100)]
    assert here[0] == pytest.approx(1, abs=0.01)
    assert here[1:4] == pytest.approx(np.log(variance), abs=0.05)
    assert here[4:] == pytest.approx(wanted, abs=0.03)
    assert colour[:2] == pytest.approx(np.log(variance[[0, 2]] / variance[1]), abs=0.06)
    assert colour[2:] == pytest.approx(wanted, abs=0.03)


def test_dark_and_bright_have_noise_of_their_own() -> None:
    left = np.arange(256) < 128
    levels = np.where(left, 34.0, 200.0) * np.ones((256, 1))
    image = np.where(
        left[:, None], noisy(levels, 4 * np.eye(3)), noisy(levels, 25 * np.eye(3), seed=1)
    )
    fine, _ = at_full_size(image)
    dark, bright = (fine[np.searchsorted(noise.BRIGHTNESS, level)] for level in (34, 200))
    assert dark[1:4] == pytest.approx(np.log(4 + ROUNDING), abs=0.1)
    assert bright[1:4] == pytest.approx(np.log(25 + ROUNDING), abs=0.1)


def test_halving_a_picture_quarters_white_noise() -> None:
    measured = noise.measure(planes_of(noisy(np.full((256, 256), 100.0), 16 * np.eye(3))))
    coarse = measured[noise.BINS * 7 + 5 : -5].reshape(noise.BINS, 4)
    here = coarse[np.searchsorted(noise.BRIGHTNESS, 100)]
    assert here[1:] == pytest.approx(np.log((16 + ROUNDING) / 4), abs=0.1)
