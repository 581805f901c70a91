"""Predictions that are too much alike to be of two models."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES
from dubench.scoring.sample_scores import SampleScores
from generators.taxonomy import TYPES

ALIKE = 0.9
"""Share of the samples on which two must be alike to be flagged."""

_CLOSE = 0.1
"""Of the smaller median error: answers closer together than this are alike. Errors that are
independent, or of a correlation below .99, come so close in fewer than two samples of five."""


def near_identical(models: Sequence[SampleScores]) -> list[tuple[int, int]]:
    """Pairs of models that say nearly the same, by their places; of the same samples.

    Two answers are alike if they are of one type and, for the first key of the true type with a
    continuous value, close to each other beside the models' own errors.
    """
    alike = np.zeros((len(models), len(models)))
    compared = 0
    for type_name in models[0].scored_types if models else ():
        key = next(
            (k.name for k in TYPES[type_name].keys if k.kind != "vector" and not k.integer), None
        )
        if key is None:
            continue
        mine = models[0].types == TYPE_NAMES.index(type_name)
        answered = np.stack([rows.answered[mine] for rows in models])
        values = np.stack([rows.answer[key][mine] for rows in models])
        truth = models[0].truth[key][mine]
        with np.errstate(invalid="ignore"):
            errors = np.abs(np.where(np.isnan(values), truth, values - truth))
        limits = _CLOSE * np.median(errors, axis=1) + 1e-9
        compared += int(mine.sum())
        for one in range(len(models)):
            alike[one] += _alike(answered, values, limits, one)
    first, second = np.nonzero(np.triu(alike >= ALIKE * max(compared, 1), 1))
    return list(zip(map(int, first), map(int, second), strict=True))


def _alike(
    answered: NDArray[np.int8], values: NDArray[np.float64], limits: NDArray[np.float64], one: int
) -> NDArray[np.int64]:
    """(M,) on how many samples each model is like model `one`."""
    gap = np.abs(values - values[one])
    limit = np.minimum(limits, limits[one])[:, None]
    silent = np.isnan(values) & np.isnan(values[one])
    return ((answered == answered[one]) & (silent | (gap <= limit))).sum(axis=1)
