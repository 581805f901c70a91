"""The numbers as a whole: any picture has them, and they are its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from dubench.baseline.features import COUNT, statistics
from generators.errors import InputError


@settings(deadline=None, max_examples=30)
@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(32, 70), st.integers(32, 70), st.just(3)),
        elements=st.integers(0, 255),
        fill=st.integers(0, 255),
    )
)
def test_every_picture_has_finite_numbers(image: np.ndarray) -> None:
    measured = statistics(image)
    assert measured.shape == (COUNT,)
    assert np.isfinite(measured).all()


def test_how_the_picture_lies_in_memory_does_not_matter() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    view = np.asfortranarray(image[::-1])[::-1]
    assert np.array_equal(statistics(view), statistics(image))


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(InputError, match="40×31"):
        statistics(np.zeros((31, 40, 3), np.uint8))


def test_no_number_grows_with_the_area() -> None:
    """Or a larger picture would look like another degradation."""
    noise = np.random.default_rng(0).normal(size=(384, 384, 3))
    texture = gaussian_filter(noise, (1.5, 1.5, 0))
    image = np.clip(128 + 40 * texture / texture.std(), 0, 255).astype(np.uint8)
    gap = np.abs(statistics(image) - statistics(image[:128, :128]))
    assert np.median(gap) < 0.02
    assert gap.max() < 0.9  # log₁₀ 9 is 0.95
