"""The veil, against scipy and the haze equation."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from dubench.baseline.features import veil
from dubench.baseline.features.planes import planes_of


def measure(image: np.ndarray) -> np.ndarray:
    return veil.measure(planes_of(image))


def test_local_deviation_is_scipys() -> None:
    luma = np.random.default_rng(0).uniform(0, 255, (60, 80)).astype(np.float32)
    mean = uniform_filter(luma.astype(np.float64), 7, mode="mirror")
    square = uniform_filter(luma.astype(np.float64) ** 2, 7, mode="mirror")
    assert veil.local_deviation(luma) == pytest.approx(np.sqrt(square - mean**2), abs=0.02)


def test_the_bands_follow_the_haze_equation() -> None:
    """I = J·t + A·(1 − t): luma nears A, spread and contrast shrink by t, band by band."""
    clean = np.random.default_rng(1).integers(0, 256, (256, 256, 3))
    t = np.repeat(np.linspace(0.2, 0.9, 8), 32)[:, None, None]
    light = 200
    hazy = np.rint(clean * t + light * (1 - t)).astype(np.uint8)
    before, after = (
        veil.measure(planes_of(image.astype(np.uint8)))[3 * veil.BINS :].reshape(4, veil.BANDS)
        * 255
        for image in (clean, hazy)
    )
    of_band = t[::32, 0, 0]
    assert after[0] == pytest.approx(before[0] * of_band + light * (1 - of_band), abs=0.5)
    assert after[2] == pytest.approx(before[2] * of_band, abs=0.5)
    # Windows across two bands see a step between them as well.
    assert (after[3] - before[3]) / 25 == pytest.approx(np.log(of_band), abs=0.15)


def test_the_bins_go_from_dark_to_bright() -> None:
    ramp = np.repeat(np.linspace(0, 255, 240).astype(np.uint8)[:, None], 240, axis=1)
    luma = measure(np.dstack([ramp] * 3))[: veil.BINS] * 255
    assert np.diff(luma) == pytest.approx(255 / veil.BINS, abs=8)


def test_a_picture_of_one_colour_fills_every_bin() -> None:
    measured = measure(np.full((64, 64, 3), 77, np.uint8))[: veil.BINS] * 255
    assert measured == pytest.approx(77)
