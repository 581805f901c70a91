"""The baseline to beat: plain statistics of the picture, and a small network for each question.

One network says the type; one per key says how likely each value of a list of values is. Of such
a distribution the answer is the median weighted by 1/|v|, which is what P-Rel rewards. numpy runs
them, image by image, so that an answer does not depend on the batch it came in.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import statistics
from dubench.baseline.file import PREFIX, SHIPPED, find, read
from dubench.baseline.model import Model
from dubench.predictors.protocol import Image, Record
from dubench.scoring.type_oracle import weighted_median
from dubench.tiles import tiles
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

    def predict(self, ids: Sequence[str], images: Sequence[Image]) -> list[Record]:
        """A type and its parameters for every image; large ones are asked about in tiles.

        Raises:
            InputError: an image has fewer than 32 pixels a side.
        """
        return [
            respond(self._model, [statistics(tile) for tile in tiles(image)]) for image in images
        ]


def respond(model: Model, rows: Sequence[NDArray[np.float32]]) -> Record:
    """Type and parameters of an image by the statistics (COUNT,) of its tiles.

    Each network's distribution is the mean over the tiles.
    """
    inputs = [model.normalise(row) for row in rows]

    def likely(network: str) -> NDArray[np.float64]:
        return np.mean([model.networks[network](row) for row in inputs], axis=0)

    kind = TYPES[model.types[int(likely("type").argmax())]]
    values = {key.name: best(model.support[key.name], likely(key.name)) for key in kind.keys}
    return {"type": kind.name, "parameters": values}


def best(support: NDArray[np.float64], likely: NDArray[np.float64]) -> Value:
    """The value with the least expected P-Rel: a median weighted by `likely` / |v|.

    Args:
        support: (n,) values, or (n, size) of a vector, whose entries are medians weighted by
            `likely` / ‖v‖₁.
        likely: (n,) probabilities.
    """
    if support.ndim == 1:
        return five_digits(weighted_median(support, likely / np.abs(support)))
    weights = likely / np.abs(support).sum(axis=1)
    return tuple(five_digits(weighted_median(entry, weights)) for entry in support.T)
