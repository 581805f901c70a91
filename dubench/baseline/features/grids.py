"""Traces of a grid: what was interpolated ×s varies with period s, what was JPEG with period 8.

The variance of an interpolated signal's second difference repeats with the factor (Gallagher,
"Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005). The two phases
of ×2 mirror each other and are equal; the spectrum tells it.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PERIODS = (3, 4, 8)
COUNT = 2 * len(PERIODS) + len(PERIODS)


def measure(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """COUNT log ratios: how unequal a period's phases are, in second and first differences."""
    luma = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY)
    profiles = [_profile(plane, 2) for plane in (luma, luma.T)]
    first = [_profile(plane, 1) for plane in (luma, luma.T)]
    return np.array(
        [
            *(_unequal(profile, period, np.min) for profile in profiles for period in PERIODS),
            *(sum(_unequal(profile, period, np.median) for profile in first) for period in PERIODS),
        ]
    )


def _profile(plane: NDArray[np.float32], order: int) -> NDArray[np.float64]:
    """Mean absolute difference between columns, per column."""
    difference = plane[:, 1:] - plane[:, :-1]
    if order == 2:
        difference = difference[:, 1:] - difference[:, :-1]
    return np.abs(difference).mean(axis=0, dtype=np.float64) + 0.02


def _unequal(profile: NDArray[np.float64], period: int, low: Callable[[NDArray], Any]) -> float:
    whole = len(profile) // period * period
    phases = np.log(profile[:whole]).reshape(-1, period).mean(axis=0)
    return float(phases.max() - low(phases))
