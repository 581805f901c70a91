"""Why a diagnosis may be wrong: what the models were not trained for, and answers that differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.file import find, read
from dubench.baseline.model import CLIPPED, Model
from dubench.predictions.record import Prediction
from dubench.predictors.protocol import Image
from dubench.text import percent
from dubench.tiles import SIDE
from generators.taxonomy import TYPES, scalar

GAUGE = "du110k-wild"
"""The preset whose training data tell what the models know."""

MOST_STRANGE = 0.02
"""Of 1,105 photographs, as they are and degraded, 2 had more of their statistics beyond `CLIPPED`
standard deviations; drawings, plots and screens of text have 2 to 25 %. See docs/diagnose.md."""

SURE = 2 / 3

DIFFERENT = 2.0
"""Of 297 photographs that were degraded evenly, statistics:du110k-wild gives such values to 2; of
160 others, statistics:du110k-real to none. Calibration moves ranges alone."""


def of_pixels(image: Image, rows: NDArray[np.float32]) -> list[str]:
    """What is unusual about a photograph, whatever a model says of it.

    Args:
        rows: statistics (n, COUNT) of its tiles.
    """
    cautions = []
    height, width = image.shape[:2]
    if min(height, width) < SIDE:
        cautions.append(
            f"{width}×{height} pixels are few: the models were trained on {SIDE}×{SIDE}"
        )
    if (share := strangeness(rows)) > MOST_STRANGE:
        cautions.append(
            f"unlike photographs: {percent(share)} of its statistics are far from all that the "
            "models were trained on, as in drawings, screenshots and collages"
        )
    return cautions


def strangeness(rows: NDArray[np.float32]) -> float:
    """The share of statistics (n, COUNT) that lie beyond `CLIPPED` standard deviations."""
    return float(np.mean(np.abs(_gauge().normalise(rows)) >= CLIPPED))


@lru_cache(maxsize=1)
def _gauge() -> Model:
    return read(find(GAUGE))


def of_answers(
    winner: tuple[str, ...],
    probability: float,
    stated: Mapping[str, float],
    named: Sequence[tuple[str, ...]],
    agreeing: Sequence[Prediction],
) -> list[str]:
    """Where the answers about a photograph's tiles leave doubts.

    Args:
        winner: the types of the diagnosis, and `probability` its probability.
        stated: mean probabilities of the types; empty where the model states none.
        named: the types that each tile's answer names.
        agreeing: the answers that name those of the diagnosis.
    """
    cautions = []
    if len(agreeing) < SURE * len(named):
        counts = Counter(" and ".join(types) or "no answer" for types in named)
        words = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        cautions.append(f"the tiles disagree: {words}")
    elif stated and probability < SURE:
        first, second = sorted(stated, key=lambda name: -stated[name])[:2]
        words = ", ".join(f"{name} {percent(stated[name])}" for name in (first, second))
        cautions.append(f"unsure: {words}")
    for type_name in winner:
        cautions += _differing(type_name, agreeing)
    return cautions


def _differing(type_name: str, answers: Sequence[Prediction]) -> list[str]:
    """Keys of one value for the whole picture, of which a quarter of the tiles have `DIFFERENT`
    times as much as another quarter."""
    cautions = []
    for key in TYPES[type_name].keys:
        values = [
            scalar(one.values, key.name)
            for answer in answers
            for one in answer.degradations
            if one.type == type_name and key.name in one.values and key.kind == "scalar"
        ]
        if values:
            low, high = np.quantile(values, (0.25, 0.75))
            if high > DIFFERENT * low:
                cautions.append(
                    f"{key.name} differs from tile to tile ({min(values):.3g} to "
                    f"{max(values):.3g}): perhaps only a part of the picture has it"
                )
    return cautions
