"""Scores of certainty: closed forms, scikit-learn, simulation, and nothing gained by silence."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.record import Prediction
from dubench.scoring import certainty
from dubench.scoring.certainty import bins, confidence
from dubench.scoring.estimates import estimate
from dubench.scoring.intervals import bootstrap_pairs, pair_totals, percentile_interval
from dubench.scoring.sample_scores import SampleScores, interval_score, score_samples
from dubench.scoring.sample_table import read, write
from dubench.scoring.type_oracle import constants, ranges
from generators.taxonomy import KEYS, Degradation
from tests.dubench.scoring import synthetic_scores
from tests.dubench.scoring.test_understanding import ground_truth

PRESET = synthetic_scores.PRESET
SURE = {"blur": 1.0}


def says(type_name: str, values: dict, sure: dict | None = None, **stated: tuple) -> Prediction:
    """An answer with the probabilities `sure`, others 0, and ranges by key."""
    probabilities = dict.fromkeys(TYPE_NAMES, 0.0) | sure if sure else None
    degradations = (Degradation(type_name, values),) if type_name else ()
    return Prediction("", 1, degradations, type_probabilities=probabilities, ranges=stated)


def rows_of(true: GroundTruth, *answers: Prediction | None) -> SampleScores:
    by_id = {name: a for name, a in zip(true.ids, answers, strict=True) if a}
    return score_samples(true, by_id, constants(true.values), PRESET, ranges(true.values))


# The types


def test_brier_is_sklearns() -> None:
    rows = synthetic_scores.scored("m", wrong=0.4, overconfident=2, none=True, metrics=()).rows
    names = np.array(TYPE_NAMES)
    wanted = metrics.brier_score_loss(
        names[rows.types],
        certainty.probabilities(rows)[:, np.argsort(names)],
        labels=sorted(names),
        scale_by_half=False,
    )
    assert estimate(rows).values["brier"] == pytest.approx(wanted, rel=1e-12)


def test_brier_and_confidence_by_hand() -> None:
    true = ground_truth(*[("blur", {"sigma": 4})] * 4, ("none", {}))
    rows = rows_of(
        true,
        says("blur", {}, {"blur": 0.7, "haze": 0.3}),
        says("haze", {}, {"blur": 0.7, "haze": 0.3}),  # not the likeliest of its own
        says("", {}, {"blur": 1.0}),
        None,
        says("blur", {}),
    )
    terms = [2 * 0.3**2, 2 * 0.3**2, 0, 0.8**2 + 4 * 0.2**2, 0.8**2 + 4 * 0.2**2]
    values = estimate(rows).values
    assert values["brier"] == pytest.approx(np.mean(terms))
    assert values["type_probabilities_stated"] == pytest.approx(3 / 5)
    # No single type answered: not in the calibration error. Nothing stated: all types alike.
    np.testing.assert_allclose(confidence(rows), [0.7, 0.3, np.nan, np.nan, 0.2])
    # One bin; the product of gaps over the pairs of different photographs.
    gaps = np.array([0.7 - 1, 0.3, 0.2])
    wanted = (gaps.sum() ** 2 - (gaps**2).sum()) / 6
    assert values["calibration_error"] == pytest.approx(max(wanted, 0) ** 0.5)


def test_the_bins_are_sklearns_quantiles() -> None:
    rng = np.random.default_rng(1)
    confidences = rng.beta(5, 1, 3000)
    right = rng.random(3000) < confidences**2
    masks = bins(confidences)
    assert [mask.sum() for mask in masks] == [200] * 15
    share, mean = calibration_curve(right, confidences, n_bins=15, strategy="quantile")
    np.testing.assert_allclose([confidences[mask].mean() for mask in masks], mean, atol=1e-3)
    np.testing.assert_allclose([right[mask].mean() for mask in masks], share, atol=0.01)


@given(st.lists(st.sampled_from([0.2, 0.5, 0.9, 0.99, 1.0, np.nan]), max_size=400).map(np.array))
def test_bins_part_what_has_a_confidence_and_keep_ties_together(confidences) -> None:
    masks = bins(confidences.astype(float))
    counted = np.sum(masks, axis=0) if masks else np.zeros(len(confidences))
    np.testing.assert_array_equal(counted, ~np.isnan(confidences.astype(float)))
    values = [set(confidences[mask]) for mask in masks]
    assert sum(map(len, values)) == len(set().union(*values))
    assert len(masks) <= 15


def test_single_photographs_give_the_debiased_estimator_of_the_literature() -> None:
    """mean² − s²/n (Bröcker 2012; Ferro and Fricker 2012; Kumar, Liang and Ma 2019)."""
    gap = np.random.default_rng(2).normal(0.1, 0.3, 50)
    squared = pair_totals({"gap": (gap, np.ones(50))}, np.arange(50))["gap"]
    assert squared == pytest.approx(gap.mean() ** 2 - gap.var(ddof=1) / 50, rel=1e-12)


@pytest.mark.parametrize("error", [0.0, 0.05])
def test_the_squared_calibration_error_has_no_bias_where_crops_of_a_photograph_agree(error) -> None:
    """2,000 worlds of 40 photographs with 5 crops that are all right or all wrong: the mean over
    worlds is the truth, while that of the plain square is four times its own error above."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(40), 5)
    debiased, plain = [], []
    for _ in range(2000):
        right = np.repeat(rng.random(40) < 0.8 - error, 5)
        gap = 0.8 - right
        debiased.append(float(pair_totals({"gap": (gap, np.ones(200))}, clusters)["gap"]))
        plain.append(gap.mean() ** 2)
    spread = np.std(debiased) / 2000**0.5
    assert np.mean(debiased) == pytest.approx(error**2, abs=4 * spread)
    assert np.mean(plain) > error**2 + 12 * spread


