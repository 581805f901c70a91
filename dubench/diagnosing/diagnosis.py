"""The answers about a photograph's tiles as one: what is wrong with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.diagnosing.cautions import of_answers
from dubench.predictions.certainty import LEVEL, Range
from dubench.predictions.record import Prediction
from generators.physics import model_of
from generators.randomness import five_digits
from generators.taxonomy import NONE, TYPES, Key, Value, in_order, scalar

TAIL = (1 - LEVEL) / 2
_POINTS = 200  # that stand for a distribution


@dataclass(frozen=True)
class Finding:
    """One degradation of a photograph.

    Attributes:
        type: a name of the taxonomy.
        severity: `slight`, `moderate` or `severe`, by the taxonomy's bounds; None where the values
            that decide it are missing.
        parameters: values by key.
        ranges: central 90 % ranges by key, of those for which the model states one.
    """

    type: str
    severity: str | None
    parameters: Mapping[str, Value]
    ranges: Mapping[str, Range]

    def to_json(self) -> dict[str, Any]:
        """Plain data; a range is [low, high], of a vector one of these per entry."""
        return {
            "type": self.type,
            "severity": self.severity,
            "parameters": dict(self.parameters),
            "ranges": {name: _pairs(*ends) for name, ends in self.ranges.items()},
        }


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a photograph, and how sure the model is.

    Attributes:
        findings: the degradations, in the order in which light meets them; empty if there is none.
        probability: of these: the model's, mean over the tiles, or the share of the tiles that
            answer so where the model states none.
        type_probabilities: mean over the tiles; empty where the model states none.
        tiles: the types that each tile's answer names; none at all for one without an answer.
        cautions: why this may be wrong, each a sentence.
        model: its name.
    """

    findings: tuple[Finding, ...]
    probability: float
    type_probabilities: Mapping[str, float]
    tiles: tuple[tuple[str, ...], ...]
    cautions: tuple[str, ...]
    model: str

    @property
    def type_names(self) -> tuple[str, ...]:
        """The types of `findings`, or `("none",)`."""
        return tuple(finding.type for finding in self.findings) or (NONE.name,)

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `dubench diagnose --json` prints it."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "probability": five_digits(self.probability),
            "type_probabilities": {n: five_digits(p) for n, p in self.type_probabilities.items()},
            "tiles": self.tiles,
            "cautions": self.cautions,
            "model": self.model,
        }


def merge(answers: Sequence[Prediction], cautions: Sequence[str], model: str) -> Diagnosis:
    """One diagnosis from the answers about a photograph's tiles.

    The types are those with the greatest mean probability among those that any tile's answer names;
    where a model states no probabilities, those that most tiles name. Values are the medians over
    the tiles that name them, and of a map, whose value is a mean over the picture, the mean. Ranges
    are those of the tiles' distributions taken together, see `pool`.

    Args:
        answers: one per tile; one of them at least names a type.
        cautions: what is known beforehand.
    """
    named = [in_order(one.type for one in answer.degradations) for answer in answers]
    votes = Counter(types for types in named if types)
    stated = _mean_probabilities(answers)
    if stated and all(len(types) == 1 for types in votes):
        winner = max(votes, key=lambda types: stated[types[0]])
        probability = stated[winner[0]]
    else:
        winner, count = votes.most_common(1)[0]
        probability = count / len(answers)
    agreeing = [answer for answer, types in zip(answers, named, strict=True) if types == winner]
    findings = tuple(_finding(name, agreeing) for name in winner if TYPES[name].keys)
    return Diagnosis(
        findings,
        probability,
        stated,
        tuple(named),
        (*cautions, *of_answers(winner, probability, stated, named, agreeing)),
        model,
    )


def _mean_probabilities(answers: Sequence[Prediction]) -> dict[str, float]:
    stated = [answer.type_probabilities for answer in answers]
    given = [one for one in stated if one is not None]
    if len(given) < len(stated):
        return {}
    return {name: float(np.mean([one[name] for one in given])) for name in TYPES}


def _finding(type_name: str, answers: Sequence[Prediction]) -> Finding:
    parameters: dict[str, Value] = {}
    ranges: dict[str, Range] = {}
    for key in TYPES[type_name].keys:
        values = [
            one.values[key.name]
            for answer in answers
            for one in answer.degradations
            if one.type == type_name and key.name in one.values
        ]
        tiles = [
            (one.values[key.name], answer.ranges[key.name])
            for answer in answers
            for one in answer.degradations
            if one.type == type_name and key.name in one.values and key.name in answer.ranges
        ]
        if values:
            parameters[key.name] = _middle(key, values)
        if tiles:
            ranges[key.name] = _range(key, tiles)
    return Finding(type_name, _severity(type_name, parameters), parameters, ranges)


def _middle(key: Key, values: Sequence[Value]) -> Value:
    rows: NDArray[np.float64] = np.array(values, float).reshape(len(values), -1)
    if key.kind == "map":
        middle = rows.mean(axis=0)
    elif key.integer:
        middle = np.sort(rows, axis=0)[(len(rows) - 1) // 2]
    else:
        middle = np.median(rows, axis=0)
    entries = tuple(map(five_digits, middle.tolist()))
    return entries if key.kind == "vector" else entries[0]


def _range(key: Key, tiles: Sequence[tuple[Value, Range]]) -> Range:
    thirds = np.array([(low, value, high) for value, (low, high) in tiles], float)
    ends = np.array([pool(entry) for entry in thirds.reshape(len(tiles), 3, -1).T.swapaxes(1, 2)])
    if key.integer:
        ends = np.stack([np.floor(ends[:, 0]), np.ceil(ends[:, 1])], axis=1)
    low, high = (tuple(map(five_digits, side.tolist())) for side in ends.T)
    return (low, high) if key.kind == "vector" else (low[0], high[0])


def pool(tiles: NDArray[np.float64]) -> tuple[float, float]:
    """The central 90 % range of several distributions taken together with equal weights.

    A linear pool (Stone, "The opinion pool", 1961): tiles that contradict each other make it wide,
    which averaged ends would not.

    Args:
        tiles: (n, 3): of each, what 5, 50 and 95 % of it lie below. Between these, and beyond as
            far as their slopes reach, it is taken to be even.
    """
    low, middle, high = tiles.T
    outer = low - (middle - low) / 9, low, middle, high, high + (high - middle) / 9
    levels = (np.arange(_POINTS) + 0.5) / _POINTS
    points = [np.interp(levels, (0, TAIL, 0.5, 1 - TAIL, 1), one) for one in np.array(outer).T]
    below, above = np.quantile(points, (TAIL, 1 - TAIL), method="hazen").tolist()
    return below, above


def _severity(type_name: str, parameters: Mapping[str, Value]) -> str | None:
    rule = TYPES[type_name].severity
    if rule is None or any(key.name not in parameters for key in TYPES[type_name].keys):
        return None
    values = parameters
    if rule.of not in values:
        values = model_of(type_name).derive(parameters, None)
    return rule.grade(scalar(values, rule.of))


def _pairs(low: Value, high: Value) -> list[Any]:
    if isinstance(low, tuple) and isinstance(high, tuple):
        return [list(pair) for pair in zip(low, high, strict=True)]
    return [low, high]
