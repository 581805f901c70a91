"""Closed forms of the literature, nothing learned: what physics says without looking at examples.

- The scale by the period that enlarging leaves behind (Gallagher, "Detection of linear and cubic
  interpolation in JPEG compressed images", CRV 2005).
- σ by how the spectrum bends: a photograph's power falls as f⁻ˢ (Field, JOSA A 1987), a Gaussian
  takes e^(−4π²σ²f²) of it, and noise and rounding add the same everywhere.
- A and t by the dark channel (He, Sun & Tang, "Single Image Haze Removal Using Dark Channel Prior",
  CVPR 2009).
- Low light by its darkness alone: what its gamma, gain and camera are shows in no such form, so
  that these are the constants of the preset.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import grids, spectrum
from dubench.baseline.features.planes import Planes, planes_of
from dubench.predictors.protocol import Image, Record
from dubench.scoring.type_oracle import DEFAULT_PRESET, constants, preset_values
from dubench.tiles import tiles
from generators import presets
from generators.randomness import five_digits
from generators.taxonomy import KEYS, NONE

# Where the types begin: chosen on 60 photographs, degraded by du110k and du110k-wild.
DARK = 0.2  # mean intensity
BLURRED = 2.0  # σ in pixels; what is sharp looks like 0 to 1.6
CLEAR = 0.65  # mean transmission; the dark channel takes a pale photograph for a thin fog
TRACE, EVEN = 0.15, 0.8  # log ratio between a period's phases; that of twice the period, of it

BRIGHTEST = 1e-3  # share of the pixels that the veil's intensity is read from
KEPT = 0.95  # He, Sun & Tang's ω
FALL = 2.2  # s
CLEAN = 10.0  # times the noise: below, a ring says nothing of the photograph
NOISY, LEAST = 0.4, 0.015  # cycles per pixel: noise alone above; the picture's own layout below


class Classical:
    """The closed forms as one model: first the darkness, then traces, σ and the dark channel."""

    batch = 16

    def __init__(self) -> None:
        self.name = "classical"
        self.about: Mapping[str, Any] = {}
        best = constants(preset_values(presets.load(DEFAULT_PRESET)))
        self._dark = {name: best[name] for name in ("gamma", "gain", "camera_intrinsics")}

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """A type and its parameters for every image; of a large one, by its middle tile.

        Raises:
            InputError: an image has fewer than 32 pixels a side.
        """
        return [self._answer(image) for image in images]

    def _answer(self, image: Image) -> Record:
        pieces = list(tiles(image))
        planes = planes_of(pieces[len(pieces) // 2])
        if planes.pixels.mean() < 255 * DARK:
            return {"type": "low_light", "parameters": dict(self._dark)}
        if factor := scale(planes):
            return {"type": "low_resolution", "parameters": {"scale": float(factor)}}
        if (width := sigma(planes)) > BLURRED:
            return {"type": "blur", "parameters": {"sigma": _within("sigma", width)}}
        light = atmospheric_light(planes)
        if (mean := transmission(planes, light)) < CLEAR:
            values = {"atmospheric_light": light, "transmission": mean}
            return {"type": "haze", "parameters": {n: _within(n, v) for n, v in values.items()}}
        return {"type": NONE.name, "parameters": {}}


def scale(planes: Planes) -> int | None:
    """By how much a picture was enlarged, 2, 3 or 4; None where that shows no trace.

    The second differences of ×3 and ×4 repeat with that period, of ×2 the first ones with period 4.
    A JPEG's blocks repeat with period 8, and so more at 8 than at 4.
    """
    three, four, eight, first_four, first_eight = grids.measure(planes)[[0, 1, 2, 7, 8]]
    if three > max(TRACE, EVEN * four, EVEN * eight):
        return 3
    if four > max(TRACE, EVEN * eight):
        return 4
    if first_four > max(TRACE, EVEN * first_eight):
        return 2
    return None


def sigma(planes: Planes) -> float:
    """Of a Gaussian blur, in pixels, by least squares on the log of the spectrum; 0 if none shows.

    Noise is what lies above NOISY; rings with less than CLEAN times as much do not count.
    """
    rings = np.sqrt(spectrum.EDGES[1:] * spectrum.EDGES[:-1])
    power = 10 ** spectrum.measure(planes)
    noise = power[rings > NOISY].mean()
    used = (rings > LEAST) & (rings < 0.5) & (power > CLEAN * noise)
    if used.sum() < 3:
        return 0.0
    f = rings[used]
    bent = np.log(power[used] - noise) + FALL * np.log(f)
    slope = np.polyfit(-4 * np.pi**2 * f**2, bent, 1)[0]
    return float(np.sqrt(max(slope, 0)))


def atmospheric_light(planes: Planes) -> float:
    """Mean intensity in [0, 1] where the dark channel is brightest."""
    count = max(1, round(BRIGHTEST * planes.dark.size))
    brightest = np.argpartition(planes.dark.ravel(), -count)[-count:]
    return float(planes.pixels.reshape(-1, 3)[brightest].mean()) / 255


def transmission(planes: Planes, light: float) -> float:
    """Mean of 1 − ω · dark channel of I/A, in [0, 1]."""
    dark: NDArray[np.float64] = planes.dark / (255 * max(light, 1 / 255))
    return float(np.clip(1 - KEPT * dark, 0, 1).mean())


def _within(name: str, value: float) -> float:
    return five_digits(min(max(value, KEYS[name].low), KEYS[name].high))
