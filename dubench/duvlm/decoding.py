"""From distributions over the answer's pieces to a record: type, values, and how sure.

The value that P-Rel rewards is the median weighted by 1/|v|; the mean and the likeliest step are
there to be compared. Ranges are central, each between two quantiles.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import TAILS, Calibration
from dubench.duvlm.tokens import Vocabulary
from dubench.predictors.protocol import Record
from generators.errors import InputError
from generators.randomness import five_digits
from generators.taxonomy import TYPES, Key

Floats = NDArray[np.float64]
Rule = Literal["median", "mean", "argmax"]
RULES: tuple[str, ...] = get_args(Rule)


def check_rule(rule: str) -> None:
    """Raise InputError unless `rule` is one of RULES."""
    if rule not in RULES:
        raise InputError(f"decoding {rule}: use one of {', '.join(RULES)}")


def record(
    vocabulary: Vocabulary,
    types: Floats,
    values: Floats,
    rule: str = "median",
    calibration: Calibration | None = None,
) -> Record:
    """A line of preds.jsonl.

    Args:
        types: (types,) probabilities, in the taxonomy's order.
        values: (entries, steps) probabilities of the answer about the likeliest type.
    """
    calibration = calibration or Calibration()
    name = list(TYPES)[int(types.argmax())]
    answer = vocabulary.answer(name)
    entries: dict[str, list[float]] = {}
    ranges: dict[str, list[list[float]]] = {}
    for (key, _), shares in zip(answer.entries, values, strict=True):
        places = vocabulary.places(key)
        entries.setdefault(key.name, []).append(value(key, places, shares, rule))
        levels = calibration.levels.get(key.name, TAILS)
        ranges.setdefault(key.name, []).append(central(key, places, shares, levels))
    vectors = {key.name for key in TYPES[name].keys if key.kind == "vector"}
    return {
        "type": name,
        "parameters": {n: tuple(v) if n in vectors else v[0] for n, v in entries.items()},
        "type_probabilities": {
            n: round(float(share), 6) for n, share in zip(TYPES, types, strict=True)
        },
        "ranges": {n: ends if n in vectors else ends[0] for n, ends in ranges.items()},
    }


def value(key: Key, places: Floats, shares: Floats, rule: str) -> float:
    """The answer for one entry whose steps stand for `places` (n,), with probabilities (n,)."""
    if rule == "argmax":
        best = float(places[int(shares.argmax())])
    elif rule == "mean":
        best = float(places @ shares / shares.sum())
    else:
        # The entries of a vector are judged by the norm of all, which hardly varies.
        weights = shares
        if key.kind != "vector":
            weights = shares / np.maximum(np.abs(places), (places[1] - places[0]) / 2)
        best = float(_quantiles(places, weights, (0.5,))[0])
    return float(round(best)) if key.integer else five_digits(best)


def central(key: Key, places: Floats, shares: Floats, levels: tuple[float, float]) -> list[float]:
    """The range between two quantiles of one entry."""
    low, high = _quantiles(places, shares, levels)
    if key.integer:
        low, high = np.rint(low), np.rint(high)
    return [five_digits(float(low)), five_digits(float(high))]


def _quantiles(places: Floats, weights: Floats, levels: tuple[float, ...]) -> Floats:
    """Where so much of the weight is reached; a step's is spread evenly over its cell."""
    reached = np.append(0, np.cumsum(weights))
    return np.interp(np.array(levels) * reached[-1], reached, _edges(places))


def place(places: Floats, shares: Floats, value: float) -> float:
    """How much of a distribution lies below a value: even over [0, 1] where it is true."""
    reached = np.append(0, np.cumsum(shares))
    return float(np.interp(value, _edges(places), reached / reached[-1]))


def _edges(places: Floats) -> Floats:
    """The bounds of the steps' cells, within the range."""
    half = (places[1] - places[0]) / 2
    return np.append(places - half, places[-1] + half).clip(places[0], places[-1])
