"""Whether a restored picture, degraded again, is the one that was seen."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.degraded import Degraded, Image
from dubench.ddnm.inverse.rounding import ROUNDING
from dubench.ddnm.tiling import cores
from generators.operators import blur_operator, down_operator, up_operator
from generators.physics.low_light import smoothstep
from generators.taxonomy import scalar

_blur, _down, _up = (lru_cache(8)(make) for make in (blur_operator, down_operator, up_operator))


def misfit(degraded: Degraded, restored: Image) -> float:
    """Root mean square of (A·x̂ − y)/σ_y: about 1 or less where `restored` explains what was seen,
    more where no clean picture does, as when a sharp one is taken for blurred.
    """
    squares, count = 0.0, 0
    for tile, core in cores(degraded):
        error = _error(degraded.tile(*tile), restored[tile])[core]
        squares += float(np.square(error, dtype=np.float64).sum())
        count += error.size
    return math.sqrt(squares / count)


def _error(degraded: Degraded, restored: Image) -> NDArray[np.floating]:
    """(A·x̂ − y)/σ_y, (H, W, 3)."""
    values, kind = degraded.degradation.values, degraded.degradation.type
    height, width = degraded.image.shape[:2]
    sigma = max(degraded.sigma, ROUNDING)
    if kind == "blur":
        again = _blur(height, width, scalar(values, "sigma")).forward(restored)
    elif kind == "low_resolution":
        scale = int(scalar(values, "scale"))
        small = np.rint(_down(height, width, scale).forward(restored))
        again = _up(height, width, scale).forward(small)
        sigma = float(np.hypot(sigma, ROUNDING))
    elif kind == "low_light":
        # The noise of the sensor is a part of that of the image.
        darkening = scalar(values, "gain") ** (1 / scalar(values, "gamma"))
        bright = 0.5 - np.sin(np.arcsin(1 - restored.astype(np.float32) / 127.5) / 3)
        again = 255 * smoothstep(darkening * bright)
    else:
        assert degraded.transmission is not None
        through = degraded.transmission[..., None]
        veil = 255 * scalar(values, "atmospheric_light")
        again = through * restored + veil * (1 - through)
    return (np.clip(again, 0, 255) - degraded.image) / (255 * sigma)
