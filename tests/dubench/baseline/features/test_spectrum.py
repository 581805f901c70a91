"""The spectrum, against closed forms and scipy."""

import numpy as np
import pytest
from scipy.fft import rfft2
from scipy.ndimage import gaussian_filter

from dubench.baseline.features import spectrum
from dubench.baseline.features.planes import planes_of

CENTRES = np.sqrt(spectrum.EDGES[1:] * spectrum.EDGES[:-1])


def grey(plane: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(np.rint(plane), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def measure(image: np.ndarray) -> np.ndarray:
    return spectrum.measure(planes_of(image))


@pytest.mark.parametrize("shape", [(256, 256), (32, 33), (33, 32), (45, 61), (200, 251)])
def test_the_power_is_that_of_scipys_transform(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(3, 20, shape).astype(np.float32)
    wanted = np.abs(rfft2(plane.astype(np.float64))) ** 2
    measured = spectrum.power(plane)
    assert measured.shape == wanted.shape
    assert np.allclose(measured, wanted, rtol=1e-3, atol=1e-6 * wanted.mean())


@pytest.mark.parametrize("shape", [(256, 256), (200, 313), (64, 64)])
def test_white_noise_has_its_variance_everywhere(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).normal(128, 20, shape)
    measured = measure(grey(noise))
    assert np.median(measured) == pytest.approx(np.log10(400), abs=0.1)
    assert measured[-10:] == pytest.approx(np.log10(400), abs=0.1)


def test_one_over_f_noise_falls_by_two_decades_per_decade() -> None:
    rng = np.random.default_rng(1)
    radius = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512))
    radius[0, 0] = 1
    plane = np.fft.ifft2(np.fft.fft2(rng.normal(size=(512, 512))) / radius).real
    measured = measure(grey(128 + 30 * plane / plane.std()))
    inner = slice(8, 28)
    slope = np.polyfit(np.log10(CENTRES[inner]), measured[inner], 1)[0]
    assert slope == pytest.approx(-2, abs=0.1)


def test_a_blur_bends_it_by_the_gaussians_transfer() -> None:
    noise = np.random.default_rng(2).normal(0, 40, (256, 256))
    sigma = 1.5
    sharp = measure(grey(128 + noise))
    blurred = measure(grey(128 + gaussian_filter(noise, sigma, mode="mirror")))
    expected = -4 * np.pi**2 * sigma**2 * CENTRES**2 * np.log10(np.e)
    low = (CENTRES > 0.03) & (CENTRES < 0.2)
    assert (blurred - sharp)[low] == pytest.approx(expected[low], abs=0.12)
