"""How bright and how colourful: quantiles of luma and of the channels' extremes.

The dark channel (least channel, eroded by 15×15) is He, Sun & Tang's (TPAMI 2011, section 3).
"""

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.histograms import histogram, quantiles
from dubench.baseline.features.planes import Planes

AT = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
ENDS = (0.01, 0.5, 0.99)
COUNT = 5 * len(AT) + 3 * len(ENDS) + 6 + 6 + 3
_LEVELS = np.arange(256.0)


def measure(planes: Planes) -> NDArray[np.float64]:
    """COUNT numbers, in shares of the full range: quantiles, clipped shares, moments."""
    pictures = (planes.grey, planes.least, planes.most, planes.dark, planes.spread)
    channels = np.array([histogram(plane) for plane in planes.channels])
    mean = channels @ _LEVELS
    deviation = np.sqrt(np.maximum(channels @ _LEVELS**2 - mean**2, 0))
    return np.concatenate(
        [
            *(quantiles(histogram(picture), AT) / 255 for picture in pictures),
            *(quantiles(shares, ENDS) / 255 for shares in channels),
            channels[:, [0, 255]].ravel(),
            mean / 255,
            deviation / 255,
            _correlations(planes, mean, deviation),
        ]
    )


def _correlations(planes: Planes, mean: NDArray, deviation: NDArray) -> list[float]:
    """Correlations red-green, red-blue, green-blue."""
    pixels = [plane.ravel() for plane in planes.floats]
    return [
        float(
            (pixels[i] @ pixels[j] / pixels[i].size - mean[i] * mean[j])
            / (deviation[i] * deviation[j] + 1.0)
        )
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
