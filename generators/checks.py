"""Is this crop clean, and is there anything in it to degrade?"""

import cv2
import numpy as np
from numpy.typing import NDArray

# Judged at one sigma for every type alike, so that content does not tell the type.
FLAT_SIGMA, FLAT_RATIO, FLAT_LEVELS = 5.0, 1.15, 0.5
_REDUCTION = 4


def is_flat(crop: NDArray[np.uint8]) -> bool:
    """Whether blurs of σ and 1.15·σ of this (S, S, 3) crop differ by less than half a level rms.

    Judged on luma at σ = 5 pixels, the middle of the range, at a quarter of the size.
    """
    side = max(crop.shape[0] // _REDUCTION, 1)
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(luma, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    sigma = FLAT_SIGMA / _REDUCTION
    difference = cv2.GaussianBlur(small, (0, 0), sigma) - cv2.GaussianBlur(
        small, (0, 0), sigma * FLAT_RATIO
    )
    return bool(np.sqrt(np.mean(difference**2)) < FLAT_LEVELS)
