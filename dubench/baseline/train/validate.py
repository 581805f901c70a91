"""How a trained model does on a split whose statistics are known."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.model import Model
from dubench.dataset import GroundTruth
from dubench.predictions.record import Prediction
from dubench.predictors.statistics import infer
from dubench.scoring.intervals import totals
from dubench.scoring.sample_scores import score_samples
from dubench.scoring.understanding import derive, ratios
from generators.taxonomy import Degradation


@dataclass(frozen=True)
class Validation:
    """Scores of a split, as `dubench score` defines them; None where nothing counts.

    Attributes:
        n: samples.
        t_acc, false_alarms: shares.
        p_rel: per key, and `avg`.
    """

    n: int
    t_acc: float | None
    false_alarms: float | None
    p_rel: dict[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """As the header of a model's file has it."""
        return asdict(self)


def validate(model: Model, rows: NDArray[np.float32], ground_truth: GroundTruth) -> Validation:
    """Score `model` on a split.

    Args:
        rows: statistics (n, COUNT) of the split's images, in its order.
    """
    predictions = {}
    for name, row in zip(ground_truth.ids, rows, strict=True):
        record = infer(model, [row])
        degradation = Degradation(record["type"], record["parameters"])
        predictions[name] = Prediction(name, 0, (degradation,))
    scores = score_samples(ground_truth, predictions, {})
    values = totals(ratios(scores))
    values |= derive(values, scores.scored_types)
    return Validation(
        len(ground_truth.ids),
        _number(values["t_acc"]),
        _number(values["false_alarms"]),
        {name: _number(values[f"p_rel.{name}"]) for name in (*scores.keys, "avg")},
    )


def _number(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
