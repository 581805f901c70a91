"""Intervals over photographs and seeds against closed forms, scipy, and a simulation."""

import numpy as np
import pytest
from scipy import stats

from dubench.duvlm.ablation.estimates import Estimate, difference, estimate, score, student
from dubench.duvlm.ablation.result import finding

ONE_EACH = np.arange(40)


@pytest.mark.parametrize("freedom", [1, 2, 2.7, 39, 300])
def test_students_quantile(freedom):
    assert student(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-4)


def test_one_sample_a_photograph_and_one_seed_is_students_interval():
    x = np.random.default_rng(0).normal(3, 2, 40)
    found = estimate([[x]], ONE_EACH)
    want = stats.ttest_1samp(x, 0).confidence_interval()
    assert found.value == pytest.approx(x.mean())
    assert found.interval == pytest.approx((want.low, want.high), rel=1e-4)


def test_seeds_alone_are_students_interval_of_their_scores():
    scores = np.array([0.1, 0.2, 0.4])
    found = estimate([[np.full(40, one)] for one in scores], ONE_EACH)
    want = stats.ttest_1samp(scores, 0).confidence_interval()
    assert found.interval == pytest.approx((want.low, want.high), rel=1e-4)


def test_samples_of_one_photograph_count_as_one():
    """Each sample five times, in one photograph: the interval does not shrink."""
    x = np.random.default_rng(1).normal(size=40)
    once = estimate([[x]], ONE_EACH)
    often = estimate([[np.repeat(x, 5)]], np.repeat(ONE_EACH, 5))
    assert often.value == pytest.approx(once.value)
    assert often.interval == pytest.approx(once.interval)


def test_keys_weigh_the_same():
    """Two keys of unlike numbers of samples: independent, so variances of their means add."""
    rng = np.random.default_rng(2)
    a, b = np.full(90, np.nan), np.full(90, np.nan)
    a[:30], b[30:] = rng.normal(1, 1, 30), rng.normal(5, 2, 60)
    found = estimate([[a, b]], np.arange(90))
    assert found.value == score([a, b]) == pytest.approx((a[:30].mean() + b[30:].mean()) / 2)
    variance = (a[:30].var() / 30 + b[30:].var() / 60) / 4 * 90 / 89
    half = stats.t.ppf(0.975, 89) * variance**0.5
    assert found.interval == pytest.approx((found.value - half, found.value + half), rel=1e-4)


def test_differences_pair_photographs():
    rng = np.random.default_rng(3)
    hard = rng.normal(0, 5, 40)
    a, b = hard + rng.normal(1, 0.1, 40), hard + rng.normal(0, 0.1, 40)
    want = stats.ttest_rel(a, b).confidence_interval()
    found = difference([[a]], [[b]], ONE_EACH)
    assert found.interval == pytest.approx((want.low, want.high), rel=1e-4)


def test_few_photographs_have_no_interval():
    assert estimate([[np.arange(29.0)]], np.arange(29)).interval is None
    assert estimate([[np.ones(40)]], ONE_EACH).interval is None


def test_the_truth_is_covered():
    """Scores with random seeds, photographs and both together, three seeds and forty photographs:
    at least 95 % of the intervals hold the true mean, 0, but for the chance of 200 of them."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        scores = rng.normal(0, 0.3, (3, 1)) + rng.normal(0, 1, 40) + rng.normal(0, 1, (3, 40))
        low, high = estimate([[row] for row in scores], ONE_EACH).interval
        held += low <= 0 <= high
    assert held >= stats.binom.ppf(0.001, 200, 0.95)


@pytest.mark.parametrize(
    ("interval", "sign", "holds"),
    [
        ((0.1, 0.2), 1, "yes"),
        ((-0.2, -0.1), 1, "no"),
        ((-0.2, -0.1), -1, "yes"),
        ((0.1, 0.2), -1, "no"),
        ((-0.1, 0.2), -1, "not separable"),
        ((0.0, 0.2), 1, "not separable"),
        (None, 1, "not separable"),
    ],
)
def test_a_claim_holds_where_the_interval_leaves_out_0(interval, sign, holds):
    assert finding(Estimate(0.0, interval), sign).holds == holds
