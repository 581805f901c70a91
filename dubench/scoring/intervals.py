"""How sure a score is: a bootstrap over photographs, with one photograph more than there are.

Crops of one photograph are not independent, so photographs are weighed at random, not samples, with
exponential weights (the Bayesian bootstrap: Rubin 1981). What never occurred in the samples no
weights can bring forth: of a model that was right throughout they would say that it is always
right. So an interval ends where resampling ends when one more photograph has been answered all
wrong, or all right. For the share of right answers in n photographs that is, exactly, the interval
of Clopper and Pearson (1934), whose coverage is never below what it says: Beta(y, n − y + 1) and
Beta(y + 1, n − y) are what exponential weights give with one failure or success more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Drawn:
    """Ratios in many resamplings of the clusters, and in each a weight for one cluster more.

    The same clusters and seed give the same resamplings, whatever the ratios: so the differences
    of two models' ratios are paired.

    Attributes:
        tops, unders: per ratio (resamples,), the weighted sums.
        weight: (resamples,) of the cluster that may be added.
        own_size: per ratio, the denominator of an added cluster that has a part in it: the mean
            over clusters, each as often as its size, so that nothing but its own effective number
            of clusters, (Σm)² / Σm² (Kish), tells how much it moves a ratio.
        alike: per ratio (resamples,), the denominator of an added cluster that is made like one of
            those there, another in each resampling.
    """

    tops: Mapping[str, Floats]
    unders: Mapping[str, Floats]
    weight: Floats
    own_size: Mapping[str, float]
    alike: Mapping[str, Floats]

    def values(self) -> dict[str, Floats]:
        """Each ratio, (resamples,), nothing added; NaN where undefined."""
        return {name: _divide(top, self.unders[name]) for name, top in self.tops.items()}

    def with_one_more(self, value: Mapping[str, float], *, alike: bool) -> dict[str, Floats]:
        """Each ratio, (resamples,), with one more cluster.

        Args:
            value: of the ratio in that cluster; ratios without one stay as they are.
            alike: whether the cluster is made like one of those there, which is right for what is
                made of several ratios; else it has a part in every ratio, as large as usual, which
                is right for each ratio by itself.
        """
        result = self.values()
        for name, there in value.items():
            size = self.weight * (self.alike[name] if alike else self.own_size[name])
            result[name] = _divide(self.tops[name] + there * size, self.unders[name] + size)
        return result


def draw(
    ratios: Mapping[str, Ratio],
    clusters: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Drawn:
    """Resample the clusters.

    Args:
        clusters: (n,) 0 … C − 1, the cluster of each sample.
    """
    sums, place = _cluster_sums(ratios, clusters)
    count = len(sums)
    parts = list(_drawn_weights(count, resamples, seed))
    drawn = np.concatenate([part @ sums for part in parts])
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    weight = rng.standard_exponential(resamples)
    sizes = np.bincount(clusters, minlength=count)
    like = rng.choice(count, resamples, p=sizes / sizes.sum())
    unders = {name: sums[:, place[id(under)]] for name, (_, under) in ratios.items()}
    return Drawn(
        {name: drawn[:, place[id(top)]] for name, (top, _) in ratios.items()},
        {name: drawn[:, place[id(under)]] for name, (_, under) in ratios.items()},
        weight,
        {name: usual_size(under) for name, under in unders.items()},
        {name: under[like] for name, under in unders.items()},
    )


def bootstrap(
    ratios: Mapping[str, Ratio],
    clusters: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Floats]:
    """Each ratio in `resamples` resamplings of the clusters, (resamples,), as `Drawn.values`."""
    return draw(ratios, clusters, resamples, seed).values()


def bootstrap_pairs(
    pairs: Mapping[str, Pairs],
    clusters: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Floats]:
    """Each squared mean in the resamplings that `draw` makes, (resamples,)."""
    sums, place = _cluster_sums(pairs, clusters)
    parts = [
        _squared_means(pairs, place, sums, weights)
        for weights in _drawn_weights(len(sums), resamples, seed)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in pairs}


def _squared_means(
    pairs: Mapping[str, Pairs], place: Mapping[int, int], sums: Floats, weights: Floats
) -> dict[str, Floats]:
    """Per pair (rows,), for `weights` (rows, clusters): how much each cluster counts.

    A cluster makes no pair with itself: that would bring the bias back.
    """
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
    """How much each of `count` clusters counts, (rows, count) in parts of `resamples` rows."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        yield rng.standard_exponential((min(step, resamples - start), count))


def usual_size(sizes: Floats) -> float:
    """The mean of the sizes (C,) of clusters, each as often as its size; 0 where there is none."""
    total = float(sizes.sum())
    return float((sizes**2).sum()) / total if total else 0.0


def clusters_of(ratio: Ratio, clusters: NDArray[np.int64]) -> int:
    """In how many clusters the ratio's denominator has a part."""
    return len(np.unique(clusters[ratio[1] != 0]))


def percentile_interval(drawn: Floats, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle `confidence` of resampled values (resamples,); NaN are left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def outer_interval(*drawn: Floats) -> tuple[float, float]:
    """The shortest interval that holds the percentile intervals of all of `drawn`."""
    lows, highs = zip(*(percentile_interval(one) for one in drawn), strict=True)
    return min(lows), max(highs)


def _divide(top: Floats, under: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(under == 0, np.nan, np.asarray(top) / under)
