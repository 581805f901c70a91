"""How contrast and colour fade with brightness and height: what haze does, seen from afar.

I − A = t·(J − A): where the veil is thick (a high dark channel), local contrast and the channels'
spread vanish and the luma nears A. Distance mostly grows towards the upper border.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features.histograms import histogram, quantiles
from dubench.baseline.features.tones import dark_channel

BINS, BANDS = 6, 8
COUNT = 3 * BINS + 4 * BANDS


def measure(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """COUNT numbers: per sixth of the pixels by dark channel, then per eighth of the rows."""
    red, green, blue = cv2.split(image)
    least = cv2.min(cv2.min(red, green), blue)
    most = cv2.max(cv2.max(red, green), blue)
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = (most - least).astype(np.float32)
    contrast = local_deviation(luma)
    dark = dark_channel(image)
    bounds = quantiles(histogram(dark), np.arange(1, BINS) / BINS)
    bins = np.searchsorted(bounds, np.arange(256)).take(dark[::2, ::2]).ravel()
    counts = np.bincount(bins, minlength=BINS)
    # An empty bin (many pixels of one level) takes the picture's mean.
    by_darkness = []
    for plane in (luma, spread, contrast):
        part = plane[::2, ::2].ravel()
        sums = np.bincount(bins, part, BINS)
        by_darkness.append(np.where(counts, sums / np.maximum(counts, 1), part.mean()))
    edges = np.linspace(0, len(luma), BANDS + 1).astype(int)[:-1]
    size = luma.size / BANDS
    bands = [
        np.add.reduceat(plane.sum(axis=1, dtype=np.float64), edges) / size
        for plane in (luma, least, spread, contrast)
    ]
    for part in (by_darkness, bands):
        part[-1] = 25 * np.log(part[-1] + 0.1)
    return np.concatenate([*by_darkness, *bands]) / 255


def local_deviation(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation within 7×7 pixels, in levels."""
    mean = cv2.blur(luma, (7, 7))
    square = cv2.blur(luma * luma, (7, 7))
    return np.sqrt(np.maximum(square - mean * mean, 0))
