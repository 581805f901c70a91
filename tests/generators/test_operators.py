"""The axis matrices against scipy, torch and Pillow; the operator against linear algebra."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.ndimage import gaussian_filter1d
from torch.nn.functional import interpolate

from generators.operators import (
    BICUBIC_BITS,
    GAUSSIAN_BITS,
    SeparableOperator,
    bicubic_down_matrix,
    bicubic_up_matrix,
    blur_operator,
    down_operator,
    effective_sigma,
    gaussian_kernel,
    gaussian_matrix,
    up_operator,
)

# Of 16 weights each is off by half a multiple, and the largest by what that leaves of the sum.
WEIGHT = 8 * 2.0**-BICUBIC_BITS


def dense(operator: SeparableOperator) -> np.ndarray:
    """The operator as one matrix on row-major images."""
    return np.kron(operator.rows, operator.columns)


def inverse_matrix(operator: SeparableOperator, threshold: float = 0.0) -> np.ndarray:
    """The matrix of `pseudo_inverse`, column by column."""
    shape = (len(operator.rows), len(operator.columns))
    basis = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return np.stack([operator.pseudo_inverse(e, threshold).ravel() for e in basis], axis=1)


def torch_bicubic(matrix: np.ndarray, factor: float) -> np.ndarray:
    """torch's anti-aliased bicubic of every column of (n, k) by `factor` along n, in float64."""
    # Along the other axis, 64 equal samples stay equal whatever is done to them.
    image = torch.from_numpy(np.array(matrix.T))[:, None, :, None].expand(-1, -1, -1, 64)
    resized = interpolate(image, scale_factor=factor, mode="bicubic", antialias=True)
    return resized[:, 0, :, 3].numpy().T


@settings(deadline=None)
@given(n=st.integers(1, 90), sigma=st.floats(0.5, 9))
def test_gaussian_against_scipy(n, sigma) -> None:
    radius = len(gaussian_kernel(sigma)) // 2
    assert radius == np.ceil(4 * sigma)
    wanted = gaussian_filter1d(np.eye(n), sigma, axis=0, mode="mirror", radius=radius)
    # A weight is off by one multiple at most; reflected ones add up.
    kernel = gaussian_kernel(sigma)
    assert (kernel * 2**GAUSSIAN_BITS == np.rint(kernel * 2**GAUSSIAN_BITS)).all()
    turns = 1 + (2 * radius) // max(2 * (n - 1), 1)
    bound = 2 * turns * 2.0**-GAUSSIAN_BITS
    np.testing.assert_allclose(gaussian_matrix(n, sigma), wanted, rtol=0, atol=bound)


@pytest.mark.parametrize("sigma", [1.0, 3.3, 9.0])
def test_effective_sigma_is_the_kernels_own(sigma) -> None:
    # The response to a unit step's edge: the variance of a blurred impulse.
    impulse = np.zeros(201)
    impulse[100] = 1
    response = gaussian_filter1d(impulse, sigma, radius=int(np.ceil(4 * sigma)), mode="constant")
    wanted = np.sqrt((response * (np.arange(201) - 100) ** 2).sum())
    # Weights off by 2⁻¹⁶ each at most, up to 4σ away: half of their share in the variance.
    assert effective_sigma(sigma) == pytest.approx(wanted, rel=22 * sigma * 2.0**-GAUSSIAN_BITS)
    assert 0.99 * sigma < effective_sigma(sigma) < sigma


@settings(deadline=None)
@given(n=st.integers(4, 300), scale=st.sampled_from([2, 3, 4]))
def test_down_against_torch(n, scale) -> None:
    wanted = torch_bicubic(np.eye(n), 1 / scale)
    matrix = bicubic_down_matrix(n, scale)
    assert (matrix * 2**BICUBIC_BITS == np.rint(matrix * 2**BICUBIC_BITS)).all()
    np.testing.assert_allclose(matrix, wanted, rtol=0, atol=WEIGHT)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(256, 256), (31, 50)])
