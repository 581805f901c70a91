"""A photograph as about three hundred plain numbers: spectrum, tones, veil, edges, noise, grids.

Deterministic, numpy and OpenCV alone, a few milliseconds for 256×256 on one core. Every number is
per pixel or per cycle per pixel, so photographs of other sizes give comparable ones.
"""

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import edges, grids, noise, spectrum, tones, veil
from dubench.baseline.features.planes import planes_of
from generators.errors import InputError

LEAST_SIDE = 32
# Once so large a block was freed, glibc keeps freed memory instead of giving it back to the system
# and taking it again page by page, a quarter of the time (mallopt(3), M_MMAP_THRESHOLD).
np.empty(1 << 24, np.uint8)
FORM = "dubench-image-statistics-1"
"""Changes whenever the numbers' meaning does; a model knows for which form it was trained."""

_PARTS = (spectrum, tones, veil, edges, noise, grids)
COUNT = sum(part.COUNT for part in _PARTS)
"""How many numbers there are."""


def statistics(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The statistics of an (H, W, 3) uint8 RGB image, as (COUNT,) finite numbers.

    Raises:
        InputError: the image has no 32 pixels a side.
    """
    if min(image.shape[:2]) < LEAST_SIDE:
        raise InputError(
            f"an image of {image.shape[1]}×{image.shape[0]} pixels is too small for statistics: "
            f"they need {LEAST_SIDE} a side"
        )
    planes = planes_of(image)
    return np.concatenate([part.measure(planes) for part in _PARTS]).astype(np.float32)
