"""Edges, against the error function."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.special import erf

from dubench.baseline.features import edges
from dubench.baseline.features.planes import planes_of


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
def test_the_steepest_difference_is_the_error_functions(sigma: float) -> None:
    step = np.where(np.arange(256) < 128, 40.0, 220.0)
    row = gaussian_filter1d(step, sigma, mode="nearest")
    image = np.repeat(np.rint(np.tile(row, (256, 1))).astype(np.uint8)[..., None], 3, axis=2)
    measured = np.exp(edges.measure(planes_of(image))).reshape(-1, len(edges.AT) + 1)
    for lag, steepest in zip(edges.LAGS, measured[:-1, -1], strict=True):
        # The steepest column of differences is every 510th of all, those of both axes.
        assert steepest == pytest.approx(180 * erf(lag / (2 * 2**0.5 * sigma)), rel=0.07, abs=1.5)


def test_white_noise_differs_by_root_two_at_any_distance() -> None:
    noise = np.random.default_rng(0).normal(128, 10, (256, 256))
    image = np.repeat(np.rint(noise).astype(np.uint8)[..., None], 3, axis=2)
    measured = np.exp(edges.measure(planes_of(image))).reshape(-1, len(edges.AT) + 1)
    assert measured[:-1, 0] == pytest.approx(10 * 2**0.5, rel=0.03)
    # Half of |N(0, s)| lies below 0.6745·s, a hundredth above 2.576·s.
    assert measured[:-1, 1] == pytest.approx(0.6745 * 10 * 2**0.5, rel=0.06)
    assert measured[:-1, 3] == pytest.approx(2.576 * 10 * 2**0.5, rel=0.06)
    # The five-point Laplacian sums 4² + 4·1² variances.
    assert measured[-1, 0] == pytest.approx(10 * 20**0.5, rel=0.03)
