"""PSNR and SSIM: how far a restored image is from the clean one, with numpy and OpenCV alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

CAP = 100.0
"""Highest PSNR reported, in dB: identical images would have no finite one."""

_SIDE, _SIGMA = 11, 1.5
_RIM = _SIDE // 2
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio of each image in dB: 10·log₁₀(255² / MSE), at most `CAP`.

    The mean squared error is over the pixels and the three channels of one image, from its 8-bit
    levels, without rounding error.

    Args:
        restored, clean: (B, H, W, 3) uint8 RGB.
    """
    difference = restored.astype(np.int64) - clean
    error = np.mean(difference * difference, axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return np.minimum(10 * np.log10(255**2 / error), CAP)


def ssim(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean structural similarity of each image, in [−1, 1]; 1 for identical ones.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity" (2004), equation 13, on the luma, with the authors' settings: Gaussian
    window of 11 × 11 and σ 1.5, K₁ 0.01, K₂ 0.03, L 255, mean over the windows that lie wholly
    inside the image.

    Args:
        restored, clean: (B, H, W, 3) uint8 RGB, both sides at least 11.
    """
    return np.array([_ssim(luma(a), luma(b)) for a, b in zip(restored, clean, strict=True)])


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Y of BT.601, full range, 0.299 R + 0.587 G + 0.114 B, rounded to whole levels (half up) as
    Matlab's rgb2gray does: (H, W) in [0, 255] from (H, W, 3) uint8."""
    red, green, blue = np.moveaxis(image.astype(np.int32), -1, 0)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.float64)


def _ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    mean_x, mean_y = _local(x), _local(y)
    square_x, square_y, product = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    variances = _local(x * x) - square_x + _local(y * y) - square_y
    covariance = _local(x * y) - product
    structure = (2 * covariance + _C2) / (variances + _C2)
    return float(np.mean((2 * product + _C1) / (square_x + square_y + _C1) * structure))


def _local(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means over every whole window: (H − 10, W − 10)."""
    smooth = cv2.GaussianBlur(values, (_SIDE, _SIDE), _SIGMA)
    return np.asarray(smooth[_RIM:-_RIM, _RIM:-_RIM])
