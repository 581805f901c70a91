"""The statistics' networks as a teacher: their distributions, on the grid of DU-VLM's values."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import is_continuous
from dubench.baseline.model import Model, softmax
from dubench.duvlm.tokens import Vocabulary
from generators.taxonomy import TYPES

Floats = NDArray[np.float32]

WIDTH = 0.01
"""Of the Gaussian that spreads a value of the teacher over the grid, of its key's range."""


class Teacher:
    """What a statistics model believes, in DU-VLM's words."""

    def __init__(self, model: Model, vocabulary: Vocabulary) -> None:
        self._model = model
        grid = np.linspace(0, 1, len(vocabulary.values))
        self._spread: dict[str, Mapping[int, NDArray[np.float64]]] = {}
        for type_ in TYPES.values():
            for key in type_.keys:
                low, high = vocabulary.grid.ends(key)
                support = model.support[key.name].reshape(len(model.support[key.name]), -1)
                at = (support - low) / (high - low)
                # Between the quantiles of a continuous key there are values too.
                gaps = np.gradient(at[:, 0]) if is_continuous(model.support[key.name]) else 0
                width = np.hypot(WIDTH, gaps / 2)
                shares = np.exp(
                    -0.5 * ((grid - at[..., None]) / np.reshape(width, (-1, 1, 1))) ** 2
                )
                shares /= shares.sum(-1, keepdims=True)
                self._spread[key.name] = dict(enumerate(shares.transpose(1, 0, 2)))

    def types(self, statistics: Floats) -> Floats:
        """Probabilities (n, types) of the taxonomy's types."""
        rows = self._model.normalise(statistics)
        known = softmax(self._model.networks["type"].logits(rows))
        shares = np.zeros((len(rows), len(TYPES)), np.float32)
        shares[:, [list(TYPES).index(name) for name in self._model.types]] = known
        return shares

    def values(self, type_name: str, statistics: Floats) -> Floats:
        """Distributions (n, entries, steps) of the entries of a type's keys."""
        rows = self._model.normalise(statistics)
        entries = []
        for key in TYPES[type_name].keys:
            shares = softmax(self._model.networks[key.name].logits(rows))
            entries += [shares @ self._spread[key.name][i] for i in range(key.size)]
        return np.stack(entries, 1).astype(np.float32)
