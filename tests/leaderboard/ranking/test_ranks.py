"""Ranks say no more than the data: against Tukey's range, and on simulated boards."""

import numpy as np
import pytest
from scipy.stats import studentized_range

from leaderboard.ranking.ranks import Ranks, ranks


@pytest.mark.parametrize("count", [2, 5, 20])
def test_the_limit_is_tukeys_for_independent_models(count: int) -> None:
    """Of independent normal scores of one variance the largest difference has the distribution of
    the studentized range (Tukey 1953), whose differences have √2 times the deviation."""
    drawn = np.random.default_rng(1).normal(size=(count, 20_000))
    limit = ranks(np.zeros(count), drawn, higher_is_better=True).critical
    assert limit == pytest.approx(studentized_range.ppf(0.95, count, np.inf) / 2**0.5, rel=0.02)


def test_what_is_far_apart_is_told_apart_on_the_right_side() -> None:
    values = np.array([0.1, 0.5, 0.9])
    drawn = values[:, None] + np.random.default_rng(2).normal(0, 0.01, (3, 1000))
    up, down = ranks(values, drawn, True), ranks(values, drawn, False)
    assert list(up.place) == list(up.best) == list(up.worst) == [3, 2, 1]
    assert list(down.place) == list(down.best) == list(down.worst) == [1, 2, 3]
    assert list(up.top) == [False, False, True]


def test_shared_difficulty_cancels() -> None:
    """Differences are paired: what all models share does not blur them."""
    rng = np.random.default_rng(3)
    values = np.array([0.50, 0.52])
    shared = rng.normal(0, 0.1, 1000)
    drawn = values[:, None] + shared + rng.normal(0, 0.002, (2, 1000))
    assert ranks(values, drawn, True).better[1, 0]


def test_one_and_the_same_predictions_are_never_told_apart() -> None:
    drawn = np.tile(np.random.default_rng(4).normal(size=1000), (3, 1))
    result = ranks([0.3, 0.3, 0.3], drawn, True)
    assert not result.better.any()
    assert list(result.place) == [1, 1, 1]
    assert list(result.worst) == [3, 3, 3]


def test_a_board_of_one() -> None:
    result = ranks([0.3], np.zeros((1, 100)), True)
    assert (result.best[0], result.worst[0]) == (1, 1)


MODELS, PHOTOGRAPHS, CROPS, BOARDS, RESAMPLES = 20, 300, 10, 600, 1000


def _simulated(skills: np.ndarray, rng: np.random.Generator) -> Ranks:
    """Ranks of models that answer right more often the higher their skill, on photographs that are
    hard for all, and for each in its own way."""
    shared = rng.normal(0, 1, PHOTOGRAPHS)
    own = rng.normal(0, 0.7, (len(skills), PHOTOGRAPHS))
    noise = rng.normal(0, 1, (len(skills), PHOTOGRAPHS, CROPS))
    right = (shared + own)[..., None] + noise < 2.0 + skills[:, None, None]
    sums = right.sum(axis=2).astype(float)
    weights = rng.standard_exponential((RESAMPLES, PHOTOGRAPHS))
    drawn = (weights @ sums.T) / (weights.sum(axis=1) * CROPS)[:, None]
    return ranks(right.mean(axis=(1, 2)), drawn.T, True)


@pytest.mark.slow
def test_equal_models_are_told_apart_on_one_board_of_twenty() -> None:
    rng = np.random.default_rng(5)
    told = np.mean([_simulated(np.zeros(MODELS), rng).better.any() for _ in range(BOARDS)])
    assert 0.03 <= told <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.4, 3.0])
def test_all_true_ranks_are_inside(spread: float) -> None:
    rng = np.random.default_rng(6)
    true = np.arange(MODELS, 0, -1)
    inside = []
    for _ in range(BOARDS // 2):
        result = _simulated(np.linspace(0, spread, MODELS), rng)
        inside.append(((result.best <= true) & (true <= result.worst)).all())
    assert np.mean(inside) >= 0.93
