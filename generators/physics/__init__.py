"""The forward models, one file per type of degradation, and `compose` for several on one image.

Each module has the functions of `Physics`; it samples nothing and writes nothing. Images are
RGB; x ∈ [0, 1] is level/255; results are clipped and rounded half to even.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.taxonomy import Degradation, Value, degradation_type

Image = NDArray[np.uint8]
Depth = NDArray[np.uint16]
Map = NDArray[np.float32]  # (H, W)
Values = dict[str, Value]


class Physics(Protocol):
    """What a module of this package offers."""

    def derive(self, drawn: Mapping[str, Value], depth: Depth | None) -> Values:
        """All values of a sample from the drawn ones: keys, derived values, nuisance."""

    def apply(
        self,
        image: Image,
        values: Mapping[str, Value],
        depth: Depth | None,
        rng: np.random.Generator | None,
    ) -> Image:
        """The degraded image (H, W, 3) of `image` at exactly `values`.

        `depth` (H, W) is for types that need it, `rng` for those that add noise.
        """

    def plausible(self, values: Mapping[str, Value]) -> bool:
        """Whether a sampler should keep these values."""

    def suits(self, values: Mapping[str, Value], depth: Depth) -> bool:
        """Whether drawn values would be plausible on `depth`, found out at less cost than by
        `derive`; only types that need a depth have this."""

    def maps(self, values: Mapping[str, Value], depth: Depth | None) -> dict[str, Map]:
        """Keys of kind `map` as they are over the image; only types with such keys have this."""


@cache
def model_of(type_name: str) -> Physics:
    """The forward model of a type; raises InputError for an unknown one."""
    return cast(Physics, import_module(f"generators.physics.{degradation_type(type_name).name}"))


def maps_of(degradation: Degradation, depth: Depth | None) -> dict[str, Map]:
    """The maps, (H, W), of the keys of kind `map`, from all values of a degradation."""
    if not any(key.kind == "map" for key in degradation_type(degradation.type).keys):
        return {}
    return model_of(degradation.type).maps(degradation.values, depth)


def to_levels(levels: NDArray[np.float32]) -> Image:
    """Clip to 0 … 255 and round half to even. Overwrites its argument, to save a copy."""
    levels = np.ascontiguousarray(levels)
    cv2.threshold(levels, 0, 0, cv2.THRESH_TOZERO, levels)
    return np.asarray(cv2.convertScaleAbs(levels), np.uint8)
