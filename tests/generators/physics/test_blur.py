"""Gaussian blur against scipy in float64 and against kornia."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kornia.filters import gaussian_blur2d
from scipy.ndimage import gaussian_filter

from generators.operators import blur_operator, gaussian_kernel
from generators.physics import blur

with np.load(Path(__file__).parents[2] / "data" / "golden.npz") as arrays:
    PHOTO = arrays["clean_96"]


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """What the definition says, in levels, not rounded: scipy in float64."""
    radius = int(np.ceil(4 * sigma))
    planes = np.moveaxis(image.astype(np.float64), 2, 0)
    return np.stack([gaussian_filter(p, sigma, mode="mirror", radius=radius) for p in planes], -1)


def allowed(sigma: float) -> float:
    """Of whole multiples for weights, in levels: along two axes, half the range times what they
    differ by, since both kernels sum to 1."""
    radius = int(np.ceil(4 * sigma))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    off = np.abs(gaussian_kernel(sigma) - weights / weights.sum()).sum() * 255 / 2
    assert off < (2 * radius + 1) * 2.0**-16 * 255 / 2  # a multiple at most for each weight
    return 2 * off + 1e-9


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 60), width=st.integers(1, 60), sigma=st.floats(1, 9), seed=st.integers(0)
)
def test_against_scipy(height, width, sigma, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    result = blur.apply(image, {"sigma": sigma})
    assert result.dtype == np.uint8
    assert np.abs(result - blurred(image, sigma)).max() < 0.5 + allowed(sigma)
    exact = blur_operator(height, width, sigma).forward(image)
    assert np.abs(result - exact).max() < 0.5 + 1e-9


@pytest.mark.parametrize("sigma", [1.0, 2.7, 5.0, 9.0])
def test_against_kornia(sigma) -> None:
    images = torch.from_numpy(PHOTO).permute(2, 0, 1)[None].double()
    size = 2 * int(np.ceil(4 * sigma)) + 1
    wanted = gaussian_blur2d(images, (size, size), (sigma, sigma))[0].permute(1, 2, 0).numpy()
    assert np.abs(blur.apply(PHOTO, {"sigma": sigma}) - wanted).max() < 0.5 + 1e-3


@pytest.mark.parametrize("sigma", [1.0, 5.0, 9.0])
def test_the_operator_of_the_restorer_is_the_simulators(sigma) -> None:
    wanted = blur_operator(*PHOTO.shape[:2], sigma).forward(PHOTO)
    assert np.abs(blur.apply(PHOTO, {"sigma": sigma}) - wanted).max() < 0.5 + 1e-9


@settings(deadline=None)
@given(level=st.integers(0, 255), sigma=st.floats(1, 9))
def test_a_constant_image_is_unchanged(level, sigma) -> None:
    image = np.full((20, 15, 3), level, np.uint8)
    np.testing.assert_array_equal(blur.apply(image, {"sigma": sigma}), image)


@given(sigma=st.floats(1, 9))
def test_effective_sigma_is_the_width_of_a_blurred_dot(sigma) -> None:
    values = blur.derive({"sigma": sigma}, None)
    dot = np.zeros((1, 101, 1))
    dot[0, 50] = 1
    response = blurred(dot, sigma)[0, :, 0]
    width = np.sqrt((response * (np.arange(101) - 50) ** 2).sum())
    assert values["sigma"] == sigma
    # The kernel's weights are multiples of 2⁻¹⁶: see test_operators.
    assert values["effective_sigma"] == pytest.approx(width, rel=22 * sigma * 2.0**-16)
    assert blur.plausible(values)


def test_more_sigma_blurs_more() -> None:
    steps = [
        np.abs(np.diff(blur.apply(PHOTO, {"sigma": sigma}).astype(int), axis=1)).mean()
        for sigma in (1.0, 2.0, 4.0, 8.0)
    ]
    assert steps == sorted(steps, reverse=True)
