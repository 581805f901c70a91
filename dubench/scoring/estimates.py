"""Every score of one model by name, each with its interval where there is enough to tell it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES
from dubench.scoring import certainty, understanding
from dubench.scoring.intervals import (
    LEAST_CLUSTERS,
    RESAMPLES,
    Drawn,
    Ratio,
    bootstrap_pairs,
    clusters_of,
    codes,
    draw,
    outer_interval,
    pair_totals,
    totals,
)
from dubench.scoring.result import AVERAGE
from dubench.scoring.sample_scores import SampleScores
from dubench.text import percent, words
from generators.taxonomy import NONE

Floats = NDArray[np.float64]

_WILD = 0.1  # share of P-Rel's sum from which on one photograph is too much
_WITHOUT_INTERVAL = ("constant", "calibration.", "calibration_gap.")


@dataclass(frozen=True)
class Estimates:
    """Scores by name, such as `t_acc`, `p_rel.gamma`, `by_type.haze.f1` and `psnr.avg`.

    Attributes:
        values: the scores; None where there is nothing to score.
        intervals: 95 % intervals of those that have one.
        clusters: how many photographs the samples are crops of.
        notes: why intervals are missing.
    """

    values: dict[str, float | None]
    intervals: dict[str, tuple[float, float]]
    clusters: int
    notes: list[str]


def estimate(rows: SampleScores, seed: int = 0, resamples: int = RESAMPLES) -> Estimates:
    """All scores of `rows` with 95 % intervals, by a bootstrap over photographs.

    Scores that rest on fewer than 30 photographs get none.
    """
    ratios = ratios_of(rows)
    clusters = codes(rows.clusters)
    values = {
        name: None if np.isnan(value) else float(value)
        for name, value in values_of(rows, ratios, clusters).items()
    }
    count = int(clusters.max()) + 1
    if count < LEAST_CLUSTERS:
        note = f"no intervals: {count} photographs, and fewer than {LEAST_CLUSTERS} tell too little"
        return Estimates(values, {}, count, [note])
    drawn = draw(ratios, clusters, resamples, seed)
    pairs = bootstrap_pairs(certainty.pairs(rows), clusters, resamples, seed)
    limits = ends(rows)
    wrong, right = (
        resampled_values(rows, drawn, pairs, {name: side[end] for name, side in limits.items()})
        for end in (0, 1)
    )
    photographs = photographs_of(ratios, clusters)
    intervals: dict[str, tuple[float, float]] = {}
    thin = []
    for name, value in values.items():
        if value is None or name.startswith(_WITHOUT_INTERVAL):
            continue
        if support(name, photographs) < LEAST_CLUSTERS:
            thin.append(name)
        else:
            intervals[name] = outer_interval(wrong[name], right[name])
    notes = _wild(rows, clusters)
    if thin:
        notes.append(
            f"no interval for {len(thin)} scores that rest on fewer than {LEAST_CLUSTERS} "
            f"photographs, such as {thin[0]}"
        )
    return Estimates(values, intervals, count, notes)


def _wild(rows: SampleScores, clusters: NDArray[np.int64]) -> list[str]:
    """What to say of P-Rel where it rests on few photographs: no resampling of those there tells
    how often wild values come, nor how wild they get."""
    shares = {}
    for name in rows.keys:
        relative = np.nan_to_num(rows.relative[name])
        wild = np.bincount(clusters, np.where(relative > 1, relative, 0)).max()
        if wild > _WILD * relative.sum():
            shares[name] = wild / relative.sum()
    if not shares:
        return []
    worst = max(shares, key=shares.__getitem__)
    return [
        f"P-Rel of {', '.join(words(name) for name in shares)} rests on single wild answers (one "
        f"photograph gives {percent(shares[worst])} of that of {words(worst)}): its interval is "
        "too short; read the capped P-Rel"
    ]


def ratios_of(rows: SampleScores) -> dict[str, Ratio]:
    """Every score that is a ratio of sums: understanding, certainty and restoration."""
    ratios = understanding.ratios(rows) | certainty.ratios(rows)
    for metric, column in rows.quality.items():
        there = ~np.isnan(column)
        filled = np.where(there, column, 0)
        for name in (*rows.scored_types, NONE.name):
            mine = (there & (rows.types == TYPE_NAMES.index(name))).astype(float)
            ratios[f"{metric}.{name}"] = (filled * mine, mine)
    return ratios


def ends(rows: SampleScores) -> dict[str, tuple[float, float]]:
    """Per ratio its value in a photograph that is answered all wrong, and all right.

    Ratios without such ends, as widths and the metrics of restoration, are left out.
    """
    return understanding.ends(rows) | certainty.ends(rows)


def values_of(
    rows: SampleScores, ratios: Mapping[str, Ratio], clusters: NDArray[np.int64]
) -> dict[str, Floats]:
    """Every score by name; NaN where there is nothing to score.

    Args:
        ratios: as `ratios_of` makes them of `rows`.
        clusters: (n,) 0 … C − 1, the photograph of each sample.
    """
    return _derived(totals(ratios) | pair_totals(certainty.pairs(rows), clusters), rows)


def resampled_values(
    rows: SampleScores,
    drawn: Drawn,
    pairs: Mapping[str, Floats],
    one_more: Mapping[str, float],
) -> dict[str, Floats]:
    """The same in resamplings of the photographs and one photograph more: (resamples,) each.

    Args:
        drawn, pairs: the ratios and pairs of `rows`, resampled.
        one_more: the ratios' values in that photograph.
    """
    single = _derived(drawn.with_one_more(one_more, alike=False) | dict(pairs), rows)
    several = _derived(drawn.with_one_more(one_more, alike=True) | dict(pairs), rows)
    return {
        name: several[name] if name == "t_f1" or name.endswith(f".{AVERAGE}") else column
        for name, column in single.items()
    }


def resampled_scores(rows: SampleScores, seed: int = 0) -> dict[str, Floats]:
    """Every score in resamplings of the photographs, (resamples,) each, and nothing added.

    The same for all models of the same photographs, so that differences of them are paired.
    """
    ratios, clusters = ratios_of(rows), codes(rows.clusters)
    pairs = bootstrap_pairs(certainty.pairs(rows), clusters, seed=seed)
    return _derived(draw(ratios, clusters, seed=seed).values() | pairs, rows)


def _derived(values: Mapping[str, Floats], rows: SampleScores) -> dict[str, Floats]:
    """The ratios' values and all that follows from them, of whatever shape they have.

    The average of a restoration metric is the plain mean over the scored types.
    """
    derived = {**values, **understanding.derive(values, rows.scored_types)}
    derived |= certainty.derive(values, rows.keys)
    for metric in rows.quality:
        by_type = [values[f"{metric}.{name}"] for name in rows.scored_types]
        derived[f"{metric}.{AVERAGE}"] = understanding.mean(by_type)
    return derived


def photographs_of(ratios: Mapping[str, Ratio], clusters: NDArray[np.int64]) -> dict[str, int]:
    """On how many photographs each ratio rests."""
    return {name: clusters_of(ratio, clusters) for name, ratio in ratios.items()}


def support(name: str, photographs: Mapping[str, int]) -> int:
    """The fewest photographs that a part of the score `name` rests on, parts without any aside.

    Args:
        photographs: as `photographs_of` counts them.
    """
    counts = [photographs[part] for part in _parts(name, photographs)]
    return min((count for count in counts if count), default=0)


_MADE_OF = {
    "skill": "p_rel",
    "skill_type_correct": "p_rel_type_correct",
    "interval_skill": "interval_score",
}


def _parts(name: str, ratios: Iterable[str]) -> list[str]:
    """The ratios that the score `name` is made of."""
    if name in ratios:
        return [name]
    if name == "calibration_error":
        return [part for part in ratios if part.startswith("calibration.")]
    if name == "t_f1":
        return [part for part in ratios if part.startswith("by_type.") and part.endswith(".f1")]
    score, _, key = name.rpartition(".")
    score = _MADE_OF.get(score, score)
    if key != AVERAGE:
        return [f"{score}.{key}"]
    return [
        part
        for part in ratios
        if part.startswith(f"{score}.") and not part.endswith(f".{NONE.name}")
    ]
