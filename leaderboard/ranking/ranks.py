"""Which ranks the data can tell apart: simultaneous intervals of all pairs of models.

All models are resampled alike, photograph by photograph, and the largest studentised deviation over
all pairs gives one critical value for all differences at once (the single-step max-t method:
Westfall and Young 1993; Mogstad et al., Review of Economic Studies 91, 2024, for ranks). With 95 %
confidence every one of the intervals holds, and so every rank that follows from them: the best
possible is 1 + the number of models certainly better, the worst M − the number certainly worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
_PAIRS_AT_ONCE = 4000


@dataclass(frozen=True)
class Ranks:
    """What can be said of the order of M models by one score.

    Attributes:
        place: (M,) 1 for the best value, equal for equal values.
        best, worst: (M,) the simultaneous rank interval.
        critical: the multiple of a difference's standard error that it must exceed.
        better: (M, M) whether the first is certainly better than the second.
    """

    place: NDArray[np.int64]
    best: NDArray[np.int64]
    worst: NDArray[np.int64]
    critical: float
    better: NDArray[np.bool_]

    @property
    def top(self) -> NDArray[np.bool_]:
        """(M,) whether nothing is certainly better: not separable from the best."""
        return np.equal(self.best, 1)


def ranks(
    values: Sequence[float] | Floats,
    drawn: Floats,
    higher_is_better: bool,
    confidence: float = CONFIDENCE,
) -> Ranks:
    """Rank intervals of models scored on the same samples.

    Args:
        values: (M,) their scores.
        drawn: (M, resamples) the same in resamplings that all models share.
        higher_is_better: which side is good.
        confidence: that all pairs together are told apart rightly.
    """
    sign = 1.0 if higher_is_better else -1.0
    scores = sign * np.asarray(values, np.float64)
    deviations = sign * drawn - scores[:, None]
    count = len(scores)
    first, second = np.triu_indices(count, 1)
    gaps = scores[first] - scores[second]
    errors = np.empty(len(first))
    largest = np.zeros(drawn.shape[1])
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        apart = deviations[first[part]] - deviations[second[part]]
        # About their own mean: a ratio's resamples are a little off its value.
        apart -= apart.mean(axis=1, keepdims=True)
        errors[part] = apart.std(axis=1)
        there = errors[part] > 1e-12
        if there.any():
            largest = np.maximum(largest, (np.abs(apart[there]) / errors[part][there, None]).max(0))
    critical = float(np.quantile(largest, confidence)) if len(first) else 0.0
    better = np.zeros((count, count), bool)
    separable = np.abs(gaps) > critical * np.maximum(errors, 1e-12)
    better[first, second] = separable & (gaps > 0)
    better[second, first] = separable & (gaps < 0)
    return Ranks(
        place=1 + (scores[None, :] > scores[:, None]).sum(axis=1),
        best=1 + better.sum(axis=0),
        worst=count - better.sum(axis=1),
        critical=critical,
        better=better,
    )
