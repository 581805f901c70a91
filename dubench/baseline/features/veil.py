"""How contrast and colour fade with brightness and height: what haze does, seen from afar.

I − A = t·(J − A): where the veil is thick (a high dark channel), local contrast and the channels'
spread vanish and the luma nears A. Distance mostly grows towards the upper border.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.groups import group
from dubench.baseline.features.histograms import histogram, quantiles
from dubench.baseline.features.planes import Planes

BINS, BANDS = 6, 8
COUNT = 3 * BINS + 4 * BANDS


def measure(planes: Planes) -> NDArray[np.float64]:
    """COUNT numbers: per sixth of the pixels by dark channel, then per eighth of the rows."""
    contrast = local_deviation(planes.grey.astype(np.float32))
    bounds = quantiles(histogram(planes.dark), np.arange(1, BINS) / BINS)
    bin_of = np.searchsorted(bounds, np.arange(256)).astype(np.uint8)
    bins = group(bin_of.take(planes.dark[::2, ::2]), BINS)
    # An empty bin (many pixels of one level) takes the picture's mean.
    by_darkness = []
    for plane in (planes.grey, planes.spread, contrast):
        sums = bins.sums(bins.take(plane[::2, ::2]))
        mean = sums.sum() / len(bins.order)
        by_darkness.append(np.where(bins.counts, sums / np.maximum(bins.counts, 1), mean))
    edges = np.linspace(0, len(contrast), BANDS + 1).astype(int)[:-1]
    size = contrast.size / BANDS
    bands = [
        np.add.reduceat(cv2.reduce(plane, 1, cv2.REDUCE_SUM, dtype=total).ravel(), edges) / size
        for plane, total in (
            (planes.grey, cv2.CV_32S),
            (planes.least, cv2.CV_32S),
            (planes.spread, cv2.CV_32S),
            (contrast, cv2.CV_64F),
        )
    ]
    for part in (by_darkness, bands):
        part[-1] = 25 * np.log(part[-1] + 0.1)
    return np.concatenate([*by_darkness, *bands]) / 255


def local_deviation(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation within 7×7 pixels, in levels."""
    mean = cv2.blur(luma, (7, 7))
    square = cv2.blur(luma * luma, (7, 7))
    square -= np.multiply(mean, mean, out=mean)
    return np.sqrt(np.maximum(square, 0, out=square), out=square)
