"""What stands between a picture and the prior's network: noise levels, EDM's preconditioning
(Karras et al., NeurIPS 2022, Table 1) and the fold to half resolution.

Arrays are numpy's or torch's alike.
"""

from dubench.ddnm.inverse.observation import Array, library

CHANNELS = 3
SIGMA_DATA = 0.25  # of photographs about mid-grey, on [0, 1]
FOLD = 2  # of the pixel-unshuffle
# Noise levels that the network has seen, on [0, 1].
LEAST_SIGMA, MOST_SIGMA = 0.4 / 255, 128 / 255


def features(noisy: Array, sigma: Array) -> Array:
    """What the network sees, (B, 24, H/2, W/2), of pictures with noise (B, 3, H, W) each."""
    centred = (noisy - 0.5) / _total(sigma)
    return _fold(library(noisy).concatenate([centred, library(sigma).log(sigma) / 4], 1))


def estimate(noisy: Array, sigma: Array, residual: Array) -> Array:
    """The clean pictures (B, 3, H, W) that the network's output (B, 12, H/2, W/2) stands for."""
    share = (SIGMA_DATA / _total(sigma)) ** 2
    return (noisy - 0.5) * share + _unfold(residual) * output_scale(sigma) + 0.5


def output_scale(sigma: Array) -> Array:
    """EDM's c_out: how far the network's output of unit variance moves the estimate."""
    return sigma * SIGMA_DATA / _total(sigma)


def _total(sigma: Array) -> Array:
    return (sigma**2 + SIGMA_DATA**2) ** 0.5


def _fold(image: Array) -> Array:
    """(B, C, H, W) → (B, 4·C, H/2, W/2), as torch's pixel_unshuffle."""
    batch, channels, height, width = image.shape
    blocks = image.reshape(batch, channels, height // FOLD, FOLD, width // FOLD, FOLD)
    planes = library(image).moveaxis(blocks, (3, 5), (2, 3))
    return planes.reshape(batch, -1, height // FOLD, width // FOLD)


def _unfold(planes: Array) -> Array:
    """(B, 4·C, h, w) → (B, C, 2·h, 2·w), as torch's pixel_shuffle."""
    batch, channels, height, width = planes.shape
    blocks = planes.reshape(batch, channels // FOLD**2, FOLD, FOLD, height, width)
    image = library(planes).moveaxis(blocks, (2, 3), (3, 5))
    return image.reshape(batch, -1, FOLD * height, FOLD * width)
