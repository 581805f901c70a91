"""Ranges of distributions: closed forms, and the probability that they are to hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dubench.baseline.certainty import QUANTILES, central_range, is_continuous, place

SHARES = st.lists(st.floats(0.001, 1), min_size=QUANTILES, max_size=QUANTILES).map(np.array)


def quantiles(law) -> np.ndarray:
    return law.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)


def test_of_an_even_law_the_range_is_exact() -> None:
    support = quantiles(stats.uniform())
    even = np.full(QUANTILES, 1 / QUANTILES)
    assert central_range(support, even) == pytest.approx((0.05, 0.95), abs=1e-9)
    assert central_range(support, even, (0.2, 0.9)) == pytest.approx((0.2, 0.9), abs=1e-9)


@pytest.mark.parametrize("law", [stats.norm(5, 2), stats.gamma(3), stats.beta(2, 5)])
def test_of_other_laws_it_is_theirs_within_a_cell(law) -> None:
    low, high = central_range(quantiles(law), np.full(QUANTILES, 1 / QUANTILES))
    for end, level in ((low, 0.05), (high, 0.95)):
        assert law.cdf(end) == pytest.approx(level, abs=0.5 / QUANTILES)


@given(SHARES, st.floats(0.01, 0.49), st.floats(0.51, 0.99))
def test_what_lies_below_an_end_is_its_level(shares, below, above) -> None:
    support = quantiles(stats.norm(50, 2))
    shares = shares / shares.sum()
    ends = np.array(central_range(support, shares, (below, above)))
    assert ends[0] <= ends[1]
    # Ends have five digits.
    reached = place(support, np.stack([shares, shares]), ends)
    np.testing.assert_allclose(reached, [below, above], atol=0.01)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=6).map(np.array), st.data())
def test_a_range_over_a_list_leaves_out_five_percent_a_side_at_most(shares, data) -> None:
    shares = shares / shares.sum()
    few = st.integers(-9, 9).map(float)
    support = np.array(data.draw(st.lists(few, min_size=len(shares), max_size=len(shares))))
    assert not is_continuous(support)
    low, high = central_range(support, shares)
    assert shares[support < low].sum() <= 0.05 + 1e-9
    assert shares[support > high].sum() <= 0.05 + 1e-9
    # And no end can be moved inwards.
    assert shares[support <= low].sum() > 0.05 - 1e-9
    assert shares[support >= high].sum() > 0.05 - 1e-9
    both = np.stack([support, -support], axis=1)
    lows, highs = central_range(both, shares)
    assert (lows[0], highs[0]) == (low, high)
    assert (-highs[1], -lows[1]) == pytest.approx((low, high))


def test_a_sure_answer_has_a_range_of_one_value() -> None:
    support = np.array([2.0, 3.0, 4.0])
    assert central_range(support, np.array([0.01, 0.98, 0.01])) == (3, 3)
    assert central_range(support, np.array([0.06, 0.93, 0.01])) == (2, 3)


def test_places_of_true_distributions_are_even() -> None:
    rng = np.random.default_rng(0)
    support = quantiles(stats.norm())
    values = rng.normal(size=4000)
    even = np.full((4000, QUANTILES), 1 / QUANTILES)
    assert stats.kstest(place(support, even, values), "uniform").pvalue > 0.01
