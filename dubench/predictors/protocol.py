"""What a predictor is."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Record = dict[str, Any]


class Predictor(Protocol):
    """Names the degradations of images: which type, which parameters, at which values.

    It gets pixels alone: no ids, and the images in an order drawn anew in every run. Whoever
    knows an id or a row's place, and the dataset's seed, can draw the answer again.

    Attributes:
        name: what the meta line of preds.jsonl calls the model.
        about: what else the meta line records of it (weights, prompt, …), as plain JSON; a run
            with another `about` does not continue these predictions.
        batch: how many images `predict` likes at once.
    """

    name: str
    about: Mapping[str, Any]
    batch: int

    def predict(self, images: Sequence[Image]) -> Sequence[Record]:
        """One record per image, in one of the three forms of preds.jsonl, without `id`.

        Args:
            images: (H, W, 3) uint8 RGB each. No file name, no metadata, nothing else.

        Raises:
            InputError: there is no prediction for an image.
        """
