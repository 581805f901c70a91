"""How steep edges are: differences of luma over several distances.

Of an edge blurred by σ, the steepest difference over L pixels is erf(L / (2√2·σ)) of its height.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.histograms import histogram, quantiles
from dubench.baseline.features.planes import Planes

LAGS = (1, 2, 4, 8, 16)
AT = (0.5, 0.9, 0.99, 0.999)
COUNT = (len(LAGS) + 1) * (len(AT) + 1)
_FLOOR = 0.05  # levels


def measure(planes: Planes) -> NDArray[np.float64]:
    """Per lag, and for the Laplacian: log of the root mean square and of quantiles, in levels."""
    luma = planes.luma
    lags = [
        _sizes(cv2.absdiff(luma[lag:], luma[:-lag]), cv2.absdiff(luma[:, lag:], luma[:, :-lag]))
        for lag in LAGS
    ]
    return np.concatenate([*lags, _sizes(np.abs(cv2.Laplacian(luma, cv2.CV_32F)))])


def _sizes(*planes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of planes of absolute differences, which are overwritten."""
    pixels = sum(plane.size for plane in planes)
    square = sum(cv2.norm(plane) ** 2 for plane in planes) / pixels
    # Square roots leave room in 256 levels for the small and the large.
    shares = sum(
        histogram(cv2.convertScaleAbs(cv2.sqrt(plane, dst=plane), alpha=16)) * (plane.size / pixels)
        for plane in planes
    )
    sizes = np.maximum(quantiles(np.asarray(shares), AT) / 16, 0) ** 2
    return np.log(np.concatenate([[square**0.5], sizes]) + _FLOOR)
