"""What the printed intervals are worth: at the ends, against exact tests, and in simulation."""

import numpy as np
import pytest
from scipy import stats

from dubench.dataset import TYPE_NAMES
from dubench.predictions.record import Prediction
from dubench.scoring.compare import compare
from dubench.scoring.estimates import estimate
from dubench.scoring.sample_scores import SampleScores, score_samples
from dubench.scoring.score_files import Scored
from dubench.scoring.type_oracle import constants
from generators.taxonomy import TYPES, Degradation
from tests.dubench.scoring import synthetic_scores
from tests.dubench.scoring.test_compare import RESULT

PRESET = synthetic_scores.PRESET


def rows(right: np.ndarray, photos: int, error: np.ndarray | None = None) -> SampleScores:
    """Answers of the right type where `right` (n,), with a relative `error` (n,), else of the next
    type; samples lie in `photos` photographs, one after the other."""
    true = synthetic_scores.ground_truth(len(right), photos)
    true.clusters[:] = [f"folder/{row * photos // len(right)}.jpg" for row in range(len(right))]
    error = np.zeros(len(right)) if error is None else error
    answers = {}
    for row, name in enumerate(true.ids):
        code = true.types[row] if right[row] else (true.types[row] + 1) % len(PRESET.types)
        type_name = TYPE_NAMES[code]
        values = {
            key.name: true.values[key.name][row] * (1 + error[row])
            if right[row]
            else np.full(key.size, key.high).squeeze()
            for key in TYPES[type_name].keys
        }
        answers[name] = Prediction(name, row + 1, (Degradation(type_name, values),))
    return score_samples(true, answers, constants(true.values), PRESET)


def test_a_perfect_models_scores_are_as_unsure_as_its_accuracy() -> None:
    """97.5 % of worlds of accuracy `low` or less show at least one error in 200 photographs."""
    perfect = estimate(rows(np.ones(200, bool), 200), resamples=4000)
    low = stats.binomtest(200, 200).proportion_ci().low
    for name in ("t_acc", "j_acc", "t_f1"):
        assert perfect.intervals[name] == (pytest.approx(low, abs=0.003), 1.0), name
    # Over seven keys, three of them of one type: a wrong answer costs the mean of them 0.57 to 1.71
    # times what it costs the accuracy.
    best, worst = perfect.intervals["p_rel_capped.avg"]
    assert best == 0
    assert 1 - low < worst < 1.71 * (1 - low)
    by_type = stats.binomtest(50, 50).proportion_ci().low
    assert perfect.intervals["by_type.haze.f1"][1] == 1
    assert perfect.intervals["by_type.haze.f1"][0] == pytest.approx(by_type, abs=0.01)
    assert perfect.intervals["p_rel.sigma"][1] == pytest.approx(1 - by_type, abs=0.01)


def test_a_wild_answer_is_named_and_a_mediocre_model_is_not() -> None:
    right, error = np.ones(400, bool), np.full(400, 0.3)
    assert not [note for note in estimate(rows(right, 40, error)).notes if "wild" in note]
    error[0] = 1000.0  # the first sample is a haze: both of its keys
    (note,) = (note for note in estimate(rows(right, 40, error)).notes if "wild" in note)
    assert "P-Rel of atmospheric light, transmission rests on single wild answers" in note


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (5, 0), (6, 0), (9, 1), (10, 2), (30, 14)])
def test_a_real_difference_is_one_by_mcnemars_exact_test(only_a: int, only_b: int) -> None:
    n = 200
    right_a, right_b = np.ones((2, n), bool)
    right_b[:only_a] = False
    right_a[n - only_b :] = False
    a, b = (Scored(RESULT, rows(right, n)) for right in (right_a, right_b))
    (t_acc,) = (d for d in compare(a, b).differences if d.name == "t_acc")
    p = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert (t_acc.better is not None) == (p < 0.05)


def _world(
    rng: np.random.Generator, accuracy: float, photos: int, crops: int, alike: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which answers are right, and relative errors, of a model whose crops of a photograph are
    right together with correlation `alike`."""
    n = photos * crops
    chance = np.full(photos, accuracy)
    if alike:
        scale = (1 - alike) / alike
        chance = rng.beta(accuracy * scale, (1 - accuracy) * scale, photos)
    return rng.random(n) < chance.repeat(crops), rng.exponential(0.1, n)


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.8, 0.9, 0.95, 0.99, 0.995])
@pytest.mark.parametrize(("photos", "crops", "alike"), [(200, 1, 0), (100, 4, 0.3)])
def test_intervals_cover_the_truth(accuracy: float, photos: int, crops: int, alike: float) -> None:
    """250 worlds: at least 93 % of intervals hold the truth, at least 90 % under ten expected
    errors, less three standard errors of 250 draws."""
    rng = np.random.default_rng(1)
    # Beyond 1 the exponential error of mean 0.1 is capped; every key errs alike.
    relative = accuracy * 0.1 * (1 - np.exp(-10)) + 1 - accuracy
    truth = {"t_acc": accuracy, "t_f1": accuracy, "p_rel_capped.avg": relative}
    covered = dict.fromkeys(truth, 0)
    for world in range(250):
        right, error = _world(rng, accuracy, photos, crops, alike)
        intervals = estimate(rows(right, photos, error), world, 400).intervals
        for name, value in truth.items():
            covered[name] += intervals[name][0] <= value <= intervals[name][1]
    few = (1 - accuracy) * photos * crops < 10
    wanted = 0.9 if few else 0.93
    for name, count in covered.items():
        assert count / 250 >= wanted - 3 * (wanted * (1 - wanted) / 250) ** 0.5, name


@pytest.mark.slow
@pytest.mark.parametrize(("photos", "crops", "alike"), [(200, 1, 0), (150, 3, 0.3)])
def test_equal_models_are_told_apart_in_one_case_in_twenty(
    photos: int, crops: int, alike: float
) -> None:
    """300 pairs of models of accuracy .85, alike in which photographs they find hard: 3 to 7 %,
    give or take three standard errors."""
    rng = np.random.default_rng(2)
    real = dict.fromkeys(("t_acc", "t_f1", "p_rel_capped.avg"), 0)
    for world in range(300):
        n = photos * crops
        chance = np.full(photos, 0.85) if not alike else rng.beta(2, 2 * 0.15 / 0.85, photos)
        a, b = (
            Scored(
                RESULT,
                rows(rng.random(n) < chance.repeat(crops), photos, rng.exponential(0.1, n)),
            )
            for _ in range(2)
        )
        for difference in compare(a, b, world).differences:
            if difference.name in real:
                real[difference.name] += difference.better is not None
    margin = 3 * (0.05 * 0.95 / 300) ** 0.5
    for name, count in real.items():
        assert 0.03 - margin <= count / 300 <= 0.07 + margin, name
