"""Is a model as sure as it ought to be? Its probabilities of the types, and its ranges.

Both are scored by proper scores, the Brier score (Brier 1950) and the interval score (Winkler 1972;
Gneiting and Raftery 2007, section 6.2), beside how far stated and observed shares lie apart. What
a line leaves out counts as the least that could be said: all types alike, a key's whole range. A
model could have stated that itself, so that leaving out where one is unsure gains nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES
from dubench.predictions.certainty import LEVEL
from dubench.scoring.intervals import Pairs, Ratio
from dubench.scoring.result import (
    AVERAGE,
    AVERAGED_RANGES,
    Certainty,
    Numbers,
    RangeCertainty,
    TypeCertainty,
)
from dubench.scoring.sample_scores import SampleScores, interval_score, mean_entry
from dubench.scoring.understanding import mean
from generators.taxonomy import NONE

Floats = NDArray[np.float64]

BINS = 15
LEAST_IN_BIN = 20


def words(rows: SampleScores) -> list[str]:
    """What the signature says of these scores; nothing where nothing is stated."""
    types = [f"calibration:rms,{BINS}-equal-mass,debiased", "brier:sum"]
    return types * bool(rows.probabilities) + [f"ranges:{LEVEL:g},winkler"] * bool(rows.low)


def notes(rows: SampleScores) -> list[str]:
    """Sentences on certainty that some predictions state and others do not."""
    sentences = []
    if rows.probabilities:
        silent = int(np.isnan(rows.probabilities[TYPE_NAMES[0]]).sum())
        if silent:
            sentences.append(
                f"{silent:,} of {rows.n:,} predictions have no type_probabilities, which counts as "
                "all types alike"
            )
    silent_keys = []
    for name in rows.ranged:
        counted = _counted(rows, name)
        silent = int((counted & ~rows.ranged[name]).sum())
        if silent:
            silent_keys.append(f"{name} {silent:,} of {int(counted.sum()):,}")
    if silent_keys:
        sentences.append(
            "answers of the right type without a range, which counts as the key's whole range: "
            + ", ".join(silent_keys)
        )
    return sentences


def _counted(rows: SampleScores, key: str) -> NDArray[np.bool_]:
    """(n,) where a key's range is scored: the type is right, and has the key."""
    absent = np.isnan(rows.truth[key]).reshape(rows.n, -1).any(axis=1)
    return np.logical_and(rows.right, ~absent)


def confidence(rows: SampleScores) -> Floats:
    """(n,) the probability that each prediction gives to the type it answers; NaN where the answer
    is not one type."""
    filled = probabilities(rows)
    answered = np.append(filled, np.full((rows.n, 1), np.nan), axis=1)
    return answered[np.arange(rows.n), rows.answered]


def probabilities(rows: SampleScores) -> Floats:
    """(n, types) the stated probabilities; where there are none, all types alike that can be."""
    stated = np.stack([rows.probabilities[name] for name in TYPE_NAMES], axis=1)
    possible = [name in possible_types(rows) for name in TYPE_NAMES]
    return np.where(np.isnan(stated), np.divide(possible, np.sum(possible)), stated)


def possible_types(rows: SampleScores) -> tuple[str, ...]:
    """The scored types, and `none` where it occurs."""
    undegraded = bool((rows.types == TYPE_NAMES.index(NONE.name)).any())
    return (*rows.scored_types, *([NONE.name] if undegraded else []))


