"""Traces of a grid: what was interpolated ×s varies with period s, what was JPEG with period 8.

The variance of an interpolated signal's second difference repeats with the factor (Gallagher,
"Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005). The two phases
of ×2 mirror each other and are equal; the spectrum tells it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.planes import Planes

PERIODS = (3, 4, 8)
COUNT = 2 * len(PERIODS) + len(PERIODS)


def measure(planes: Planes) -> NDArray[np.float64]:
    """COUNT log ratios: how unequal a period's phases are, in second and first differences."""
    luma = planes.luma
    across, down = luma[:, 1:] - luma[:, :-1], luma[1:] - luma[:-1]
    second = [
        _profile(cv2.absdiff(across[:, 1:], across[:, :-1]), 0),
        _profile(cv2.absdiff(down[1:], down[:-1]), 1),
    ]
    first = [_profile(np.abs(across, out=across), 0), _profile(np.abs(down, out=down), 1)]
    return np.concatenate(
        [
            *(_phases(profile)[0] for profile in second),
            _phases(first[0])[1] + _phases(first[1])[1],
        ]
    )


def _profile(sizes: NDArray[np.float32], axis: int) -> NDArray[np.float64]:
    """Log of the mean over `axis`."""
    sums = cv2.reduce(sizes, axis, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
    return np.log(sums / sizes.shape[axis] + 0.02)


def _phases(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, periods): by how much a period's greatest phase exceeds the least, and the median."""
    above = []
    for period in PERIODS:
        whole = len(profile) // period * period
        phases = np.sort(profile[:whole].reshape(-1, period).mean(axis=0))
        median = (phases[(period - 1) // 2] + phases[period // 2]) / 2
        above.append(phases[-1] - (phases[0], median))
    return np.array(above).T
