"""Closed forms on pictures whose answer is known by construction."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from dubench.baseline.features.planes import planes_of
from dubench.predictors import load_predictor
from dubench.predictors.classical import atmospheric_light, scale, sigma, transmission
from generators import degrade
from generators.errors import InputError
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return load(BUNDLED / "picosdeeuropa-by-aitzol-berasategi.jpg")[0][100:356, 200:456]


def fractal() -> np.ndarray:
    """Grey noise with power falling as f to the minus 2.2, of a mean of 120 levels."""
    f = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    f[0, 0] = 1
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, f.shape)
    plane = np.fft.irfft2(np.exp(1j * phases) * f**-1.1, s=(256, 256))
    return 120 + 40 * (plane - plane.mean()) / plane.std()


@pytest.mark.parametrize("true", [2.0, 3.0, 5.0])
def test_sigma_of_a_blur_by_scipy(true: float) -> None:
    blurred = gaussian_filter(fractal(), true, mode="wrap")
    noisy = blurred + np.random.default_rng(1).normal(0, 0.5, blurred.shape)
    image = np.rint(np.clip(noisy, 0, 255)).astype(np.uint8)
    assert sigma(planes_of(np.dstack([image] * 3))) == pytest.approx(true, rel=0.15)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_scale_of_what_pillow_enlarged(crop: np.ndarray, factor: int) -> None:
    photo = Image.fromarray(crop)
    small = photo.resize((252 // factor, 252 // factor), Image.Resampling.BICUBIC)
    enlarged = small.resize((252, 252), Image.Resampling.BICUBIC)
    assert scale(planes_of(np.asarray(enlarged))) == factor
    assert scale(planes_of(crop)) is None


def test_a_veil_over_black_and_white_is_read_exactly() -> None:
    """Every patch has something black, so that the dark channel is the veil: A·(1 − t)."""
    board = np.indices((256, 256)).sum(axis=0) % 2 * 255.0
    board[:20] = 0
    t, light = 0.4, 200 / 255
    hazy = board * t + 255 * light * (1 - t)
    hazy[:20, :20] = 255 * light  # far away
    planes = planes_of(np.rint(np.dstack([hazy] * 3)).astype(np.uint8))
    assert atmospheric_light(planes) == pytest.approx(light, abs=0.01)
    assert transmission(planes, light) == pytest.approx(1 - 0.95 * 0.6, abs=0.02)


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("blur", {"sigma": 4.0}),
        ("low_resolution", {"scale": 3.0}),
        ("haze", {"atmospheric_light": 0.8, "transmission": 0.3}),
        ("low_light", {"gamma": 2.75, "gain": 0.075}),
    ],
)
def test_each_type_is_named(crop: np.ndarray, type_name: str, values: dict) -> None:
    model = load_predictor("classical")
    degraded = degrade(crop, type_name, values, 1).degraded
    record, clean = model.predict([degraded, crop])
    assert record["type"] == type_name
    for name, value in values.items():
        assert record["parameters"][name] == pytest.approx(value, rel=0.35), name
    assert clean == {"type": "none", "parameters": {}}


def test_there_is_one(crop: np.ndarray) -> None:
    with pytest.raises(InputError, match="there is one; leave out :du110k"):
        load_predictor("classical:du110k")