def test_resampled_pairs_are_those_of_the_clusters_drawn() -> None:
    """Against the definition: a weighted sum over all pairs of samples of different photographs."""
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 6, 40)
    gap, mask = rng.normal(size=40), (rng.random(40) < 0.7).astype(float)
    drawn = bootstrap_pairs({"gap": (gap * mask, mask)}, clusters, resamples=20, seed=9)["gap"]
    weights = np.random.Generator(np.random.Philox(key=9)).standard_exponential((20, 6))
    apart = clusters[:, None] != clusters
    for weight, value in zip(weights, drawn, strict=True):
        a, b = gap * mask * weight[clusters], mask * weight[clusters]
        wanted = (a[:, None] * a * apart).sum() / (b[:, None] * b * apart).sum()
        assert value == pytest.approx(wanted, rel=1e-9)


def test_an_honest_model_has_no_calibration_error_and_an_overconfident_one_has_its_own() -> None:
    honest, boastful = (
        synthetic_scores.scored("m", wrong=0.3, n=4000, photos=500, overconfident=by, metrics=())
        for by in (1, 3)
    )
    types = honest.result.certainty.types
    assert types.stated == pytest.approx(honest.result.coverage, abs=0.03)
    assert types.calibration_error < 0.02
    assert honest.result.intervals["calibration_error"][0] < 0.005
    # It says 92 % where it is right in 76 %.
    assert boastful.result.certainty.types.calibration_error == pytest.approx(0.16, abs=0.02)
    assert boastful.result.certainty.types.brier > types.brier
    low, high = boastful.result.intervals["calibration_error"]
    assert low < boastful.result.certainty.types.calibration_error < high
    assert honest.result.certainty.types.brier_uniform == 0.75


@pytest.mark.slow
@pytest.mark.parametrize("error", [0.0, 0.1])
def test_intervals_of_the_calibration_error_cover_it(error: float) -> None:
    """400 worlds of 200 photographs with 4 crops each, some of them hard. Against a percentile
    interval of the plain square, which is off by its bias, twice."""
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(200), 4)
    stated = np.repeat([0.6, 0.75, 0.9, 0.99], 50).repeat(4)
    truth = np.mean(np.minimum(error, stated - 0.5) ** 2) ** 0.5
    covered = 0
    for world in range(400):
        chance = stated - np.minimum(error, stated - 0.5)
        hard = rng.random(200).repeat(4)
        right = np.where(rng.random(800) < 0.5, hard, rng.random(800)) < chance
        masks = {f"{c}": (stated == c).astype(float) for c in np.unique(stated)}
        pairs = {name: ((stated - right) * mask, mask) for name, mask in masks.items()}
        drawn = np.mean(list(bootstrap_pairs(pairs, clusters, 500, world).values()), axis=0)
        low, high = percentile_interval(np.sqrt(np.maximum(drawn, 0)))
        covered += low <= truth <= high
    assert covered / 400 >= 0.93


# The ranges


def test_the_interval_score_is_two_pinball_losses() -> None:
    rng = np.random.default_rng(6)
    truth, low = rng.normal(size=(2, 500))
    high = low + rng.exponential(size=500)
    tails = zip((low, high), (0.05, 0.95), strict=True)
    pinball = [metrics.mean_pinball_loss(truth, end, alpha=level) for end, level in tails]
    wanted = 2 / 0.1 * sum(pinball)
    assert interval_score(low, high, truth).mean() == pytest.approx(wanted, rel=1e-12)


