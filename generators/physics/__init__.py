"""The forward models, one file per type of degradation, and `compose` for several on one image.

Each module has the three functions of `Physics`; it samples nothing and writes nothing. Images are
RGB; x ∈ [0, 1] is level/255; results are clipped and rounded half to even.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from generators.taxonomy import Value, degradation_type

Image = NDArray[np.uint8]
Depth = NDArray[np.uint16]
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


def model_of(type_name: str) -> Physics:
    """The forward model of a type; raises InputError for an unknown one."""
    return cast(Physics, import_module(f"generators.physics.{degradation_type(type_name).name}"))


def to_levels(levels: NDArray[np.float32]) -> Image:
    """Clip to 0 … 255 and round half to even. Spoils its argument, to save a copy."""
    np.rint(levels, out=levels)
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)