def bins(confidences: Floats, most: int = BINS) -> list[NDArray[np.bool_]]:
    """At most `most` parts of equally many samples, by rising confidence: masks (n,).

    Equal confidences stay together, and a part has LEAST_IN_BIN samples or more where there are so
    many. Samples without a confidence are in none.
    """
    known = np.sort(confidences[~np.isnan(confidences)])
    count = max(1, min(most, len(known) // LEAST_IN_BIN))
    cuts = np.unique(known[[len(known) * i // count for i in range(1, count)]])
    place = np.searchsorted(cuts, confidences, side="right")
    masks = [(place == i) & ~np.isnan(confidences) for i in range(len(cuts) + 1)]
    return [mask for mask in masks if mask.any()]


def ratios(rows: SampleScores) -> dict[str, Ratio]:
    """Every score of certainty that is a ratio of sums; none where nothing is stated."""
    return _type_ratios(rows) | _range_ratios(rows)


def _type_ratios(rows: SampleScores) -> dict[str, Ratio]:
    if not rows.probabilities:
        return {}
    every = np.ones(rows.n)
    stated = ~np.isnan(rows.probabilities[TYPE_NAMES[0]])
    true = np.eye(len(TYPE_NAMES))[rows.types]
    confidences = confidence(rows)
    answered = (~np.isnan(confidences)).astype(float)
    return {
        "type_probabilities_stated": (stated.astype(float), every),
        "brier": (((probabilities(rows) - true) ** 2).sum(axis=1), every),
        **{
            f"calibration.{place}": (mask.astype(float), answered)
            for place, mask in enumerate(bins(confidences))
        },
    }


def ends(rows: SampleScores) -> dict[str, tuple[float, float]]:
    """Per ratio its value in a photograph with the worst statements there can be, and the best."""
    scores: dict[str, tuple[float, float]] = {}
    if rows.probabilities:
        scores |= {"brier": (2.0, 0.0), "type_probabilities_stated": (0.0, 1.0)}
    for name in rows.keys if rows.low else ():
        scores |= {f"{score}.{name}": (0.0, 1.0) for score in ("range_coverage", "ranges_stated")}
    return scores


def pairs(rows: SampleScores) -> dict[str, Pairs]:
    """Per bin of the calibration error the squared gap between confidence and the share right."""
    if not rows.probabilities:
        return {}
    confidences = confidence(rows)
    gap = np.nan_to_num(confidences) - rows.right
    return {
        f"calibration_gap.{place}": (gap * mask, mask.astype(float))
        for place, mask in enumerate(bins(confidences))
    }


def _range_ratios(rows: SampleScores) -> dict[str, Ratio]:
    """Over the samples with the right type: elsewhere the answer has other keys."""
    scores: dict[str, Ratio] = {}
    for name in rows.keys if rows.low else ():
        counted = _counted(rows, name).astype(float)
        low, high = rows.low[name], rows.high[name]
        truth = rows.truth[name]
        terms = {
            "ranges_stated": rows.ranged[name].astype(float),
            "range_coverage": mean_entry((low <= truth) & (truth <= high)),
            "range_width": mean_entry(high - low),
            "interval_score": mean_entry(interval_score(low, high, truth)),
            "constant_interval_score": rows.constant_interval[name],
        }
        for score, term in terms.items():
            scores[f"{score}.{name}"] = (np.where(counted > 0, term, 0.0), counted)
    return scores


def derive(values: Mapping[str, Floats], keys: Sequence[str]) -> dict[str, Floats]:
    """What follows from ratios and pairs: the calibration error, interval skill and averages.

    Args:
        values: per ratio and pair its value, or its values over resamplings.
        keys: of the scored types.
    """
    derived: dict[str, Floats] = {}
    places = [name.partition(".")[2] for name in values if name.startswith("calibration.")]
    if places:
        shares = np.array([values[f"calibration.{place}"] for place in places])
        squares = np.array([values[f"calibration_gap.{place}"] for place in places])
        there = ~np.isnan(squares)
        total = np.where(there, shares * squares, 0).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_square = total / np.where(there, shares, 0).sum(axis=0)
        derived["calibration_error"] = np.sqrt(np.maximum(mean_square, 0))
    for name in keys:
        if f"interval_score.{name}" in values:
            constant = values[f"constant_interval_score.{name}"]
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(constant == 0, np.nan, values[f"interval_score.{name}"] / constant)
            derived[f"interval_skill.{name}"] = 1 - part
    both = {**values, **derived}
    for score in AVERAGED_RANGES:
        columns = [both[f"{score}.{name}"] for name in keys if f"{score}.{name}" in both]
        if columns:
            derived[f"{score}.{AVERAGE}"] = mean(columns)
    return derived


def summary(rows: SampleScores, values: Mapping[str, float | None]) -> Certainty | None:
    """All of it as score.json has it; None where nothing is stated.

    Args:
        rows: what `values` were computed from.
        values: the scores by name.
    """

    def by_key(score: str, *more: str) -> Numbers:
        return {name: values[f"{score}.{name}"] for name in (*rows.keys, *more)}

    types = ranges = None
    if rows.probabilities:
        types = TypeCertainty(
            stated=values["type_probabilities_stated"],
            calibration_error=values["calibration_error"],
            brier=values["brier"],
            brier_uniform=1 - 1 / len(possible_types(rows)),
        )
    if rows.low:
        ranges = RangeCertainty(
            level=LEVEL,
            stated=by_key("ranges_stated"),
            coverage=by_key("range_coverage", AVERAGE),
            width=by_key("range_width"),
            interval_score=by_key("interval_score"),
            interval_skill=by_key("interval_skill", AVERAGE),
            constant_interval_score=by_key("constant_interval_score"),
        )
    return Certainty(types, ranges) if types or ranges else None
