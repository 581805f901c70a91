"""How a model does on pairs held out: by the benchmark's scores, and by what it restores.

This file imports torch when it is imported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.duvlm.decoding import record
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.reinforcement.pairs import Image, Pair
from dubench.duvlm.reinforcement.restoring import Analytic, Errors, psnr_of
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.train.samples import TRUTH, values_of
from dubench.duvlm.train.validate import validate
from generators.taxonomy import TYPES, Degradation


@dataclass(frozen=True)
class HeldScores:
    """Of a model on pairs held out.

    Attributes:
        t_acc, false_alarms: shares, as `dubench score` defines them; None where nothing counts.
        p_rel: mean over the keys.
        psnr: mean over the degraded pictures, dB, of what the analytic inverse makes of them with
            the model's answers.
    """

    t_acc: float | None
    false_alarms: float | None
    p_rel: float | None
    psnr: float


def evaluate(
    believe: Callable[[Sequence[Image]], Believed], vocabulary: Vocabulary, pairs: Sequence[Pair]
) -> HeldScores:
    """Score what a model believes of the degraded pictures of `pairs`."""
    believed = believe([pair.degraded for pair in pairs])
    scores = validate(vocabulary, believed, _truth(pairs))
    answers = [
        _answer(record(vocabulary, types, values))
        for types, values in zip(believed.types, believed.values, strict=True)
    ]
    attempts = [
        (pair, answer)
        for pair, answer in zip(pairs, answers, strict=True)
        if pair.truth.type != "none"
    ]
    errors = Errors(Analytic())(attempts)
    psnr = [psnr_of(error) for error in errors]
    return HeldScores(
        scores.t_acc, scores.false_alarms, scores.p_rel["avg"], round(float(np.mean(psnr)), 3)
    )


def _truth(pairs: Sequence[Pair]) -> NDArray[np.void]:
    rows = np.empty(len(pairs), TRUTH)
    for row, pair in zip(rows, pairs, strict=True):
        row["type"], row["severity"] = list(TYPES).index(pair.truth.type), 255
        row["values"] = values_of(pair.truth)
    return rows


def _answer(line: dict[str, Any]) -> Degradation:
    return Degradation(line["type"], line["parameters"])
