"""Why a diagnosis may be wrong: what the models were not trained for, and answers that differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from dubench.baseline.features import statistics
from dubench.baseline.file import find, read
from dubench.baseline.model import CLIPPED, Model
from dubench.predictions.record import Prediction
from dubench.predictors.protocol import Image
from dubench.text import percent
from dubench.tiles import SIDE, tiles
from generators.taxonomy import TYPES, scalar

GAUGE = "du110k-wild"
"""The preset whose training data tell what the models know."""

MOST_STRANGE = 0.02
"""Of 1,105 photographs, as they are and degraded, 2 had more of their statistics beyond `CLIPPED`
standard deviations; drawings, plots and screens of text have 2 to 25 %. See docs/diagnose.md."""

SURE = 2 / 3


def of_pixels(image: Image) -> list[str]:
    """What is unusual about a photograph, whatever a model says of it.

    Raises:
        InputError: it has fewer than 32 pixels a side.
    """
    cautions = []
    height, width = image.shape[:2]
    if min(height, width) < SIDE:
        cautions.append(
            f"{width}×{height} pixels are few: the models were trained on {SIDE}×{SIDE}"
        )
    if (share := strangeness(image)) > MOST_STRANGE:
        cautions.append(
            f"unlike photographs: {percent(share)} of its statistics are far from all that the "
            "models were trained on, as in drawings, screenshots and collages"
        )
    return cautions


def strangeness(image: Image) -> float:
    """The share of the image's statistics that lie beyond `CLIPPED` standard deviations."""
    model = _gauge()
    rows = np.array([statistics(tile) for tile in tiles(image)])
    return float(np.mean(np.abs(model.normalise(rows)) >= CLIPPED))


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
    """Keys of one value for the whole picture, of which most pairs of tiles deny each other's."""
    cautions = []
    for key in TYPES[type_name].keys:
        if key.kind != "scalar":
            continue
        pairs = [
            (scalar(one.values, key.name), answer.ranges[key.name])
            for answer in answers
            for one in answer.degradations
            if one.type == type_name and key.name in one.values and key.name in answer.ranges
        ]
        values = np.array([value for value, _ in pairs])
        lows, highs = np.array([ends for _, ends in pairs], float).reshape(-1, 2).T
        outside = (values[:, None] < lows) | (values[:, None] > highs)
        off = outside[~np.eye(len(pairs), dtype=bool)]
        if off.size and off.mean() > 0.5:
            cautions.append(
                f"{key.name} differs from tile to tile ({values.min():.3g} to {values.max():.3g}): "
                "perhaps only a part of the picture has it"
            )
    return cautions
