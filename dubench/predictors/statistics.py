"""The baseline to beat: plain statistics of the image, and small networks that read them.

One network gives the type; one per key gives the probability of each value of a list. Of such a
distribution the median weighted by 1/|v| is taken, which P-Rel rewards, and a range between two
quantiles. numpy runs them, image by image, so that a prediction does not depend on its batch.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import TAILS, central_range
from dubench.baseline.features import statistics
from dubench.baseline.file import PREFIX, SHIPPED, find, read
from dubench.baseline.model import Model
from dubench.predictors.protocol import Image, Record
from dubench.tiles import tiles
from dubench.weighted_median import weighted_median
from generators.randomness import five_digits
from generators.taxonomy import TYPES, Value


class Statistics:
    """The statistics baseline, from a bundled preset's file or a file of your own.

    Raises:
        InputError: an unknown preset or file, or a file that is not a model of these statistics.
    """

    batch = 16

    def __init__(self, preset_or_file: str) -> None:
        path = find(preset_or_file)
        self._model = read(path)
        # One's own file keeps its suffix, to be told from a shipped one of the same name.
        own = path.parent != SHIPPED
        self.name = f"statistics:{path.name if own else path.stem.removeprefix(PREFIX)}"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.about: Mapping[str, Any] = {"weights": digest}

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """A type and its parameters for every image; large ones are read in tiles.

        Raises:
            InputError: an image has fewer than 32 pixels a side.
        """
        return [self.infer([statistics(tile) for tile in tiles(image)]) for image in images]

    def infer(self, rows: Sequence[NDArray[np.float32]]) -> Record:
        """The record of an image by the statistics (COUNT,) of its tiles."""
        return infer(self._model, rows)


def infer(model: Model, rows: Sequence[NDArray[np.float32]]) -> Record:
    """Type and parameters of an image by the statistics (COUNT,) of its tiles, and how sure.

    Each network's distribution is the mean over the tiles.
    """
    inputs = [model.normalise(row) for row in rows]
    levels = model.calibration.levels if model.calibration else {}
    of_types = np.mean([model.type_probabilities(row) for row in inputs], axis=0)
    type_ = TYPES[model.types[int(of_types.argmax())]]
    parameters: dict[str, Value] = {}
    ranges: dict[str, Any] = {}
    for key in type_.keys:
        support, network = model.support[key.name], model.networks[key.name]
        shares = np.mean([network(row) for row in inputs], axis=0)
        parameters[key.name] = best(support, shares)
        ends = central_range(support, shares, levels.get(key.name, TAILS))
        ranges[key.name] = np.stack(ends, axis=-1).tolist()
    return {
        "type": type_.name,
        "parameters": parameters,
        "type_probabilities": {
            name: round(float(share), 6) for name, share in zip(model.types, of_types, strict=True)
        },
        "ranges": ranges,
    }


def best(support: NDArray[np.float64], probabilities: NDArray[np.float64]) -> Value:
    """The value with the least expected P-Rel: a median weighted by `probabilities` / |v|.

    Args:
        support: (n,) values, or (n, size) of a vector, whose entries are medians weighted by
            `probabilities` / ‖v‖₁.
        probabilities: (n,).
    """
    if support.ndim == 1:
        return five_digits(weighted_median(support, probabilities / np.abs(support)))
    weights = probabilities / np.abs(support).sum(axis=1)
    return tuple(five_digits(weighted_median(entry, weights)) for entry in support.T)
