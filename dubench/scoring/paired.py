"""Two models' scores in the same resamplings of the photographs, so that their differences pair."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dubench.scoring import certainty
from dubench.scoring.estimates import ends, resampled_values
from dubench.scoring.intervals import Floats, Ratio, bootstrap_pairs, draw, usual_size
from dubench.scoring.sample_scores import SampleScores

Scores = dict[str, Floats]


def resampled_gaps(
    a: SampleScores,
    b: SampleScores,
    of_a: Mapping[str, Ratio],
    of_b: Mapping[str, Ratio],
    clusters: NDArray[np.int64],
    seed: int,
) -> tuple[Scores, Scores]:
    """Every score of `b` minus that of `a`, (resamples,) each, with one photograph more.

    The first of the two has a photograph that a answers right and b wrong, the second the other
    way about. It is as wrong as photographs usually are in which the two differ, and all wrong
    where they differ in none. For the shares of right answers in independent samples an interval
    between the two leaves out 0 when McNemar's exact test rejects at the same level.

    Args:
        a, b: of the same samples in the same order. of_a, of_b: their ratios.
        clusters: (n,) 0 … C − 1, the photograph of each sample.
    """
    right, wrong = {}, {}
    for name, (worst, best) in ends(a).items():
        if worst != best and name in of_b:
            share = _usual_gap(of_a[name], of_b[name], worst, best, clusters)
            right[name], wrong[name] = best, best + share * (worst - best)

    def scores(rows: SampleScores, ratios: Mapping[str, Ratio]) -> list[Scores]:
        drawn = draw(ratios, clusters, seed=seed)
        pairs = bootstrap_pairs(certainty.pairs(rows), clusters, seed=seed)
        both = ({name: end[name] for name in end if name in ratios} for end in (right, wrong))
        return [resampled_values(rows, drawn, pairs, end) for end in both]

    (right_a, wrong_a), (right_b, wrong_b) = scores(a, of_a), scores(b, of_b)
    return _minus(wrong_b, right_a), _minus(right_b, wrong_a)


def _usual_gap(a: Ratio, b: Ratio, worst: float, best: float, clusters: NDArray[np.int64]) -> float:
    """How much of a photograph's score the two usually give up against each other in one in which
    they differ: the mean over photographs, each as often as its gap."""
    losses = [np.bincount(clusters, (top - best * under) / (worst - best)) for top, under in (a, b)]
    gaps = np.abs(losses[0] - losses[1])
    sizes = np.bincount(clusters, a[1]).astype(np.float64)
    if not gaps.any() or not sizes.any():
        return 1.0
    return usual_size(gaps) / usual_size(sizes)


def _minus(b: Scores, a: Scores) -> Scores:
    return {name: column - a[name] for name, column in b.items() if name in a}
