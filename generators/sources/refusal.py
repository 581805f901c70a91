"""Which crops are no clean images to degrade: flat, dark, hazy or blurred ones.

Bounds are measured on crops of 949 varied photographs and of the same photographs degraded by
`du110k`; see docs/sources.md for how many of each they refuse. All is decided in whole numbers:
the same on every processor.
"""

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Judged at one sigma for every type alike, so that content does not tell the type.
FLAT_SIGMA, FLAT_RATIO, FLAT_LEVELS = 5.0, 1.15, 0.5
# The brightest hundredth of a daylight photograph is brighter than this.
DARK_LUMA = 0.45
# Somewhere in a clear photograph is something dark (He, Sun & Tang, TPAMI 2011, section 3).
HAZY_DARK_CHANNEL = 0.25
# In focus: pixels four apart differ by so many levels rms, beyond noise, and neighbours by an
# eighth of that squared. A step that a blur of σ = 0.6 pixels has softened lies at an eighth, at
# σ = 1 at an eleventh, and one far out of focus at a sixteenth.
TEXTURE_LEVELS, FOCUS_RATIO = 6, 8
# The share of a picture that must be in focus: where less is, nobody can tell how it was blurred.
FOCUS_SHARE = 0.2
BOUNDS = {
    "flat_levels": FLAT_LEVELS,
    "dark_luma": DARK_LUMA,
    "hazy_dark_channel": HAZY_DARK_CHANNEL,
    "texture_levels": TEXTURE_LEVELS,
    "focus_ratio": FOCUS_RATIO,
    "focus_share": FOCUS_SHARE,
}
"""What recipe.json records: other bounds choose other crops."""

_REDUCTION = 4
_PATCH = np.ones((5, 5), np.uint8)  # 20 pixels of the crop
_BLOCKS = 16  # a side, each judged by itself
_NEAR, _FAR = 1, 4  # pixels apart
# Noise is what neighbours differ by in the smoothest tenth of the blocks; in a picture of texture
# alone there is no smooth block, and this bounds it: levels squared.
_SMOOTHEST, _MOST_NOISE = 0.1, 8
_WEIGHT_BITS = 10  # of a blur's weights: 255 · 2²⁰ and its square's sum are exact


def refusal(crop: NDArray[np.uint8]) -> str | None:
    """Why this (S, S, 3) uint8 crop is no clean image to degrade, or None if it is one."""
    small = _reduced(crop)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    # Of the brightest hundredth, none is brighter.
    if _share(luma <= DARK_LUMA * 255) >= 0.99:
        return "dark"
    red, green, blue = cv2.split(small)
    dark_channel = cv2.erode(cv2.min(cv2.min(red, green), blue), _PATCH)
    if _share(dark_channel <= HAZY_DARK_CHANNEL * 255) < 0.05:
        return "hazy"
    if _is_flat(luma):
        return "flat"
    return _focus(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))


def is_flat(crop: NDArray[np.uint8]) -> bool:
    """Whether blurs of σ and 1.15·σ of this (S, S, 3) crop differ by less than half a level rms.

    Judged on luma at σ = 5 pixels, the middle of the range, at a quarter of the size.
    """
    return _is_flat(cv2.cvtColor(_reduced(crop), cv2.COLOR_RGB2GRAY))


def _is_flat(luma: NDArray[np.uint8]) -> bool:
    sigma = FLAT_SIGMA / _REDUCTION
    levels = luma.astype(np.float64)
    one, other = (
        cv2.sepFilter2D(levels, cv2.CV_64F, weights, weights, borderType=cv2.BORDER_REFLECT_101)
        for weights in (_gaussian(sigma), _gaussian(sigma * FLAT_RATIO))
    )
    difference = (one - other).astype(np.int64)
    most = FLAT_LEVELS**2 * luma.size * 2 ** (4 * _WEIGHT_BITS)  # a power of two: exact
    return int((difference * difference).sum()) < most


@cache
def _gaussian(sigma: float) -> NDArray[np.float64]:
    """A Gaussian's weights as whole numbers that sum to 2¹⁰."""
    radius = math.ceil(4 * sigma)
    exact = [math.exp(-(x**2) / (2 * sigma**2)) for x in range(-radius, radius + 1)]
    weights = np.rint(np.array(exact) * (2**_WEIGHT_BITS / sum(exact)))
    weights[radius] += 2**_WEIGHT_BITS - weights.sum()
    return weights


def _focus(luma: NDArray[np.uint8]) -> str | None:
    """`flat` where too few blocks have texture, `blurred` where too few are in focus, or None."""
    near, far = _block_differences(luma, _NEAR), _block_differences(luma, _FAR)
    side = luma.shape[0] // _BLOCKS
    pairs = 2 * side * side // _row_step(side)
    smoothest = np.sort(near, axis=None)[int(_SMOOTHEST * near.size)]
    noise = min(int(smoothest), _MOST_NOISE * pairs)
    texture = far > noise + TEXTURE_LEVELS**2 * pairs
    sharp = texture & (FOCUS_RATIO * (near - noise) >= far - noise)
    if np.count_nonzero(texture) < FOCUS_SHARE * texture.size:
        return "flat"
    return "blurred" if np.count_nonzero(sharp) < FOCUS_SHARE * sharp.size else None


def _block_differences(luma: NDArray[np.uint8], lag: int) -> NDArray[np.int64]:
    """Sums over blocks of the squared differences of pixels `lag` apart, along both axes.

    The first of two pixels lies in every `_row_step`-th row.
    """
    side = luma.shape[0] // _BLOCKS
    span, step = side * _BLOCKS, _row_step(side)
    more = cv2.copyMakeBorder(luma, 0, lag, 0, lag, cv2.BORDER_REFLECT_101)
    here, aside, below = more[:span:step], more[:span:step, lag:], more[lag : span + lag : step]
    # Whole numbers below 2²⁴, exact in float32: 2 · 128 · 255² at the largest size.
    squares = np.zeros((span // step, span), np.float32)
    cv2.accumulateSquare(cv2.absdiff(here[:, :span], aside[:, :span]), squares)
    cv2.accumulateSquare(cv2.absdiff(here[:, :span], below[:, :span]), squares)
    rows = squares.reshape(_BLOCKS, side // step, span).sum(axis=1)
    return rows.astype(np.int64).reshape(_BLOCKS, _BLOCKS, side).sum(axis=2)


def _row_step(side: int) -> int:
    """Of blocks of 8 rows and more, half of the rows tell as much."""
    return 2 if side >= 8 and side % 2 == 0 else 1


def _share(where: NDArray[np.bool_]) -> float:
    return np.count_nonzero(where) / where.size


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # By halves: OpenCV is three times as fast at it.
    side = max(image.shape[0] // _REDUCTION, 1)
    half = cv2.resize(image, (2 * side, 2 * side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, (side, side), interpolation=cv2.INTER_AREA))
