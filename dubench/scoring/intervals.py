"""How sure a score is: a bootstrap over photographs, and Wilson's interval at the ends.

Crops of one photograph are not independent, so photographs are resampled, not samples (the
cluster bootstrap; Davison and Hinkley, "Bootstrap Methods and their Application", 1997, 3.8).
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ratio = tuple[Floats, Floats]
"""A score as Σ numerator / Σ denominator over the samples, each (n,)."""

Pairs = tuple[Floats, Floats]
"""A squared mean as Σ a·a' / Σ b·b' over the pairs of samples of different clusters, of (n,) a and
b. The plain square of a mean is too large by the mean's variance, whatever the clusters; this is
not, since the two samples of a pair are independent."""

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


def pair_totals(pairs: Mapping[str, Pairs], clusters: NDArray[np.int64]) -> dict[str, Floats]:
    """Each squared mean over all samples; NaN where no two clusters have a part in it."""
    sums, place = _cluster_sums(pairs, clusters)
    once = np.ones((1, len(sums)))
    return {name: value[0] for name, value in _squared_means(pairs, place, sums, once).items()}


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
    sums, place = _cluster_sums(ratios, clusters)
    weights = _drawn_weights(len(sums), resamples, seed)
    drawn = np.concatenate([part @ sums for part in weights])
    return {
        name: _divide(drawn[:, place[id(top)]], drawn[:, place[id(under)]])
        for name, (top, under) in ratios.items()
    }


def bootstrap_pairs(
    pairs: Mapping[str, Pairs],
    clusters: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Floats]:
    """Each squared mean in the resamplings that `bootstrap` makes, (resamples,).

    A cluster that is drawn twice makes no pair with itself: that would bring the bias back.
    """
    sums, place = _cluster_sums(pairs, clusters)
    parts = [
        _squared_means(pairs, place, sums, weights)
        for weights in _drawn_weights(len(sums), resamples, seed)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in pairs}


def _squared_means(
    pairs: Mapping[str, Pairs], place: Mapping[int, int], sums: Floats, weights: Floats
) -> dict[str, Floats]:
    """Per pair (rows,), for `weights` (rows, clusters): how often each cluster counts."""
    products = (weights @ sums) ** 2 - weights**2 @ sums**2
    return {
        name: _divide(products[:, place[id(top)]], products[:, place[id(under)]])
        for name, (top, under) in pairs.items()
    }


def _cluster_sums(
    columns_of: Mapping[str, Ratio], clusters: NDArray[np.int64]
) -> tuple[Floats, dict[int, int]]:
    """(clusters, columns) sums of every column, each once, and its place by its id."""
    columns = {id(column): column for pair in columns_of.values() for column in pair}
    count = int(clusters.max()) + 1
    sums = [np.bincount(clusters, column, count) for column in columns.values()]
    place = {key: number for number, key in enumerate(columns)}
    return np.stack(sums, axis=1) if sums else np.empty((count, 0)), place


def _drawn_weights(count: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `count` clusters is drawn, (rows, count) in parts of `resamples` rows."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = rng.integers(0, count, (rows, count)) + np.arange(rows)[:, None] * count
        drawn = np.bincount(picks.ravel(), minlength=rows * count)
        yield drawn.reshape(rows, count).astype(np.float64)


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
