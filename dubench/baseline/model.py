"""The statistics baseline's networks, in numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.taxonomy import TYPES

CLIPPED = 5.0  # standard deviations; beyond, a picture is unlike all that was trained on


@dataclass(frozen=True)
class Network:
    """A perceptron: linear layers with ReLU between and softmax at the end.

    Attributes:
        layers: (weights (out, in), biases (out,)) each, float32.
    """

    layers: list[tuple[NDArray[np.float32], NDArray[np.float32]]]

    def __call__(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of the outputs for one (in,) input."""
        for number, (weights, biases) in enumerate(self.layers):
            row = weights @ (np.maximum(row, 0) if number else row) + biases
        odds = np.exp(row.astype(np.float64) - row.max())
        return odds / odds.sum()


@dataclass(frozen=True)
class Model:
    """A network for the type and one for each key.

    Attributes:
        types: what the outputs of the network `type` stand for.
        mean, deviation: (COUNT,), of the statistics it was trained on.
        support: per key the values (n,), or (n, size), that its outputs stand for.
        networks: `type`, and one per key.
    """

    types: tuple[str, ...]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    support: dict[str, NDArray[np.float64]]
    networks: dict[str, Network]

    def normalise(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Statistics (…, COUNT) in standard deviations from the mean, clipped."""
        return np.clip((rows - self.mean) / self.deviation, -CLIPPED, CLIPPED)


def keys_of(types: tuple[str, ...]) -> list[str]:
    """The keys of `types`, in the taxonomy's order."""
    return [key.name for type_name in types for key in TYPES[type_name].keys]
