"""Low resolution: anti-aliased bicubic down, 8 bits, bicubic back up to the clean image's size."""

from collections.abc import Mapping

import numpy as np

from generators.errors import InputError
from generators.operators import bicubic_down_matrix, bicubic_up_matrix
from generators.physics import Depth, Image, Values
from generators.resampling import bands, resample
from generators.taxonomy import Value, scalar


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The integer factor, as drawn."""
    return dict(drawn)


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """U(round(D(image))) for (H, W, 3) uint8 and an integer `scale`.

    Raises:
        InputError: a side of the image is shorter than `scale`.
    """
    height, width = image.shape[:2]
    scale = scalar(values, "scale")
    if min(height, width) < scale:
        raise InputError(f"{width}×{height} pixels are too few for scale={scale:g}")
    for matrix_of in (bicubic_down_matrix, bicubic_up_matrix):
        image = resample(image, *(bands(matrix_of, side, int(scale)) for side in (height, width)))
    return image


def plausible(values: Mapping[str, Value]) -> bool:
    """Every factor is plausible."""
    return True
