"""How bright and how colourful: quantiles of luma and of the channels' extremes.

The dark channel (least channel, eroded by 15×15) is He, Sun & Tang's (TPAMI 2011, section 3).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.histograms import histogram, quantiles

AT = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
ENDS = (0.01, 0.5, 0.99)
COUNT = 5 * len(AT) + 3 * len(ENDS) + 6 + 6 + 3
PATCH = np.ones((15, 15), np.uint8)


def measure(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """COUNT numbers, in shares of the full range: quantiles, clipped shares, moments."""
    red, green, blue = planes = cv2.split(image)
    least = cv2.min(cv2.min(red, green), blue)
    most = cv2.max(cv2.max(red, green), blue)
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    pictures = (luma, least, most, dark_channel(image), most - least)
    channels = [histogram(plane) for plane in planes]
    mean, deviation = (part.ravel() / 255 for part in cv2.meanStdDev(image))
    return np.concatenate(
        [
            *(quantiles(histogram(picture), AT) / 255 for picture in pictures),
            *(quantiles(shares, ENDS) / 255 for shares in channels),
            [shares[level] for shares in channels for level in (0, 255)],
            mean,
            deviation,
            _correlations(planes, mean * 255, deviation * 255),
        ]
    )


def dark_channel(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The least level of any channel within 7 pixels, (H, W) uint8."""
    red, green, blue = cv2.split(image)
    return np.asarray(cv2.erode(cv2.min(cv2.min(red, green), blue), PATCH))


def _correlations(planes: Sequence[NDArray], mean: NDArray, deviation: NDArray) -> list[float]:
    """Correlations red-green, red-blue, green-blue."""
    pixels = [plane.astype(np.float32).ravel() for plane in planes]
    return [
        float(
            (pixels[i] @ pixels[j] / pixels[i].size - mean[i] * mean[j])
            / (deviation[i] * deviation[j] + 1.0)
        )
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
