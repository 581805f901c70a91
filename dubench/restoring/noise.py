"""How noisy a photograph is, before anything is undone that would make its noise stronger."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from dubench.ddnm.degraded import Image
from dubench.ddnm.inverse.rounding import ROUNDING

_BLOCK = 32  # pixels a side over which noise is measured
_QUIET = 0.2  # the quantile of the blocks that has noise and no texture
_DARKEST, _BRIGHTEST = 4, 251  # levels: beyond, noise is cut off
_LOW = 4  # JPEG's coefficients below this frequency either way are those that blur leaves


def noise_of(image: Image, file: bytes = b"") -> float:
    """Standard deviation of the noise of a photograph on [0, 1]; that of 8-bit rounding at least.

    The larger of two: what the finest diagonals hold in quiet blocks (of Haar's wavelets, Donoho &
    Johnstone, Biometrika 1994), and for a JPEG what its quantisation of the low frequencies adds,
    q/√12 (Widrow & Kollár, "Quantization Noise", 2008).

    Args:
        image: (H, W, 3) uint8 RGB.
        file: the bytes that it was decoded from.
    """
    return max(ROUNDING, _diagonal(image), _quantisation(file))


def _diagonal(image: Image) -> float:
    height, width = (length - length % _BLOCK for length in image.shape[:2])
    if not height or not width:
        return 0.0
    shape = (height // _BLOCK, _BLOCK // 2, width // _BLOCK, _BLOCK // 2, 3)
    corners = [
        image[row:height:2, column:width:2].astype(np.int16) for row in (0, 1) for column in (0, 1)
    ]
    diagonal = (corners[0] - corners[1] - corners[2] + corners[3]).astype(np.float32) / 2
    power = (diagonal**2).reshape(shape).mean(axis=(1, 3, 4))
    lowest, highest = np.minimum.reduce(corners), np.maximum.reduce(corners)
    inside = (lowest.reshape(shape).min(axis=(1, 3, 4)) >= _DARKEST) & (
        highest.reshape(shape).max(axis=(1, 3, 4)) <= _BRIGHTEST
    )
    levels: NDArray[np.float32] = np.sqrt(power[inside])
    return float(np.quantile(levels, _QUIET)) / 255 if levels.size else 0.0


def _quantisation(file: bytes) -> float:
    if not file.startswith(b"\xff\xd8"):
        return 0.0
    with PillowImage.open(io.BytesIO(file)) as opened:
        tables = getattr(opened, "quantization", {})
    if not tables:
        return 0.0
    steps = np.array(tables[min(tables)], float).reshape(8, 8)[:_LOW, :_LOW]
    return float(np.sqrt((steps**2).mean() / 12)) / 255
