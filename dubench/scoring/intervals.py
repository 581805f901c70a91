"""How sure a score is: a bootstrap over photographs, and Wilson's interval at the ends.

Crops of one photograph are not independent, so photographs are resampled, not samples (the
cluster bootstrap; Davison and Hinkley, "Bootstrap Methods and their Application", 1997, 3.8).
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ratio = tuple[Floats, Floats]
"""A score as Σ numerator / Σ denominator over the samples, each (n,)."""

RESAMPLES = 1000
CONFIDENCE = 0.95
LEAST_CLUSTERS = 30
"""Below this the bootstrap's intervals are far too short to be printed."""

_AT_ONCE = 4_000_000  # numbers drawn at a time: 32 MB


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share (1927); `n` may be an effective number of samples."""
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def codes(clusters: Sequence[str]) -> NDArray[np.int64]:
    """Number the clusters by name: equal for equal sets of names, so that pairs stay pairs."""
    return np.unique(np.array(clusters, dtype=object).astype(str), return_inverse=True)[1]


def totals(ratios: Mapping[str, Ratio]) -> dict[str, Floats]:
    """Each ratio over all samples; NaN where its denominator is 0."""
    return {name: _divide(top.sum(), under.sum()) for name, (top, under) in ratios.items()}


def bootstrap(
    ratios: Mapping[str, Ratio],
    clusters: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Floats]:
    """Each ratio in `resamples` resamplings of the clusters, (resamples,); NaN where undefined.

    The same clusters and seed give the same resamplings, whatever the ratios: so the differences
    of two models' ratios are paired.

    Args:
        clusters: (n,) 0 … C − 1, the cluster of each sample.
    """
    count = int(clusters.max()) + 1
    columns = {id(column): column for ratio in ratios.values() for column in ratio}
    place = {key: number for number, key in enumerate(columns)}
    sums = np.stack([np.bincount(clusters, column, count) for column in columns.values()], axis=1)
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = np.empty((resamples, sums.shape[1]))
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = rng.integers(0, count, (rows, count)) + np.arange(rows)[:, None] * count
        weights = np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count)
        drawn[start : start + rows] = weights.astype(np.float64) @ sums
    return {
        name: _divide(drawn[:, place[id(top)]], drawn[:, place[id(under)]])
        for name, (top, under) in ratios.items()
    }


def clusters_of(ratio: Ratio, clusters: NDArray[np.int64]) -> int:
    """In how many clusters the ratio's denominator has a part."""
    return len(np.unique(clusters[ratio[1] != 0]))


def effective_n(ratio: Ratio, clusters: NDArray[np.int64]) -> float:
    """Samples that count as independent when those of a cluster all agree: (Σm)² / Σm² (Kish)."""
    sizes = np.bincount(clusters, ratio[1])
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def percentile_interval(drawn: Floats, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle `confidence` of resampled values (resamples,); NaN are left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _divide(top: Floats, under: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(under == 0, np.nan, np.asarray(top) / under)
