"""Agreement against published figures, the package `krippendorff`, and scipy."""

import sys
from datetime import UTC, datetime
from fractions import Fraction

import krippendorff
import numpy as np
import pytest
from scipy import stats

from annotation_ui.figures.agreement import (
    _coefficients,
    _parts,
    alpha,
    counts_by_item,
    gwet_ac1,
    measure_agreement,
    percent_agreement,
)
from annotation_ui.store.items import Choice, Role
from annotation_ui.store.records import Verdict
from dubench.scoring.intervals import totals
from generators.errors import InputError

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section C: four observers, 12
# units, 0 where one did not look. It is also `cac.raw4raters` of Gwet's own package irrCAC, whose
# vignette prints the other two coefficients.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]
PUBLISHED = np.array(
    [[column.count(c) for c in range(1, 6)] for column in np.array(OBSERVERS).T.tolist()],
    float,
)


def pairs(table: list[list[int]]) -> np.ndarray:
    """Counts per item from a table of two reviewers' categories."""
    one = np.eye(len(table))
    items = [
        one[i] + one[j] for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)
    ]
    return np.array(items)


def test_krippendorffs_own_example() -> None:
    assert alpha(PUBLISHED) == pytest.approx(0.743, abs=5e-4)


def test_the_same_data_in_gwets_package() -> None:
    assert percent_agreement(PUBLISHED) == pytest.approx(0.8181818, abs=5e-8)
    assert gwet_ac1(PUBLISHED) == pytest.approx(0.77544, abs=5e-6)


def test_gwets_two_abstractors() -> None:
    # irrCAC's cont3x3abstractors; the vignette prints AC1 0.8493305 and agreement 0.89.
    counts = pairs([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
    assert percent_agreement(counts) == pytest.approx(0.89)
    shares = [Fraction(26, 200), Fraction(51, 200), Fraction(123, 200)]
    by_chance = sum(share * (1 - share) for share in shares) / 2
    by_hand = (Fraction(89, 100) - by_chance) / (1 - by_chance)
    assert gwet_ac1(counts) == pytest.approx(float(by_hand))
    assert gwet_ac1(counts) == pytest.approx(0.8493305, abs=5e-8)


def test_the_paradox_that_ac1_is_for() -> None:
    # Two reviewers agree on 118 + 0 of 125 items, one category nearly always.
    counts = pairs([[118, 5], [2, 0]])
    assert percent_agreement(counts) == pytest.approx(0.944)
    coefficient = alpha(counts)
    assert coefficient is not None
    assert coefficient < 0 < 0.94 < gwet_ac1(counts)


@pytest.mark.parametrize("categories", [2, 4])
def test_alpha_written_out_is_the_packages(categories: int) -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        items, reviewers = rng.integers(2, 40), rng.integers(2, 6)
        ratings = rng.integers(0, categories, (reviewers, items)).astype(float)
        ratings[rng.random(ratings.shape) < 0.3] = np.nan
        ratings[:2, :2] = [[0, 1], [0, 0]]
        counts = np.stack([(ratings == c).sum(0) for c in range(categories)], axis=1).astype(float)
        wanted = krippendorff.alpha(ratings, level_of_measurement="nominal")
        assert _coefficients(totals(_parts(counts)), items)[1] == pytest.approx(wanted)
        assert alpha(counts) == pytest.approx(wanted)


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    rng = np.random.default_rng(3)
    rejected = rng.random((2, 150)) < 0.2
    rejected[1, :100] = rejected[0, :100]
    counts = np.stack([(~rejected).sum(0), rejected.sum(0)], axis=1).astype(float)
    result = measure_agreement(counts)
    for estimate, statistic in ((result.alpha, alpha), (result.ac1, gwet_ac1)):
        plain = stats.bootstrap(
            (np.arange(150),),
            lambda picks, of=statistic: of(counts[picks]),
            vectorized=False,
            n_resamples=1000,
            method="percentile",
            rng=np.random.default_rng(4),
        ).confidence_interval
        assert estimate.value == statistic(counts)
        # The spread of a quantile of 1,000 resamples is about 0.01 here.
        assert estimate.interval == pytest.approx(plain, abs=0.04)
    assert result == measure_agreement(counts)


def test_all_accept_leaves_alpha_undefined() -> None:
    result = measure_agreement(np.tile([2.0, 0.0], (50, 1)))
    assert result.alpha.value is None
    assert result.alpha.interval is None
    assert result.alpha.why == "undefined: all verdicts are the same"
    assert result.percent.value == result.ac1.value == 1
    assert result.ac1.interval == (1, 1)


def test_one_reject_is_too_few_for_an_interval_of_alpha() -> None:
    counts = np.tile([2.0, 0.0], (50, 1))
    counts[0] = [1, 1]
    result = measure_agreement(counts)
    assert result.alpha.value == pytest.approx(0)
    assert result.alpha.interval is None
    assert "1 of 50 items" in result.alpha.why
    assert result.percent.interval is not None


def test_few_items_have_no_interval() -> None:
    result = measure_agreement(np.array([[2.0, 0.0], [0.0, 2.0]] * 14 + [[1.0, 1.0]]))
    assert (result.items, result.verdicts) == (29, 58)
    assert result.alpha.value is not None
    assert {e.interval for e in (result.percent, result.alpha, result.ac1)} == {None}
    assert result.ac1.why == "no interval from fewer than 30 items"


def verdict_on(item: str, reviewer: str, verdict: Choice, role: Role = "sample") -> Verdict:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    return Verdict(item, "du-00000000", role, "blur", reviewer, verdict, (), "", at)


def test_only_samples_with_two_verdicts_count() -> None:
    verdicts = [
        verdict_on("a", "ana", "accept"), verdict_on("b", "ana", "reject"),
        verdict_on("a", "bo", "reject"),
        verdict_on("g", "ana", "reject", "gold"), verdict_on("g", "bo", "reject", "gold"),
        verdict_on("r", "ana", "accept", "repeat"), verdict_on("r", "bo", "accept", "repeat"),
    ]  # fmt: skip
    assert counts_by_item(verdicts).tolist() == [[1, 1]]


@pytest.mark.parametrize(
    "verdicts", [[], [verdict_on("a", "ana", "accept"), verdict_on("b", "ana", "reject")]]
)
def test_one_reviewer_agrees_with_nobody(verdicts: list[Verdict]) -> None:
    result = measure_agreement(counts_by_item(verdicts))
    assert result.items == 0
    assert result.alpha.value is None
    assert result.alpha.why == "no item has two reviewers' verdicts yet"


def test_without_krippendorff_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "krippendorff", None)  # as if it were not installed
    with pytest.raises(InputError, match=r'pip install "dubench\[review\]"'):
        measure_agreement(pairs([[13, 2], [3, 20]]))
