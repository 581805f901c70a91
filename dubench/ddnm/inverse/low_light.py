"""What a dark picture says: the bright one in closed form, with noise of known size per pixel.

With u = S⁻¹(y) the pipeline of `generators.physics.low_light` divides by gain^(1/γ): the colour
matrix and the white balance cancel, and only shape the noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.inverse.observation import Array, AxisBasis, Observation, library
from dubench.ddnm.inverse.separable import ROUNDING
from generators.operators import inverse
from generators.physics.low_light import EPSILON, camera_matrix, smoothstep
from generators.taxonomy import Value, scalar

MOST_SIGMA = 0.5  # where black hides everything
# The middle of what du110k draws, for pictures whose noise is not given.
NOISE = {"shot_noise": 5e-5, "read_noise": 1.4e-9, "red_gain": 2.15, "blue_gain": 1.7}
_LEAST_SLOPE = 0.02  # of S: at black and white one level is many values of u


def observe(image: Array, values: Mapping[str, Value], sigma: float = 0.0) -> Observation:
    """The developed picture of `image` (…, 3, H, W) on [0, 1], and its noise.

    Args:
        values: gamma, gain and camera_intrinsics; shot_noise, read_noise, red_gain and blue_gain
            where they are known, else NOISE.
        sigma: standard deviation of further noise in `image`; at least that of 8-bit rounding.
    """
    values = NOISE | dict(values)
    gamma, gain = scalar(values, "gamma"), scalar(values, "gain")
    darkening = gain ** (1 / gamma)
    functions = library(image)
    dark = 0.5 - functions.sin(functions.asin(1 - 2 * image.clip(0, 1)) / 3)
    linear = dark.clip(EPSILON ** (1 / gamma), 1) ** gamma
    bright = (dark / darkening).clip(0, 1)
    # d clean / d linear and d clean / d image, by the chain rule through u and S.
    slope = 6 * bright * (1 - bright) / darkening
    by_linear = slope * dark / (gamma * linear)
    by_image = slope / (6 * dark * (1 - dark)).clip(_LEAST_SLOPE, None)
    variance = by_linear**2 * _sensor_variance(linear, values, functions)
    variance = variance + by_image**2 * max(sigma, ROUNDING) ** 2
    noise = (variance**0.5).clip(ROUNDING, MOST_SIGMA)
    return Observation(AxisBasis(), 1.0, smoothstep(bright), noise)


def _sensor_variance(linear: Array, values: Mapping[str, Value], functions: Any) -> Array:
    """Of the sensor's noise in linear RGB (…, 3, H, W): white balance and matrix mix channels."""
    names = ("red_gain", "blue_gain", "shot_noise", "read_noise")
    red, blue, shot, read = (scalar(values, name) for name in names)
    balance = np.array([red, 1.0, blue])
    matrix = camera_matrix(values["camera_intrinsics"])
    signal = _mix(matrix / balance[:, None], linear, functions)
    sensor = shot * signal.clip(0, None) + read
    return _mix((inverse(matrix) * balance) ** 2, sensor, functions)


def _mix(matrix: NDArray[np.float64], image: Array, functions: Any) -> Array:
    """`matrix` (3, 3) times the channels of (…, 3, H, W)."""
    planes = [image[..., channel, :, :] for channel in range(3)]
    rows = [
        sum(float(weight) * plane for weight, plane in zip(row, planes, strict=True))
        for row in matrix
    ]
    return functions.stack(rows, -3)
