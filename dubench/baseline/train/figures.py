"""How a trained model does on a split whose statistics are known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.model import Model
from dubench.dataset import GroundTruth
from dubench.predictions.record import Prediction
from dubench.predictors.statistics import respond
from dubench.scoring.intervals import totals
from dubench.scoring.sample_scores import judge
from dubench.scoring.understanding import derive, ratios
from generators.taxonomy import KEYS


def figures(model: Model, rows: NDArray[np.float32], ground_truth: GroundTruth) -> dict[str, Any]:
    """T-Acc, P-Rel and false alarms, as `dubench score` says them; None where nothing counts.

    Args:
        rows: statistics (n, COUNT) of the split's images, in its order.
    """
    said = {}
    for name, row in zip(ground_truth.ids, rows, strict=True):
        record = respond(model, [row])
        said[name] = Prediction(name, 0, record["type"], record["parameters"])
    values = totals(ratios(judge(ground_truth, said, {})))
    values |= derive(values)
    p_rel = {name: _number(values[f"p_rel.{name}"]) for name in (*KEYS, "avg")}
    told = {name: _number(values[name]) for name in ("t_acc", "false_alarms")}
    return {"n": len(ground_truth.ids), **told, "p_rel": p_rel}


def _number(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
