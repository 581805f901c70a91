"""The reference model at any size: a Qwen3-VL that `dubench train sft --model` has trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubench.packages import check_training
from dubench.predictors.protocol import Image, Record
from dubench.tiles import tiles
from generators.files import from_home


class DuVlm:
    """A folder that `dubench train sft --model` wrote.

    Its answers are read off the model's distributions, not generated token by token.

    Args:
        folder: the model's.
        device: `cpu` or `cuda`.
        dtype: of the weights in memory, see `pretrained.load`.
        batch: tiles at once.
        rule: how a value is taken from its distribution, see `duvlm.decoding`.

    Raises:
        InputError: a package is missing, or the folder holds no such model.
    """

    def __init__(
        self,
        folder: str,
        *,
        device: str = "cpu",
        dtype: str = "auto",
        batch: int = 8,
        rule: str = "median",
    ) -> None:
        check_training("torch", "transformers", "torchvision")
        from dubench.duvlm.decoding import check_rule
        from dubench.duvlm.model import qwen

        check_rule(rule)
        self._qwen, self._notes, about = qwen.load(from_home(folder), device, dtype)
        self.name = f"duvlm:{folder}"
        self.batch = batch
        self._rule = rule
        self.about: Mapping[str, Any] = dict(about) | (
            {"decoding": rule} if rule != "median" else {}
        )

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """A type and its parameters for every image, and how sure; large ones are read in tiles."""
        from dubench.duvlm.decoding import record

        cut = [list(tiles(image)) for image in images]
        flat = [tile for of_image in cut for tile in of_image]
        calibration = self._notes.calibration
        counts = [len(of_image) for of_image in cut]
        believed = self._qwen.believe(flat, counts, calibration)
        return [
            record(self._qwen.vocabulary, types, values, self._rule, calibration)
            for types, values in zip(believed.types, believed.values, strict=True)
        ]
