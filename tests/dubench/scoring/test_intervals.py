"""Intervals against scipy, closed forms and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dubench.scoring.intervals import (
    bootstrap,
    codes,
    draw,
    outer_interval,
    percentile_interval,
    totals,
    wilson,
)


@given(st.integers(1, 5000), st.data())
def test_wilson_is_scipys(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    wanted = stats.binomtest(successes, n).proportion_ci(0.95, "wilson")
    assert wilson(successes, n) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_wilson_of_nothing_tells_nothing() -> None:
    assert wilson(0, 0) == (0, 1)


def test_totals_are_ratios_of_sums() -> None:
    values = totals({"a": (np.array([1.0, 2, 3]), np.array([2.0, 2, 4])), "b": (np.zeros(3),) * 2})
    assert values["a"] == 0.75
    assert np.isnan(values["b"])


def test_resampling_single_samples_has_the_binomial_spread() -> None:
    hits = np.zeros(400)
    hits[:100] = 1
    drawn = bootstrap({"share": (hits, np.ones(400))}, np.arange(400), 4000)["share"]
    assert drawn.mean() == pytest.approx(0.25, abs=0.002)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 400), rel=0.05)


def test_agreeing_crops_count_as_one() -> None:
    # Forty photographs of ten crops each, all crops of one alike: forty samples, not 400.
    hits = np.repeat((np.arange(40) < 10).astype(float), 10)
    clusters = np.repeat(np.arange(40), 10)
    ratio = (hits, np.ones(400))
    drawn = bootstrap({"share": ratio}, clusters, 4000)["share"]
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 40), rel=0.05)
    assert _interval(np.ones(400), clusters)[0] == pytest.approx(
        stats.binomtest(40, 40).proportion_ci().low, abs=0.01
    )


def _interval(hits: np.ndarray, clusters: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Of a share of right answers, as `estimate` makes it."""
    drawn = draw({"share": (hits, np.ones(len(hits)))}, clusters, 4000, seed)
    ends = (drawn.with_one_more({"share": end}, alike=False)["share"] for end in (0.0, 1.0))
    return outer_interval(*ends)


@pytest.mark.parametrize(("wrong", "n"), [(0, 50), (1, 50), (3, 200), (40, 200), (197, 200)])
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(wrong: int, n: int) -> None:
    hits = (np.arange(n) >= wrong).astype(float)
    wanted = stats.binomtest(n - wrong, n).proportion_ci(0.95, "exact")
    # Six standard errors of a 2.5 % quantile of 4,000 draws are a tenth of the width, or less.
    close = pytest.approx((wanted.low, wanted.high), abs=0.1 * (wanted.high - wanted.low))
    assert _interval(hits, np.arange(n)) == close


def test_one_more_cluster_is_as_large_as_one_of_those_there() -> None:
    under = np.array([3.0, 0, 1, 2])
    drawn = draw({"a": (np.zeros(4), under)}, np.arange(4), 500)
    assert drawn.own_size["a"] == pytest.approx((9 + 1 + 4) / 6)
    assert set(drawn.alike["a"]) == {0.0, 1.0, 2.0, 3.0}
    added = drawn.with_one_more({"a": 1.0}, alike=True)["a"]
    size = drawn.weight * drawn.alike["a"]
    np.testing.assert_allclose(added, size / (drawn.unders["a"] + size))
    # Nothing but what is named changes.
    np.testing.assert_array_equal(drawn.with_one_more({}, alike=True)["a"], drawn.values()["a"])


def test_scipys_bootstrap_agrees() -> None:
    values = np.random.default_rng(3).gamma(2, size=200)
    drawn = bootstrap({"mean": (values, np.ones(200))}, np.arange(200), 4000)["mean"]
    wanted = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    spread = wanted.high - wanted.low
    assert percentile_interval(drawn) == pytest.approx(tuple(wanted), abs=0.05 * spread)


def test_the_same_seed_resamples_alike() -> None:
    rng = np.random.default_rng(5)
    clusters = rng.integers(0, 50, 300)
    a, b = rng.random((2, 300))
    ones = np.ones(300)
    together = bootstrap({"gap": (a - b, ones)}, clusters, 200)["gap"]
    apart = [bootstrap({"x": (x, ones)}, clusters, 200)["x"] for x in (a, b)]
    np.testing.assert_allclose(together, apart[0] - apart[1], atol=1e-12)
    assert not np.allclose(together, bootstrap({"gap": (a - b, ones)}, clusters, 200, 1)["gap"])


def test_clusters_are_numbered_by_name() -> None:
    assert codes(["b", "a", "b"]).tolist() == [1, 0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("crops", [1, 8])
def test_intervals_cover_the_truth_as_often_as_they_say(crops: int) -> None:
    """600 worlds of 60 photographs: a 95 % percentile interval covers in 92 to 97 of 100."""
    rng = np.random.default_rng(11)
    covered = 0
    for world in range(600):
        chance = rng.beta(6, 2, 60)  # each photograph has its own difficulty; the mean is 3/4
        hits = (rng.random((60, crops)) < chance[:, None]).astype(float).ravel()
        clusters = np.repeat(np.arange(60), crops)
        drawn = bootstrap({"share": (hits, np.ones(len(hits)))}, clusters, 1000, world)["share"]
        low, high = percentile_interval(drawn)
        covered += low <= 0.75 <= high
    assert 0.92 <= covered / 600 <= 0.97
