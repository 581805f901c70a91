"""What several of the measurements look at, computed once."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PATCH = np.ones((15, 15), np.uint8)


@dataclass(frozen=True)
class Planes:
    """An image, and pictures of it that are (H, W), in levels from 0 to 255.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        channels: red, green and blue, uint8.
        least, most: the least and the greatest channel, uint8.
        spread: `most` − `least`, uint8.
        dark: `least` eroded by 15×15, uint8: the dark channel (He, Sun & Tang, TPAMI 2011).
        grey: BT.601 luma, uint8.
        floats: `channels` as float32.
        luma: BT.601 luma, not rounded, float32.
    """

    pixels: NDArray[np.uint8]
    channels: tuple[NDArray[np.uint8], ...]
    least: NDArray[np.uint8]
    most: NDArray[np.uint8]
    spread: NDArray[np.uint8]
    dark: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    floats: tuple[NDArray[np.float32], ...]
    luma: NDArray[np.float32]


def planes_of(image: NDArray[np.uint8]) -> Planes:
    """The planes of an (H, W, 3) uint8 RGB image."""
    pixels = np.ascontiguousarray(image)
    red, green, blue = channels = cv2.split(pixels)
    least = cv2.min(cv2.min(red, green), blue)
    most = cv2.max(cv2.max(red, green), blue)
    return Planes(
        pixels,
        tuple(channels),
        least,
        most,
        spread=most - least,
        dark=cv2.erode(least, PATCH),
        grey=cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY),
        floats=tuple(plane.astype(np.float32) for plane in channels),
        luma=cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY),
    )
