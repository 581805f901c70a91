"""Low resolution: anti-aliased bicubic down, 8 bits, bicubic back up to the clean image's size."""

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError
from generators.operators import bicubic_down_matrix, bicubic_up_matrix
from generators.physics import Depth, Image, Values, to_levels
from generators.taxonomy import Value


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
    scale = values["scale"]
    assert isinstance(scale, float)
    if min(height, width) < scale:
        raise InputError(f"{width}×{height} pixels are too few for scale={scale:g}")
    rows_down, columns_down, rows_up, columns_up = _matrices(height, width, int(scale))
    planes = np.stack(cv2.split(image)).astype(np.float32)
    small = to_levels(rows_down @ planes @ columns_down.T).astype(np.float32)
    large = to_levels(rows_up @ small @ columns_up.T)
    return cv2.merge(list(large))


def plausible(values: Mapping[str, Value]) -> bool:
    """Every factor is."""
    return True


@lru_cache(maxsize=64)
def _matrices(height: int, width: int, scale: int) -> tuple[NDArray[np.float32], ...]:
    return tuple(
        make(n, scale).astype(np.float32)
        for make in (bicubic_down_matrix, bicubic_up_matrix)
        for n in (height, width)
    )
