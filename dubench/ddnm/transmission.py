"""A transmission map where only its mean is known: the dark channel says where the fog is.

He, Sun & Tang, "Single Image Haze Removal Using Dark Channel Prior", TPAMI 2011, eq. 11–12, and
their guided filter for its edges; then the optical depth is scaled until the mean is right.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.depth.crop_depth import store
from generators.depth.guided_filter import guided_filter
from generators.physics.haze import solve_beta, transmission_map
from generators.taxonomy import Degradation, scalar

_PATCH = np.ones((15, 15), np.uint8)
_KEPT = 0.95  # ω: a trace of fog looks natural, and keeps t above 0
_LEAST = 0.02
_RADIUS, _EPSILON = 24, 1e-3
# Larger photographs are reduced to about this many pixels, at which the patch above is the size
# that its authors chose; edges then follow the photograph at its own size.
_PIXELS = 480_000
_STRIP = 512  # rows that are worked on at once


def of_degradation(image: NDArray[np.uint8], degradation: Degradation) -> NDArray[np.float32]:
    """The map of a haze of which A and the mean of t are known; as `from_mean`."""
    values = degradation.values
    return from_mean(image, scalar(values, "atmospheric_light"), scalar(values, "transmission"))


def from_mean(image: NDArray[np.uint8], light: float, mean: float) -> NDArray[np.float32]:
    """t (H, W) in (0, 1] of mean `mean`, denser where the dark channel is brighter.

    Args:
        image: (H, W, 3) uint8 RGB, hazy.
        light: the veil's intensity A, on [0, 1].
        mean: of t over the image, in (0, 1).
    """
    height, width = image.shape[:2]
    factor = math.ceil(math.sqrt(height * width / _PIXELS))
    if factor > 1:
        size = -(-width // factor), -(-height // factor)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return _enlarge(from_mean(small, light, mean), image, factor)
    levels = image.astype(np.float32) / np.float32(255)
    dark = cv2.erode(levels.min(axis=2) / np.float32(light), _PATCH)
    rough = np.clip(1 - _KEPT * dark, _LEAST, 1)
    refined = guided_filter(levels, rough, _RADIUS, _EPSILON)
    depth = store(-np.log(np.clip(refined, _LEAST, 1)))
    return transmission_map(depth, solve_beta(mean, depth))


def _enlarge(
    transmission: NDArray[np.float32], image: NDArray[np.uint8], factor: int
) -> NDArray[np.float32]:
    """`transmission` at the size of `image`, whose edges it follows."""
    height, width = image.shape[:2]
    radius = 2 * factor
    large = cv2.resize(transmission, (width, height), interpolation=cv2.INTER_LINEAR)
    result = np.empty_like(large)
    for top in range(0, height, _STRIP):
        first, last = max(0, top - 2 * radius), min(height, top + _STRIP + 2 * radius)
        guide = image[first:last].astype(np.float32) / np.float32(255)
        strip = guided_filter(guide, large[first:last], radius, _EPSILON)
        rows = slice(top, min(top + _STRIP, height))
        result[rows] = strip[top - first :][: rows.stop - top]
    return np.clip(result, _LEAST, 1, out=result)
