"""A mean that no order of summation can change, against the correctly rounded sum."""

import math

import numpy as np

from generators.resampling import exact_mean


def test_the_mean_is_that_of_the_true_sum_in_any_order() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(1, 3, (301, 47)).astype(np.float32)
    mean = exact_mean(values)
    assert abs(mean - math.fsum(values.ravel().astype(float)) / values.size) < 2.0**-17
    for _ in range(5):
        assert exact_mean(rng.permutation(values.ravel())) == mean
