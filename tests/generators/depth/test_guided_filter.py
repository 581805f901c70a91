"""The guided filter against the definition, solved window by window in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.depth.guided_filter import guided_filter, upsample


def by_definition(guide, source, radius, eps):
    """TPAMI eq. 14–16: ridge regression in every window, then the mean of the windows' answers."""
    guide = guide.astype(np.float64).reshape(*source.shape, -1)
    source = source.astype(np.float64)
    height, width, channels = guide.shape
    slope, offset = np.zeros(guide.shape), np.zeros(source.shape)

    def window(y, x):
        return np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]

    for y, x in np.ndindex(height, width):
        colours, values = guide[window(y, x)].reshape(-1, channels), source[window(y, x)].ravel()
        centred = colours - colours.mean(axis=0)
        sigma = centred.T @ centred / len(values)
        covariance = centred.T @ (values - values.mean()) / len(values)
        slope[y, x] = np.linalg.solve(sigma + eps * np.eye(channels), covariance)
        offset[y, x] = values.mean() - slope[y, x] @ colours.mean(axis=0)
    result = np.zeros(source.shape)
    for y, x in np.ndindex(height, width):
        mean_slope = slope[window(y, x)].reshape(-1, channels).mean(axis=0)
        result[y, x] = mean_slope @ guide[y, x] + offset[window(y, x)].mean()
    return result


def random_pair(channels, shape=(17, 23), seed=0):
    rng = np.random.default_rng(seed)
    guide = rng.random(shape + channels, dtype=np.float32)
    guide[: shape[0] // 2] = 0.3 + 0.02 * guide[: shape[0] // 2]  # a nearly flat half
    return guide, rng.random(shape, dtype=np.float32)


@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "colour"])
@pytest.mark.parametrize("radius", [1, 4, 40])
@pytest.mark.parametrize("eps", [1e-1, 1e-3, 1e-5])
def test_equals_the_definition(channels, radius, eps):
    guide, source = random_pair(channels)
    result = guided_filter(guide, source, radius, eps)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, by_definition(guide, source, radius, eps), atol=5e-5)


def test_channels_that_are_copies_of_each_other():
    """A grey photograph as RGB: the window covariance is singular but for eps."""
    grey, source = random_pair(())
    guide = np.repeat(grey[..., None], 3, axis=2)
    expected = by_definition(guide, source, 3, 1e-4)
    np.testing.assert_allclose(guided_filter(guide, source, 3, 1e-4), expected, atol=1e-3)


def test_a_large_offset_costs_no_accuracy():
    guide, source = random_pair((3,))
    near, far = guided_filter(guide, source, 3, 1e-3), guided_filter(guide, source + 1000, 3, 1e-3)
    np.testing.assert_allclose(far - 1000, near, atol=3e-4)  # one float32 step at 1000 is 6e-5


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(-5, 5), st.sampled_from([(), (3,)]))
@settings(max_examples=30, deadline=None)
def test_is_linear_in_the_source_and_keeps_constants(seed, factor, offset, channels):
    guide, source = random_pair(channels, seed=seed)
    changed = guided_filter(guide, np.float32(factor) * source + np.float32(offset), 2, 1e-2)
    expected = factor * guided_filter(guide, source, 2, 1e-2).astype(np.float64) + offset
    np.testing.assert_allclose(changed, expected, atol=2e-5)


def test_what_is_affine_in_the_guide_comes_back():
    guide = np.random.default_rng(0).random((20, 20, 3), dtype=np.float32)
    source = guide @ np.array([0.5, -1, 2], np.float32) + np.float32(3)
    np.testing.assert_allclose(guided_filter(guide, source, 3, 1e-6), source, atol=1e-3)


def test_colour_sees_an_edge_that_luma_does_not():
    guide = np.zeros((32, 32, 3), np.float32)
    guide[:, :16, 0], guide[:, 16:, 1] = 0.587, 0.299  # equal Rec. 601 luma
    luma = guide @ np.array([0.299, 0.587, 0.114], np.float32)
    step = np.repeat(np.float32([0, 1]), 16)[None].repeat(32, axis=0)
    kept = guided_filter(guide, step, 4, 1e-4)
    lost = guided_filter(luma, step, 4, 1e-4)
    assert kept[:, 16].min() - kept[:, 15].max() > 0.99
    assert lost[:, 16].max() - lost[:, 15].min() < 0.2


@pytest.mark.parametrize(
    ("guide", "source", "radius", "eps"),
    [
        ((8, 8), (8, 9), 1, 1e-3),
        ((8, 8, 4), (8, 8), 1, 1e-3),
        ((8, 8), (8, 8, 1), 1, 1e-3),
        ((8, 8), (8, 8), 0, 1e-3),
        ((8, 8), (8, 8), 1, 0.0),
        ((8, 8), (8, 8), 1, float("nan")),
    ],
)
def test_refuses(guide, source, radius, eps):
    with pytest.raises(ValueError, match=r"guide|radius"):
        guided_filter(np.zeros(guide, np.float32), np.zeros(source, np.float32), radius, eps)


def smooth_pair(shape):
    """A guide with one hard edge, and a source that crosses it softly, at full and half size."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    guide = 0.2 + 0.6 * (x + y > width) + 0.05 * np.sin(x / 5)
    source = (1 + np.tanh((x + y - width) / 30)).astype(np.float32)
    halves = (a.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for a in (guide, source))
    return guide.astype(np.float32), source, *(a.astype(np.float32) for a in halves)


def test_half_the_resolution_is_nearly_the_filter_at_full() -> None:
    guide, source, small_guide, small_source = smooth_pair((64, 96))
    wanted = by_definition(guide, source, 6, 1e-3)
    result = upsample(guide, small_guide, small_source, 3, 1e-3)
    assert result.dtype == np.float32
    # Halving alone costs ten times as much: edges come from the guide at full size.
    halved = np.kron(by_definition(small_guide, small_source, 3, 1e-3), np.ones((2, 2)))
    assert np.abs(result - wanted).mean() < 0.01
    assert np.abs(result - wanted).max() < 0.15 < np.abs(halved - wanted).max()


def test_lines_are_interpolated_exactly() -> None:
    """Where the source is constant or affine in the guide, halving loses nothing."""
    guide, _, small_guide, _ = smooth_pair((32, 48))
    flat = upsample(guide, small_guide, np.full(small_guide.shape, 3.7, np.float32), 2, 1e-3)
    np.testing.assert_allclose(flat, 3.7, rtol=1e-6)
    affine = upsample(guide, small_guide, 2 * small_guide + 1, 2, 1e-8)
    np.testing.assert_allclose(affine, 2 * guide + 1, atol=1e-2)


@pytest.mark.parametrize("shape", [(31, 48), (1, 1), (2, 33)])
def test_odd_sizes_are_cut(shape) -> None:
    half = tuple(-(-side // 2) for side in shape)
    rng = np.random.default_rng(0)
    result = upsample(
        rng.random(shape, np.float32),
        rng.random(half, np.float32),
        rng.random(half, np.float32),
        1,
        0.1,
    )
    assert result.shape == shape
    assert np.isfinite(result).all()
