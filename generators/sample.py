"""One sample: draw its values, render them on a clean image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.physics import Depth, Image, Values, physics
from generators.postprocess import capture
from generators.presets import Preset
from generators.randomness import Purpose, stream
from generators.taxonomy import TYPES, Value


@dataclass(frozen=True)
class Sample:
    """A degraded image with its exact truth.

    Attributes:
        type: name of the degradation.
        clean, degraded: (H, W, 3) uint8 RGB.
        depth: (H, W) uint16 (0 nearest, 65535 farthest), or None where the type needs none.
        values: keys, derived values and nuisance, exactly as rendered.
    """

    type: str
    clean: Image
    degraded: Image
    depth: Depth | None
    values: Values

    @property
    def parameters(self) -> dict[str, Value]:
        """The values of the type's keys, in the taxonomy's order."""
        return {key.name: self.values[key.name] for key in TYPES[self.type].keys}

    @property
    def tuples(self) -> list[tuple[str, str, Value]]:
        """The (type, key, value) triples of the paper's equation 1."""
        return [(self.type, key, value) for key, value in self.parameters.items()]


def draw_values(
    preset: Preset,
    kind: str,
    rng: np.random.Generator,
    depth: Depth | None,
    given: Mapping[str, Value] | None = None,
) -> Values:
    """Draw the values of one sample of type `kind`, and derive what follows from them.

    Values in `given` replace their draws. Whether the values are plausible is for the caller to
    ask: see `Physics.plausible`.
    """
    return physics(kind).derive(preset.draw(kind, rng, given), depth)


def render(
    kind: str,
    clean: NDArray[np.uint8],
    values: Mapping[str, Value],
    depth: Depth | None,
    key: tuple[int, int, int],
) -> Image:
    """The degraded image at exactly `values`, then captured; noise comes from `key`'s streams.

    Args:
        key: (seed, index, attempt).
    """
    degraded = physics(kind).apply(clean, values, depth, stream(*key, Purpose.NOISE))
    return capture(degraded, values, key) if "jpeg_quality" in values else degraded
