"""Which crops are no clean images to degrade: flat, dark, hazy or blurred ones.

Bounds are measured on crops of 300 varied photographs and of the same photographs degraded by
`du110k`; see docs/sources.md for how many of each they refuse.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# Judged at one sigma for every type alike, so that content does not tell the type.
FLAT_SIGMA, FLAT_RATIO, FLAT_LEVELS = 5.0, 1.15, 0.5
# The brightest hundredth of a daylight photograph is brighter than this.
DARK_LUMA = 0.45
# Somewhere in a clear photograph is something dark (He, Sun & Tang, TPAMI 2011, section 3).
HAZY_DARK_CHANNEL = 0.25
# Neighbours differ by at least this share of what pixels four apart differ by; a line: ¼.
BLURRED_RATIO = 0.30
BOUNDS = {
    "flat_levels": FLAT_LEVELS,
    "dark_luma": DARK_LUMA,
    "hazy_dark_channel": HAZY_DARK_CHANNEL,
    "blurred_ratio": BLURRED_RATIO,
}
"""What recipe.json records: other bounds choose other crops."""

_REDUCTION = 4
_PATCH = np.ones((5, 5), np.uint8)  # 20 pixels of the crop


def refusal(crop: NDArray[np.uint8]) -> str | None:
    """Why this (S, S, 3) uint8 crop is no clean image to degrade, or None if it is one."""
    small = _reduced(crop)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    if _is_flat(luma):
        return "flat"
    if _quantile(luma, 0.99) < DARK_LUMA * 255:
        return "dark"
    red, green, blue = cv2.split(small)
    dark_channel = cv2.erode(cv2.min(cv2.min(red, green), blue), _PATCH)
    if _quantile(dark_channel, 0.05) > HAZY_DARK_CHANNEL * 255:
        return "hazy"
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    if _difference(luma, 1) < BLURRED_RATIO * _difference(luma, 4):
        return "blurred"
    return None


def is_flat(crop: NDArray[np.uint8]) -> bool:
    """Whether blurs of σ and 1.15·σ of this (S, S, 3) crop differ by less than half a level rms.

    Judged on luma at σ = 5 pixels, the middle of the range, at a quarter of the size.
    """
    return _is_flat(cv2.cvtColor(_reduced(crop), cv2.COLOR_RGB2GRAY))


def _is_flat(luma: NDArray[np.uint8]) -> bool:
    # In float64, whose last bits decide nothing: no crop lies so near to the bound.
    levels, sigma = luma.astype(np.float64), FLAT_SIGMA / _REDUCTION
    difference = cv2.GaussianBlur(levels, (0, 0), sigma) - cv2.GaussianBlur(
        levels, (0, 0), sigma * FLAT_RATIO
    )
    return bool(cv2.norm(difference) < FLAT_LEVELS * math.sqrt(difference.size))


def _quantile(image: NDArray[np.uint8], share: float) -> int:
    """The smallest level that at least `share` of the pixels do not exceed."""
    counts = np.bincount(image.ravel(), minlength=256)
    return int(np.searchsorted(np.cumsum(counts), share * image.size))


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = max(image.shape[0] // _REDUCTION, 1)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))


def _difference(luma: NDArray[np.uint8], lag: int) -> float:
    """Root of the summed squared differences of pixels `lag` apart, along both axes."""
    across = cv2.norm(luma[:, lag:], luma[:, :-lag])
    down = cv2.norm(luma[lag:], luma[:-lag])
    return float(np.hypot(across, down))
