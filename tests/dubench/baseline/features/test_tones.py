"""Tones, against scipy and numpy."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import minimum_filter

from dubench.baseline.features import tones
from dubench.baseline.features.histograms import histogram, quantiles
from dubench.baseline.features.planes import planes_of
from generators.sources.pools import BUNDLED


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    photo = cv2.imread(str(BUNDLED / "bridge-by-sander-klootwijk.jpg"))
    return np.ascontiguousarray(photo[100:300, 100:340, ::-1])


def test_the_dark_channel_is_scipys_minimum(image: np.ndarray) -> None:
    wanted = minimum_filter(image.min(axis=2), size=15, mode="nearest")
    assert np.array_equal(planes_of(image).dark, wanted)


def test_quantiles_are_numpys_within_half_a_level(image: np.ndarray) -> None:
    plane = np.ascontiguousarray(image[..., 1])
    measured = quantiles(histogram(plane), tones.AT)
    assert measured == pytest.approx(np.quantile(plane, tones.AT), abs=0.51)


def test_the_parts_are_where_they_are_said_to_be(image: np.ndarray) -> None:
    measured = tones.measure(planes_of(image))
    extremes = image.astype(int).max(axis=2) - image.min(axis=2)
    five = measured[: 5 * len(tones.AT)].reshape(5, -1) * 255
    assert five[1] == pytest.approx(np.quantile(image.min(axis=2), tones.AT), abs=0.51)
    assert five[4] == pytest.approx(np.quantile(extremes, tones.AT), abs=0.51)
    pixels = image.reshape(-1, 3) / 255
    assert measured[-9:-6] == pytest.approx(pixels.mean(axis=0), abs=1e-6)
    assert measured[-6:-3] == pytest.approx(pixels.std(axis=0), abs=1e-6)
    wanted = np.corrcoef(pixels.T)
    assert measured[-3:] == pytest.approx([wanted[0, 1], wanted[0, 2], wanted[1, 2]], abs=5e-3)
