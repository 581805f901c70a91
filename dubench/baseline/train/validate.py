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
from dubench.scoring.sample_scores import judge
from dubench.scoring.understanding import derive, ratios
from generators.taxonomy import KEYS


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
        predictions[name] = Prediction(name, 0, record["type"], record["parameters"])
    values = totals(ratios(judge(ground_truth, predictions, {})))
    values |= derive(values)
    return Validation(
        len(ground_truth.ids),
        _number(values["t_acc"]),
        _number(values["false_alarms"]),
        {name: _number(values[f"p_rel.{name}"]) for name in (*KEYS, "avg")},
    )


def _number(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