def test_the_interval_score_of_a_normal_is_its_closed_form() -> None:
    """[−z, z] of N(0, 1) costs 4/α φ(z): 2z, and 2/α ∫ (|x| − z) outside."""
    z = stats.norm.ppf(0.95)
    x = stats.norm.ppf((np.arange(10**6) + 0.5) / 10**6)
    wanted = 4 / 0.1 * stats.norm.pdf(z)
    assert interval_score(-z, z, x).mean() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("law", [stats.gamma(2), stats.norm(3, 2), stats.uniform(0, 4)])
def test_no_range_scores_better_than_the_true_quantiles(law) -> None:
    x = law.ppf((np.arange(20_000) + 0.5) / 20_000)
    best = optimize.minimize(
        lambda ends: interval_score(ends[0], ends[1], x).mean(), law.ppf([0.2, 0.7]),
        method="Nelder-Mead",
    )  # fmt: skip
    np.testing.assert_allclose(best.x, law.ppf([0.05, 0.95]), atol=0.02 * law.std())


def test_the_constants_ranges_are_quantiles() -> None:
    drawn = synthetic_scores.preset_values(PRESET, 2000)
    best = ranges(drawn)
    assert best["scale"] == (2, 4)
    assert len(best["camera_intrinsics"][0]) == 9
    for name in ("sigma", "gamma", "atmospheric_light"):
        low, high = best[name]
        score = interval_score(low, high, drawn[name]).mean()
        for step in (-0.02, 0.02):
            for ends in ((low * (1 + step), high), (low, high * (1 + step))):
                assert interval_score(*ends, drawn[name]).mean() >= score
    assert ranges({"sigma": np.array([np.nan])}) == {}


def test_ranges_by_hand() -> None:
    true = ground_truth(
        *[("blur", {"sigma": v}) for v in (2, 4, 6, 8)], ("low_resolution", {"scale": 3})
    )
    rows = rows_of(
        true,
        says("blur", {"sigma": 2}, sigma=(1.5, 2.5)),  # holds it
        says("blur", {"sigma": 5}, sigma=(4.5, 5)),  # is half a pixel above it
        says("haze", {}, sigma=(6, 6)),  # another type: does not count
        says("blur", {"sigma": 8}, scale=(2, 2)),  # says nothing of its key
        says("low_resolution", {}, scale=(3, 3)),
    )
    v = estimate(rows).values
    assert v["ranges_stated.sigma"] == pytest.approx(2 / 3)
    assert v["range_coverage.sigma"] == pytest.approx(2 / 3)
    assert v["range_width.sigma"] == pytest.approx((1 + 0.5 + 8) / 3)
    assert v["interval_score.sigma"] == pytest.approx((1 + 0.5 + 0.5 * 20 + 8) / 3)
    # The constant's range is [2, 8], of the four values.
    assert v["constant_interval_score.sigma"] == 6
    assert v["interval_skill.sigma"] == pytest.approx(1 - 19.5 / 3 / 6)
    assert (v["range_coverage.scale"], v["interval_score.scale"]) == (1, 0)
    assert v["interval_skill.scale"] is None  # the constant is never wrong either
    assert v["range_coverage.avg"] == pytest.approx((2 / 3 + 1) / 2)
    assert v["range_coverage.gamma"] is None
    assert "brier" not in v
    assert certainty.summary(rows, v).types is None


def test_the_entries_of_a_vector_count_alike() -> None:
    matrix = np.arange(9) / 10
    low_light = {"gamma": 2, "gain": 0.1, "camera_intrinsics": matrix}
    true = ground_truth(("low_light", low_light))
    ends = tuple(matrix - 0.01), tuple(np.where(matrix < 0.3, matrix - 0.005, matrix + 0.01))
    v = estimate(rows_of(true, says("low_light", {}, camera_intrinsics=ends))).values
    assert v["range_coverage.camera_intrinsics"] == pytest.approx(6 / 9)
    assert v["range_width.camera_intrinsics"] == pytest.approx((6 * 0.02 + 3 * 0.005) / 9)
    score = (6 * 0.02 + 3 * (0.005 + 20 * 0.005)) / 9
    assert v["interval_score.camera_intrinsics"] == pytest.approx(score)


