"""What an enlarged picture says: the small image, and nothing of what its pixels average."""

import math
from collections.abc import Mapping
from functools import lru_cache

from dubench.ddnm.inverse.observation import Array, Observation
from dubench.ddnm.inverse.rounding import ROUNDING
from dubench.ddnm.inverse.separable import observe as observe_separable
from generators.operators import down_operator, up_operator
from generators.taxonomy import Value, scalar

_up, _down = (lru_cache(maxsize=16)(make) for make in (up_operator, down_operator))


def observe(image: Array, values: Mapping[str, Value], sigma: float = 0.0) -> Observation:
    """`image` (…, 3, H, W) on [0, 1], reduced and enlarged by `values["scale"]`.

    Args:
        sigma: standard deviation of its noise on [0, 1]; at least that of 8-bit rounding.
    """
    height, width = image.shape[-2:]
    scale = int(scalar(values, "scale"))
    reduced, noise = small(image, scale, sigma)
    return observe_separable(_down(height, width, scale), reduced, noise)


def small(image: Array, scale: int, sigma: float = 0.0) -> tuple[Array, float]:
    """The image (…, 3, ⌊H/scale⌋, ⌊W/scale⌋) in whole levels of which `image` is the enlargement,
    and its noise.

    Enlarging loses nothing: the least squares are the small image but for rounding, and it had
    whole levels.

    Args:
        sigma: of the noise in `image`.
    """
    height, width = image.shape[-2:]
    enlarged = observe_separable(_up(height, width, scale), image, sigma)
    levels = enlarged.pseudo_inverse() * 255
    spread = float((1 / enlarged.singular**2).mean() ** 0.5)
    return levels.clip(0, 255).round() / 255, math.hypot(ROUNDING, sigma * spread)
