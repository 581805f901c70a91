"""The reference model at its small size: a Qwen3-VL that reads a photograph and its chart."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dubench.predictors.protocol import Image, Record
from dubench.tiles import tiles
from generators.errors import InputError
from generators.files import from_home

if TYPE_CHECKING:
    from dubench.baseline.certainty import Calibration
    from dubench.duvlm.model.believing import Believed


class Nano:
    """The bundled model, or a folder that `dubench train sft` wrote.

    Args:
        folder: empty for the bundled one.
        device: `cpu` or `cuda`.
        batch: images at once.
        rule: how a value is taken from its distribution, see `duvlm.decoding`.

    Raises:
        InputError: torch or transformers is missing, the folder holds no such model, or it is of
            another grammar or of other views.
    """

    def __init__(
        self, folder: str = "", *, device: str = "cpu", batch: int = 32, rule: str = "median"
    ) -> None:
        _check_packages()
        from dubench.duvlm.decoding import check_rule
        from dubench.duvlm.model.files import SHIPPED, load
        from generators.batched.render import check_device

        check_rule(rule)
        place = from_home(folder) if folder else SHIPPED
        self.answering, self.card = load(place, str(check_device(device)))
        self.name = f"nano:{folder}" if folder else "nano"
        self.batch = batch
        self._rule = rule
        digest = hashlib.sha256((place / "model.safetensors").read_bytes()).hexdigest()
        self.about: Mapping[str, Any] = {"weights": digest} | (
            {"decoding": rule} if rule != "median" else {}
        )

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """A type and its parameters for every image, and how sure; large ones are read in tiles.

        Raises:
            InputError: an image has fewer than 32 pixels a side.
        """
        from dubench.duvlm.decoding import record

        believed = self.believe(images, self.card.calibration)
        return [
            record(self.answering.vocabulary, types, values, self._rule, self.card.calibration)
            for types, values in zip(believed.types, believed.values, strict=True)
        ]

    def believe(self, images: Sequence[Image], calibration: "Calibration") -> "Believed":
        """The distributions behind its answers, the type's calibrated so; raises as `predict`."""
        from dubench.duvlm.model.answering import reduce_for

        cut = [list(tiles(image)) for image in images]
        flat = [tile for of_image in cut for tile in of_image]
        shown = self.card.views
        samples = reduce_for(shown, flat)
        hidden = set(self.answering.views) - set(shown)
        counts = [len(of_image) for of_image in cut]
        return self.answering.believe(samples, hidden, counts, calibration)


def _check_packages() -> None:
    from importlib.util import find_spec

    for package in ("torch", "transformers", "torchvision"):
        if find_spec(package) is None:
            raise InputError(
                f'--model nano needs the package {package}: pip install "dubench[train]"'
            )
