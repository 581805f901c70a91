"""The floor: the same prediction for every image."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubench.predictors.protocol import Image, Record
from dubench.scoring.type_oracle import DEFAULT_PRESET, constants, preset_values
from generators import presets
from generators.taxonomy import TYPES


class Constant:
    """Predicts the first type of a preset, with the constants that minimise its P-Rel there.

    All types of du110k are equally frequent, so any one is the majority.

    Raises:
        InputError: no such preset.
    """

    batch = 256

    def __init__(self, preset: str = DEFAULT_PRESET) -> None:
        chosen = presets.load(preset)
        best = constants(preset_values(chosen))
        first = TYPES[chosen.types[0]]
        parameters = {key.name: best[key.name] for key in first.keys}
        self._record = {"type": first.name, "parameters": parameters}
        self.name = "constant" if preset == DEFAULT_PRESET else f"constant:{chosen.name}"
        self.about: Mapping[str, Any] = {}

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """The one prediction, as often as there are images."""
        return [dict(self._record) for _ in images]
