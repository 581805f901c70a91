"""Gaussian blur: Y = A_h · X · A_wᵀ with the matrices of `operators.gaussian_matrix`."""

from collections.abc import Mapping

import cv2
import numpy as np

from generators.operators import effective_sigma, gaussian_kernel
from generators.physics import Depth, Image, Values
from generators.randomness import five_digits
from generators.taxonomy import Value, scalar


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The nominal sigma and the one of the kernel that is applied, both in pixels."""
    sigma = scalar(drawn, "sigma")
    return {**drawn, "effective_sigma": five_digits(effective_sigma(sigma))}


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """Blur (H, W, 3) uint8 by `sigma` pixels, reflected without repeating the edge pixel."""
    sigma = scalar(values, "sigma")
    kernel = gaussian_kernel(sigma).astype(np.float32)
    # A float32 kernel on bytes: summed in float32, rounded half to even once, at the end.
    return np.asarray(
        cv2.sepFilter2D(image, cv2.CV_8U, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
    )


def plausible(values: Mapping[str, Value]) -> bool:
    """Every blur is plausible."""
    return True
