"""Groups, against `np.bincount`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dubench.baseline.features.groups import group

LABELS = 5


@settings(deadline=None, max_examples=50)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.integers(0, 4)),
    st.integers(0, 2**32 - 1),
)
def test_sums_are_numpys_of_all_and_of_those_kept(labels: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.uniform(-9, 9, labels.shape).astype(np.float32)
    kept = rng.random(labels.shape) < rng.random()
    every = group(labels, LABELS)
    some = every.keep(every.take(kept))
    for groups, at in ((every, np.ones(labels.shape, bool)), (some, kept)):
        assert np.array_equal(groups.counts, np.bincount(labels[at], minlength=LABELS))
        wanted = np.bincount(labels[at], picture[at], LABELS)
        both = np.stack([groups.take(picture)] * 2)
        assert groups.sums(both) == pytest.approx(np.stack([wanted] * 2), rel=1e-4, abs=1e-3)