def test_honest_ranges_hold_nine_of_ten() -> None:
    honest, boastful = (
        synthetic_scores.scored("m", wrong=0.2, n=6000, photos=600, overconfident=by, metrics=())
        for by in (1, 2)
    )
    for name, share in honest.result.certainty.ranges.coverage.items():
        assert share == pytest.approx(0.9, abs=0.03), name
    low, high = honest.result.intervals["range_coverage.sigma"]
    assert low < 0.9 < high
    # Half as wide: a normal stays within ± 0.82 sd in 59 %.
    assert boastful.result.certainty.ranges.coverage["sigma"] == pytest.approx(0.59, abs=0.04)
    for name, skill in boastful.result.certainty.ranges.interval_skill.items():
        assert skill < honest.result.certainty.ranges.interval_skill[name]


# Silence


@given(st.integers(0, 10**6), st.floats(0, 0.8))
@settings(max_examples=15, deadline=None)
def test_silence_scores_as_the_least_that_can_be_stated(seed: int, share: float) -> None:
    """So it is a statement that anyone can make, and proper scores reward the true one."""
    rng = np.random.default_rng(seed)
    true = synthetic_scores.ground_truth(150, 40)
    wide = {
        key.name: tuple((end,) * key.size if key.size > 1 else end for end in (key.low, key.high))
        for key in KEYS.values()
    }
    uniform = dict.fromkeys(TYPE_NAMES, 0.0) | dict.fromkeys(PRESET.types, 0.25)
    silent, spelt_out = {}, {}
    for row, name in enumerate(true.ids):
        given = synthetic_scores.answer(true, row, 0.3, rng)
        if given is None or not given.degradations:
            continue
        if rng.random() < share:
            silent[name] = given
            spelt_out[name] = replace(given, type_probabilities=uniform, ranges=wide)
        else:
            silent[name] = spelt_out[name] = synthetic_scores.certain(given, 0.3)
    one, two = (
        estimate(score_samples(true, answers, {}, PRESET, ranges(true.values)), resamples=20)
        for answers in (silent, spelt_out)
    )
    assert one.values.keys() == two.values.keys()
    for name, value in one.values.items():
        if not name.startswith(("type_probabilities_stated", "ranges_stated")):
            assert value == two.values[name], name


def test_the_whole_range_is_the_presets() -> None:
    wide = replace(PRESET, draws={"blur": {"sigma": {"uniform": [0.5, 12], "range": [0.5, 12]}}})
    assert wide.own_ranges["sigma"] == (0.5, 12)
    true = ground_truth(("blur", {"sigma": 0.6}), ("blur", {"sigma": 11}))
    answers = {"du-0": says("blur", {}, sigma=(0.6, 0.6)), "du-1": says("blur", {})}
    rows = score_samples(true, answers, {}, wide, ranges(true.values))
    assert estimate(rows).values["range_width.sigma"] == 11.5 / 2


def test_a_file_that_states_nothing_is_scored_as_before(tmp_path: Path) -> None:
    plain = synthetic_scores.scored("m", metrics=())
    assert plain.result.certainty is None
    assert not [name for name in plain.result.scores if "range" in name or "interval" in name]
    assert certainty.words(plain.rows) == []
    write(tmp_path / "plain.parquet", plain.rows)
    stated = synthetic_scores.scored("m", metrics=(), overconfident=1)
    write(tmp_path / "stated.parquet", stated.rows)
    columns = [set(pq.read_schema(tmp_path / f"{n}.parquet").names) for n in ("plain", "stated")]
    assert columns[0] < columns[1]
    assert {"probability_none", "low_sigma", "high_sigma"} <= columns[1] - columns[0]
    same = plain.result.scores.items() <= stated.result.scores.items()
    assert same
    assert plain.result.intervals.items() <= stated.result.intervals.items()


def test_rows_and_scores_survive_their_files(tmp_path: Path) -> None:
    scored = synthetic_scores.scored("m", n=200, metrics=(), overconfident=1, none=True)
    write(tmp_path / "rows.parquet", scored.rows)
    back = read(tmp_path / "rows.parquet", scored.rows.scored_types, ())
    for name in ("probabilities", "low", "high", "ranged", "constant_interval"):
        one, two = getattr(scored.rows, name), getattr(back, name)
        assert list(one) == list(two)
        for column in one:
            np.testing.assert_array_equal(one[column], two[column])
    assert estimate(back).values == estimate(scored.rows).values
    path = synthetic_scores.write(tmp_path / "score", scored)
    stated = json.loads(path.read_text())["certainty"]
    assert stated["ranges"]["level"] == 0.9
    assert set(stated["ranges"]["coverage"]) == {*scored.rows.keys, "avg"}
    assert set(stated["ranges"]["width"]) == set(scored.rows.keys)
