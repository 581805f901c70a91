"""No degradation: the photograph itself, so that false alarms can be counted."""

from collections.abc import Mapping

import numpy as np

from generators.physics import Depth, Image, Values
from generators.taxonomy import Value


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The drawn values: there are none."""
    return dict(drawn)


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """A copy of (H, W, 3) uint8."""
    return image.copy()


def plausible(values: Mapping[str, Value]) -> bool:
    """Every photograph is plausible."""
    return True
