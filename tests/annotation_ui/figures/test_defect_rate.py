"""The defect rate against scipy, figures by hand, and simulated datasets."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from annotation_ui.figures.defect_rate import estimate_defect_rate
from annotation_ui.figures.outcomes import Outcome


def outcomes_of(rejected: list[bool], **home: str) -> list[Outcome]:
    stratum = {"split": "train", "type": "blur", "severity": "slight", "source": "folder"} | home
    where = "/".join(stratum.values())
    return [
        Outcome(f"du-{place:08d} {where}", **stratum, values={}, rejected=bad)
        for place, bad in enumerate(rejected)
    ]


HOME = ("train", "blur", "slight", "folder")


def test_one_stratum_is_wilsons_interval_of_scipy() -> None:
    left = estimate_defect_rate(outcomes_of([True] * 7 + [False] * 193), {HOME: 5200})
    test = stats.binomtest(7, 200)
    assert (left.unreviewed, left.covered, left.reviewed, left.rejected) == (5000, 5000, 200, 7)
    assert left.rate == pytest.approx(0.035)
    assert left.interval == pytest.approx(tuple(test.proportion_ci(0.95, "wilson")))
    one_sided = stats.binomtest(7, 200, alternative="less").proportion_ci(0.95, "wilson").high
    assert left.upper == pytest.approx(one_sided)
    assert left.defects == pytest.approx(175)
    assert left.most_defects == pytest.approx(5000 * one_sided)
    assert left.speaks_for == "unreviewed rows of train"


def test_strata_weigh_as_their_unreviewed_rows() -> None:
    outcomes = outcomes_of([True, False, False, False]) + outcomes_of(
        [True] + [False] * 9, source="celeba"
    )
    rows = {HOME: 304, ("train", "blur", "slight", "celeba"): 110}
    left = estimate_defect_rate(outcomes, rows)
    # 300 rows stand behind four samples, 100 behind ten: weights 75 and 10.
    assert left.rate == pytest.approx((75 + 10) / 400)
    n = 400**2 / (4 * 75**2 + 10 * 10**2)
    z, p = stats.norm.ppf(0.975), 85 / 400
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert left.interval == pytest.approx((middle - half, middle + half))


def test_a_stratum_without_samples_borrows_from_its_like() -> None:
    outcomes = outcomes_of([True, False]) + outcomes_of([False, False], severity="severe")
    rows = {
        HOME: 12,
        ("train", "blur", "slight", "celeba"): 10,
        ("train", "blur", "severe", "x"): 8,
    }
    left = estimate_defect_rate(outcomes, rows)
    # Weights: (10 + 10)/2 for each slight one, 8/2 for each severe one.
    assert left.rate == pytest.approx(10 / 28)
    other = estimate_defect_rate(outcomes, {("train", "blur", "moderate", "x"): 40})
    assert other.rate == pytest.approx(0.25)


def test_what_is_reviewed_whole_has_nothing_left() -> None:
    left = estimate_defect_rate(outcomes_of([True, False]), {HOME: 2})
    assert (left.unreviewed, left.rate, left.speaks_for) == (0, None, "all is reviewed")


def test_it_says_where_it_cannot_speak() -> None:
    test = outcomes_of([True] * 5, split="test")  # reviewed whole: says nothing of train
    rows = {
        HOME: 101,
        ("train", "haze", "slight", "folder"): 50,
        ("test", "blur", "slight", "folder"): 5,
    }
    left = estimate_defect_rate(test + outcomes_of([False]), rows)
    assert (left.unreviewed, left.covered, left.rate) == (150, 100, 0)
    assert "unreviewed rows of train; not for haze in train" in left.speaks_for
    assert estimate_defect_rate(test, rows).rate is None
    assert (
        estimate_defect_rate([], rows).speaks_for == "no unreviewed row has a reviewed one like it"
    )


def test_replacements_stand_for_themselves_alone() -> None:
    drawn = outcomes_of([True] + [False] * 9)
    second = [replace(o, sample_id=f"du-{i:08d}-r1") for i, o in enumerate(outcomes_of([True] * 5))]
    left = estimate_defect_rate(drawn + second, {HOME: 115})
    assert (left.unreviewed, left.reviewed, left.rate) == (100, 10, pytest.approx(0.1))


def test_bounds_cover_the_truth_of_simulated_datasets() -> None:
    rng = np.random.default_rng(11)
    strata = {  # rows, share of defects: rejects concentrate, samples are few
        ("train", "haze", "severe", "folder"): (900, 0.20),
        ("train", "haze", "slight", "folder"): (2100, 0.02),
        ("train", "blur", "severe", "folder"): (1000, 0.05),
        ("train", "blur", "slight", "folder"): (2000, 0.01),
    }
    inside: Counter[str] = Counter()
    runs = 400
    for _ in range(runs):
        outcomes, defects = [], 0
        for home, (rows, share) in strata.items():
            bad = rng.random(rows) < share
            part = dict(zip(("split", "type", "severity", "source"), home, strict=True))
            outcomes += outcomes_of(bad[: rows // 20].tolist(), **part)
            defects += int(bad[rows // 20 :].sum())
        left = estimate_defect_rate(outcomes, {home: rows for home, (rows, _) in strata.items()})
        assert left.interval
        assert left.upper
        truth = defects / left.unreviewed
        inside["interval"] += left.interval[0] <= truth <= left.interval[1]
        inside["upper"] += truth <= left.upper
    assert inside["interval"] / runs > 0.93
    assert inside["upper"] / runs > 0.92
