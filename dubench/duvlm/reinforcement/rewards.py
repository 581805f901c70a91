"""Rewards of answers, from the mean squared error of the pictures restored with them.

"Understanding Degradation with Vision Language Model" (arXiv 2602.04565, section 4) multiplies
r_type · r_key · r_rec with r_rec = −MSE. Taken literally a wrong type would get 0, more than any
right answer; with the paper's own gate it means −1 for whatever is wrong or invalid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dubench.predictions.grammar import GrammarError, Grid, decode
from generators.taxonomy import TYPES, Degradation

Reward = Literal["structured", "naive"]
REWARDS: tuple[str, ...] = get_args(Reward)
REFUSED = -1.0
"""The reward of what is invalid, and with `structured` of a wrong type: the least there is."""


@dataclass(frozen=True)
class Judged:
    """What is known of one answer.

    Attributes:
        answer: as it was understood; None where it is not of the grammar.
        type_is_right: whether it names the true type.
        error: mean squared error on [0, 1] of the picture restored with it; None where it was not
            restored.
        value_error: mean distance of the values from the true ones, of their keys' ranges; 0
            without keys, None where the type is not right.
    """

    answer: Degradation | None
    type_is_right: bool
    error: float | None
    value_error: float | None


def understand(text: str, grid: Grid) -> Degradation | None:
    """The one degradation that a text states with all its keys, or None."""
    try:
        degradations = decode(text, grid)
    except GrammarError:
        return None
    if len(degradations) != 1:
        return None
    (degradation,) = degradations
    wanted = {key.name for key in TYPES[degradation.type].keys}
    return degradation if degradation.values.keys() == wanted else None


def needs_restoring(reward: str, answer: Degradation | None, truth: Degradation) -> bool:
    """Whether a reward looks at the picture restored with an answer: `structured` only where its
    type is right, `naive` whatever the type."""
    return answer is not None and (reward == "naive" or answer.type == truth.type)


def reward_of(judged: Judged, value_weight: float = 0.0) -> float:
    """The reward of an answer, in [−1 − value_weight, 0]: −MSE where it was restored, else −1.

    Args:
        value_weight: of the values' mean error, which is subtracted where the type is right: what
            restoring cannot see, as γ beside gain and the camera's matrix, is learnt from it alone.
    """
    if judged.error is None:
        return REFUSED
    return -judged.error - value_weight * (judged.value_error or 0.0)


def value_error(answer: Degradation, truth: Degradation, grid: Grid) -> float:
    """Mean distance of an answer's values from the true ones, of their keys' ranges; every key
    counts once."""
    errors = []
    for key in TYPES[truth.type].keys:
        low, high = grid.ends(key)
        pair = (answer.values[key.name], truth.values[key.name])
        one, other = (np.atleast_1d(np.asarray(value, np.float64)) for value in pair)
        errors.append(float(np.abs(one - other).mean()) / (high - low))
    return sum(errors) / len(errors) if errors else 0.0


def components(judged: Sequence[Judged]) -> dict[str, float]:
    """What the rewards of a batch consist of: `valid` and `right_type` are shares of all, `mse`
    and `value_error` means over those that have them."""
    columns: dict[str, list[float]] = {
        "valid": [one.answer is not None for one in judged],
        "right_type": [one.type_is_right for one in judged],
        "mse": [one.error for one in judged if one.error is not None],
        "value_error": [one.value_error for one in judged if one.value_error is not None],
    }
    return {name: sum(values) / len(values) for name, values in columns.items() if values}
