"""One sample: draw its values, render them on a clean image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from generators.physics import Depth, Image, Values, compose
from generators.postprocess import postprocess
from generators.presets import Preset
from generators.randomness import Purpose, stream
from generators.taxonomy import TYPES, Degradation, Value


@dataclass(frozen=True)
class Sample:
    """A degraded image with its exact ground truth.

    Attributes:
        degradations: what was done to the image, in the physics' order, with all values exactly
            as rendered; one of type `none` where nothing was.
        clean, degraded: (H, W, 3) uint8 RGB.
        depth: (H, W) uint16 (0 nearest, 65535 farthest), or None where no type needs it.
        postprocess: noise and JPEG after the degradations, see `generators.postprocess`; empty
            for a preset without.
    """

    degradations: tuple[Degradation, ...]
    clean: Image
    degraded: Image
    depth: Depth | None
    postprocess: Values = field(default_factory=dict)

    @property
    def degradation(self) -> Degradation:
        """The only degradation; raises ValueError where there are several."""
        (only,) = self.degradations
        return only

    @property
    def values(self) -> Values:
        """All values of all degradations. No two types share a name."""
        return {name: value for one in self.degradations for name, value in one.values.items()}

    @property
    def parameters(self) -> dict[str, Value]:
        """The values of all keys."""
        return {name: v for one in self.degradations for name, v in one.parameters.items()}

    @property
    def tuples(self) -> list[tuple[str, str, Value]]:
        """The (type, key, value) triples of the paper's equation 1."""
        return [triple for one in self.degradations for triple in one.tuples]


def needs_depth(type_names: Sequence[str]) -> bool:
    """Whether any of these types needs a depth map."""
    return any(TYPES[name].needs_depth for name in type_names)


def draw(
    preset: Preset,
    type_names: Sequence[str],
    rng: np.random.Generator,
    depth: Depth | None,
    given: Mapping[str, Value] | None = None,
) -> tuple[Degradation, ...]:
    """Draw the degradations of one sample, and derive what follows from the drawn values.

    Values in `given` replace their draws. Whether the values are plausible is for the caller to
    ask: see `compose.plausible`.
    """
    return compose.derive(draw_values(preset, type_names, rng, given), depth)


def draw_values(
    preset: Preset,
    type_names: Sequence[str],
    rng: np.random.Generator,
    given: Mapping[str, Value] | None = None,
) -> list[Degradation]:
    """As `draw`, without what follows from the drawn values."""
    return [Degradation(name, preset.draw(name, rng, given)) for name in type_names]


def render(
    clean: NDArray[np.uint8],
    degradations: Sequence[Degradation],
    after: Mapping[str, Value],
    depth: Depth | None,
    key: tuple[int, int, int],
) -> Image:
    """The degraded image at exactly these values; noise comes from `key`'s streams.

    Args:
        clean: (H, W, 3) uint8 RGB.
        degradations: in the physics' order.
        after: noise and JPEG, as `Sample.postprocess`.
        depth: (H, W) uint16, for types that need it.
        key: (seed, index, attempt).
    """
    degraded = compose.apply(clean, degradations, depth, stream(*key, Purpose.NOISE))
    return postprocess(degraded, after, key)
