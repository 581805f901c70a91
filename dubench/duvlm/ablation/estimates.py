"""How sure a score or a difference of two is, over photographs and seeds.

A score is a mean of means: P-Rel is the mean over keys of each key's mean over samples. With ȳ_s
the score of seed s, and z_p how much photograph p moves the score, averaged over seeds, its
variance is

    V = s²(ȳ) / S + C / (C − 1) · Σ_p z_p²,

s² the sample variance of S seeds, C the number of photographs. The second term is the variance of
a ratio of sums over clusters, which for one sample a photograph is s² / C. What seeds and
photographs do together is in both, so V is rather too large than too small. The interval is
Student's, with the degrees of freedom of Welch (1947) and Satterthwaite (1946): two of them where
three seeds are all that varies. A difference is the same of the differences, seed by seed and
photograph by photograph.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.scoring.intervals import CONFIDENCE, LEAST_CLUSTERS

Floats = NDArray[np.float64]
Columns = Sequence[Floats]
"""Per group, such as a key, the terms (n,) of the samples; NaN where one is not of the group."""


@dataclass(frozen=True)
class Estimate:
    """A score, or a difference of two.

    Attributes:
        value: the mean over the seeds.
        interval: 95 %; None for fewer than 30 photographs, or where nothing varies.
    """

    value: float
    interval: tuple[float, float] | None


def score(columns: Columns) -> float:
    """The mean over groups of each one's mean."""
    return float(np.mean([np.nanmean(column) for column in columns]))


def estimate(by_seed: Sequence[Columns], clusters: NDArray[np.int64]) -> Estimate:
    """A score of models trained with several seeds.

    Args:
        clusters: (n,) 0 … C − 1, the photograph of each sample.
    """
    scores = np.array([score(columns) for columns in by_seed])
    moves = np.mean([_moves(columns, clusters) for columns in by_seed], axis=0)
    return _with_interval(scores, moves)


def difference(a: Sequence[Columns], b: Sequence[Columns], clusters: NDArray[np.int64]) -> Estimate:
    """The score of `a` minus that of `b`, of the same samples and seeds."""
    pairs = list(zip(a, b, strict=True))
    scores = np.array([score(one) - score(other) for one, other in pairs])
    moves = [_moves(one, clusters) - _moves(other, clusters) for one, other in pairs]
    return _with_interval(scores, np.mean(moves, axis=0))


def within(one: Estimate, low: float, high: float) -> Estimate:
    """An estimate of what cannot be outside [low, high]."""
    if one.interval is None:
        return one
    return Estimate(one.value, (max(low, one.interval[0]), min(high, one.interval[1])))


def _moves(columns: Columns, clusters: NDArray[np.int64]) -> Floats:
    """How much each photograph moves a score, (C,): they sum to 0."""
    moves = np.zeros(int(clusters.max()) + 1)
    for column in columns:
        away = np.nan_to_num(column - np.nanmean(column))
        count = np.count_nonzero(~np.isnan(column))
        moves += np.bincount(clusters, away, len(moves)) / (count * len(columns))
    return moves


def _with_interval(scores: Floats, moves: Floats) -> Estimate:
    value, seeds, photographs = float(scores.mean()), len(scores), len(moves)
    parts = [(photographs / (photographs - 1) * float(moves @ moves), photographs - 1)]
    if seeds > 1:
        parts.append((float(scores.var(ddof=1)) / seeds, seeds - 1))
    variance = sum(part for part, _ in parts)
    if photographs < LEAST_CLUSTERS or variance == 0:
        return Estimate(value, None)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    half = student(0.5 + CONFIDENCE / 2, freedom) * math.sqrt(variance)
    return Estimate(value, (value - half, value + half))


def student(level: float, freedom: float) -> float:
    """The quantile of Student's distribution at a level of ½ or more, by Simpson's rule: with
    t = √ν·tan φ the density is proportional to cos^(ν − 1) φ."""
    angles = np.linspace(0, math.pi / 2, 20_001)
    heights = np.cos(angles) ** (freedom - 1)
    steps = (heights[:-2:2] + 4 * heights[1:-1:2] + heights[2::2]) / 3
    reached = np.append(0, np.cumsum(steps))
    angle = np.interp((2 * level - 1) * reached[-1], reached, angles[::2])
    return math.sqrt(freedom) * math.tan(float(angle))