def test_down_against_pillow(height, width, scale) -> None:
    image = np.random.default_rng(scale).random((height, width)).astype(np.float32)
    small = (width // scale, height // scale)
    box = (0, 0, scale * small[0], scale * small[1])
    wanted = Image.fromarray(image).resize(small, Image.Resampling.BICUBIC, box=box)
    result = down_operator(height, width, scale).forward(image)
    np.testing.assert_allclose(result, np.asarray(wanted), atol=1e-6)


@settings(deadline=None)
@given(n=st.integers(4, 300), scale=st.sampled_from([2, 3, 4]))
def test_up_against_torch(n, scale) -> None:
    small = n // scale
    wanted = torch_bicubic(np.eye(small), scale)
    matrix = bicubic_up_matrix(n, scale)
    np.testing.assert_allclose(matrix[: scale * small], wanted, rtol=0, atol=WEIGHT)


def test_a_resize_by_size_is_another_operator() -> None:
    # 256 → 85 → 256 by sizes alone shifts the picture: the reason for exact factors.
    image = np.linspace(0, 1, 256)[:, None]
    by_size = interpolate(
        torch.from_numpy(image.T.copy())[None, :, :, None].expand(-1, -1, -1, 4),
        size=(85, 4),
        mode="bicubic",
        antialias=True,
    )[0, 0, :, 0].numpy()
    assert np.abs(by_size - (bicubic_down_matrix(256, 3) @ image)[:, 0]).max() > 1e-3


@given(
    n=st.integers(4, 200),
    scale=st.sampled_from([2, 3, 4]),
    sigma=st.floats(1, 9),
)
def test_a_constant_stays_constant(n, scale, sigma) -> None:
    for matrix in (
        bicubic_down_matrix(n, scale),
        bicubic_up_matrix(n, scale),
        gaussian_matrix(n, sigma),
    ):
        assert (matrix.sum(axis=1) == 1).all()
    assert bicubic_down_matrix(n, scale).shape == (n // scale, n)
    assert bicubic_up_matrix(n, scale).shape == (n, n // scale)


@settings(deadline=None)
@given(n=st.integers(4, 300), scale=st.sampled_from([2, 3, 4]))
def test_up_beyond_the_last_sample_is_cut_and_renormalised(n, scale) -> None:
    small = n // scale
    uncut = torch_bicubic(np.eye(small + 4), scale)[:n, :small]
    if n % scale == 2 and scale == 3:
        # One sample beyond the last nothing is left to renormalise: the last sample is repeated.
        uncut[-1] = np.eye(small)[-1]
    # Near the first sample the kernel is cut by torch as well.
    wanted = uncut / uncut.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bicubic_up_matrix(n, scale), wanted, rtol=0, atol=WEIGHT)


def test_cached_matrices_cannot_be_spoiled() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gaussian_matrix(8, 1.0)[0, 0] = 2


@settings(deadline=None, max_examples=50)
@given(
    sizes=st.tuples(*[st.integers(1, 12)] * 4), channels=st.integers(0, 3), seed=st.integers(0, 99)
)
def test_forward_and_adjoint(sizes, channels, seed) -> None:
    rng = np.random.default_rng(seed)
    h, height, w, width = sizes
    last = (channels,) if channels else ()
    operator = SeparableOperator(rng.normal(size=(h, height)), rng.normal(size=(w, width)))
    x, y = rng.normal(size=(height, width, *last)), rng.normal(size=(h, w, *last))
    forward = operator.forward(x)
    wanted = np.einsum("ij,jk...,lk->il...", operator.rows, x, operator.columns)
    np.testing.assert_allclose(forward, wanted, atol=1e-11)
    assert np.vdot(forward, y) == pytest.approx(np.vdot(x, operator.adjoint(y)), abs=1e-9)


SMALL = {
    "blur": blur_operator(7, 5, 1.0),
    "down 2": down_operator(8, 10, 2),
    "down 3": down_operator(10, 7, 3),
    "up 3": up_operator(10, 7, 3),
    "up 4": up_operator(12, 9, 4),
}


@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("name", SMALL)
def test_pseudo_inverse_against_numpy(name, threshold) -> None:
    operator = SMALL[name]
    wanted = np.linalg.pinv(dense(operator), rcond=threshold or 1e-13)
    np.testing.assert_allclose(inverse_matrix(operator, threshold), wanted, atol=1e-9)


def test_the_threshold_is_on_the_product() -> None:
    # 0.5 and 0.4 of the largest each pass a threshold of 0.3; their product does not.
    operator = SeparableOperator(np.diag([1.0, 0.5]), np.diag([2.0, 0.8]))
    result = operator.pseudo_inverse(np.ones((2, 2)), threshold=0.3)
    np.testing.assert_allclose(result, [[0.5, 1.25], [1.0, 0.0]], atol=1e-14)


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(4, 13),
    width=st.integers(4, 13),
    scale=st.sampled_from([2, 3, 4]),
    make=st.sampled_from([down_operator, up_operator]),
)
def test_moore_penrose(height, width, scale, make) -> None:
    operator = make(height, width, scale)
    a, inverse = dense(operator), inverse_matrix(operator)
    np.testing.assert_allclose(a @ inverse @ a, a, atol=1e-11)
    np.testing.assert_allclose(inverse @ a @ inverse, inverse, atol=1e-10)
    np.testing.assert_allclose((a @ inverse).T, a @ inverse, atol=1e-11)
    np.testing.assert_allclose((inverse @ a).T, inverse @ a, atol=1e-11)


@settings(deadline=None, max_examples=20)
@given(arrays(np.float64, (8, 10, 3), elements=st.floats(0, 1)))
def test_a_colour_image_is_restored_to_what_was_measured(image) -> None:
    operator = SMALL["down 2"]
    measured = operator.forward(image)
    again = operator.forward(operator.pseudo_inverse(measured))
    np.testing.assert_allclose(again, measured, atol=1e-11)
