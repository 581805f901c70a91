"""The statistics baseline's networks, in numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import Calibration
from generators.taxonomy import TYPES

CLIPPED = 5.0  # standard deviations; beyond, a picture is unlike all that was trained on


@dataclass(frozen=True)
class Perceptron:
    """Linear layers with ReLU between.

    Attributes:
        layers: (weights (out, in), biases (out,)) each, float32.
    """

    layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """(…, out) for (…, in) inputs."""
        for number, (weights, biases) in enumerate(self.layers):
            rows = np.maximum(rows, 0) if number else rows
            rows = (weights @ rows if rows.ndim == 1 else rows @ weights.T) + biases
        return rows.astype(np.float64)


@dataclass(frozen=True)
class Network:
    """Perceptrons that learned the same from other first weights, and softmax of their mean.

    Attributes:
        members: one at least.
    """

    members: Sequence[Perceptron]

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """What softmax makes probabilities of, (…, out) for (…, in) inputs."""
        return np.mean([member(rows) for member in self.members], axis=0)

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of the outputs (…, out) for (…, in) inputs."""
        return softmax(self.logits(rows))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (…, out) from logits."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    odds /= odds.sum(axis=-1, keepdims=True)
    return odds


@dataclass(frozen=True)
class Model:
    """A network for the type and one for each key.

    Attributes:
        types: what the outputs of the network `type` stand for.
        mean, deviation: (COUNT,), of the statistics it was trained on.
        support: per key the values (n,), or (n, size), that its outputs stand for.
        networks: `type`, and one per key.
        calibration: what makes its certainty true; None where it was not calibrated.
    """

    types: tuple[str, ...]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    support: dict[str, NDArray[np.float64]]
    networks: dict[str, Network]
    calibration: Calibration | None = None

    def normalise(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Statistics (…, COUNT) in standard deviations from the mean, clipped."""
        return np.clip((rows - self.mean) / self.deviation, -CLIPPED, CLIPPED)

    def type_probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """(…, types) for normalised statistics (…, COUNT), as sure as the calibration says."""
        logits = self.networks["type"].logits(rows)
        if self.calibration:
            logits = self.calibration.of_types(logits, self.types)
        return softmax(logits)


def keys_of(types: tuple[str, ...]) -> list[str]:
    """The keys of `types`, in the taxonomy's order."""
    return [key.name for type_name in types for key in TYPES[type_name].keys]
