"""What a dark picture says: the bright one in closed form, with noise of known size per pixel.

With u = S⁻¹(y) the pipeline of `generators.physics.low_light` divides by gain^(1/γ): the colour
matrix and the white balance cancel, and only shape the noise. They mix what the camera's channels
drew independently, so that it is known in which colours a pixel is noisy and in which it is not.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.inverse.observation import Array, ChannelBasis, Observation, library
from dubench.ddnm.inverse.rounding import ROUNDING
from dubench.ddnm.inverse.sensor_noise import read_noise_of, shot_noise_of
from dubench.ddnm.inverse.separable import like
from generators.operators import inverse
from generators.physics.low_light import EPSILON, camera_matrix, smoothstep
from generators.taxonomy import Value, scalar

Planes = NDArray[np.float64]

WHITE_BALANCE = {"red_gain": 2.15, "blue_gain": 1.7}
"""The middle of what du110k draws, for pictures whose own is not given."""
_DARKEST, _BRIGHTEST = 2.5 / 255, 0.99  # of the picture and the developed one: beyond, cut off


def observe(image: Array, values: Mapping[str, Value], sigma: float = 0.0) -> Observation:
    """The developed picture of `image` (…, 3, H, W) on [0, 1], and its noise.

    Args:
        values: gamma, gain and camera_intrinsics; red_gain and blue_gain where they are known,
            else WHITE_BALANCE; shot_noise and read_noise, else they are measured.
        sigma: standard deviation of further noise in `image`; at least that of 8-bit rounding.
    """
    pixels = image if isinstance(image, np.ndarray) else image.detach().cpu().numpy()
    pictures = pixels.reshape(-1, *pixels.shape[-3:]).astype(np.float64)
    noises = [_noise(picture, values, max(sigma, ROUNDING)) for picture in pictures]
    deviations, vectors = (np.stack(parts) for parts in zip(*noises, strict=True))
    lead = pixels.shape[:-3]
    basis = ChannelBasis(like(vectors.reshape(*lead, *vectors.shape[1:]), image))
    developed = _developed(_linear(image, values), values)
    noise = like(deviations.reshape(pixels.shape), image)
    return Observation(basis, 1.0, basis.coefficients(developed), noise)


def _noise(image: Planes, values: Mapping[str, Value], sigma: float) -> tuple[Planes, Planes]:
    """Of `image` (3, H, W), developed: standard deviations (3, H, W) of independent parts, and the
    colours (3, 3, H, W) that they are noise of."""
    values = WHITE_BALANCE | dict(values)
    balance = np.array([scalar(values, "red_gain"), 1.0, scalar(values, "blue_gain")])
    matrix = camera_matrix(values["camera_intrinsics"])
    mixing = inverse(matrix) * balance
    linear = _linear(image, values)
    above, below = (_linear(image + step, values) for step in (sigma, -sigma))
    signal = np.tensordot(matrix / balance[:, None], linear, 1).clip(0, None)
    rounding = ((above - below) / 2) ** 2
    if "shot_noise" in values:
        shot, read = scalar(values, "shot_noise"), scalar(values, "read_noise")
    else:
        bright = _developed(linear, values)
        rise = _developed(above, values) - _developed(below, values)
        slope = rise / (above - below)
        usable = (image.min(0) > _DARKEST) & (bright.max(0) < _BRIGHTEST)
        shot = shot_noise_of(
            bright, slope[:, None] * mixing[..., None, None], signal, (rise / 2) ** 2, usable
        )
        read = read_noise_of(shot)
    covariance = np.tensordot(mixing[:, None] * mixing, shot * signal + read, 1)
    for channel in range(3):
        covariance[channel, channel] += rounding[channel]
    # The tone curve is steep at black: its rise over what noise spans, not its derivative.
    span = np.sqrt(np.stack([covariance[channel, channel] for channel in range(3)]))
    slope = (_developed(linear + span, values) - _developed(linear - span, values)) / (2 * span)
    covariance *= slope * slope[:, None]
    variance, vectors = np.linalg.eigh(np.moveaxis(covariance, (0, 1), (-2, -1)))
    deviation = np.sqrt(variance.clip(ROUNDING**2, None))
    return np.moveaxis(deviation, -1, 0), np.moveaxis(vectors, (-2, -1), (0, 1))


def _linear(image: Array, values: Mapping[str, Value]) -> Array:
    """u^γ of y = S(u), in linear RGB: still dark."""
    functions, gamma = library(image), scalar(values, "gamma")
    dark = 0.5 - functions.sin(functions.asin(1 - 2 * image.clip(0, 1)) / 3)
    return dark.clip(EPSILON ** (1 / gamma), 1) ** gamma


def _developed(linear: Array, values: Mapping[str, Value]) -> Array:
    """The picture on [0, 1] that dark linear RGB would have been without `gain`."""
    gamma, gain = scalar(values, "gamma"), scalar(values, "gain")
    bright = (linear.clip(EPSILON, 1) / gain) ** (1 / gamma)
    return smoothstep(bright.clip(0, 1))
