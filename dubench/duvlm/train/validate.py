"""How a model does on photographs held out, by the benchmark's own scores.

This file imports torch when it is imported.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import GroundTruth
from dubench.duvlm.decoding import record
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.model.believing import Believed, joined
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.train.samples import COLUMNS, Samples
from dubench.predictions.record import Prediction
from dubench.scoring.intervals import totals
from dubench.scoring.sample_scores import score_samples
from dubench.scoring.understanding import derive, ratios
from generators.taxonomy import KEYS, Degradation

_BATCH = 100


@dataclass(frozen=True)
class Scores:
    """As `dubench score` defines them; None where nothing counts.

    Attributes:
        t_acc, false_alarms: shares.
        p_rel: per key, and `avg`.
    """

    t_acc: float | None
    false_alarms: float | None
    p_rel: dict[str, float | None]


def believe(answering: Answering, samples: Samples, hidden: Collection[str]) -> Believed:
    """What a model believes of samples when some of its views are hidden."""
    starts = range(0, len(samples), _BATCH)
    return joined([answering.believe(samples[n : n + _BATCH], hidden) for n in starts])


def validate(
    vocabulary: Vocabulary, believed: Believed, samples: Samples, rule: str = "median"
) -> Scores:
    """Score what is believed of samples."""
    predictions = {}
    for i, (types, values) in enumerate(zip(believed.types, believed.values, strict=True)):
        line = record(vocabulary, types, values, rule)
        name = str(i)
        predictions[name] = Prediction(name, 0, (Degradation(line["type"], line["parameters"]),))
    scores = score_samples(_ground_truth(samples), predictions, {})
    by_name: dict[str, Any] = totals(ratios(scores))
    by_name |= derive(by_name, scores.scored_types)
    return Scores(
        _number(by_name["t_acc"]),
        _number(by_name["false_alarms"]),
        {name: _number(by_name[f"p_rel.{name}"]) for name in (*scores.keys, "avg")},
    )


def _ground_truth(samples: Samples) -> GroundTruth:
    ids = [str(number) for number in range(len(samples))]
    values = {}
    for key in KEYS.values():
        columns = [COLUMNS.index((key.name, i)) for i in range(key.size)]
        of_key = samples["values"][:, columns].astype(np.float64)
        values[key.name] = of_key if key.kind == "vector" else of_key[:, 0]
    nobody: list[Any] = [None] * len(ids)
    return GroundTruth(ids, samples["type"].astype(np.int8), values, ids, nobody)


def _number(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
