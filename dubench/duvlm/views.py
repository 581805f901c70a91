"""Computed views of photographs, shown to a model as further pictures.

"Understanding Degradation with Vision Language Model" (arXiv 2602.04565, section 4) shows its model
the log-amplitude spectrum and the Sobel edge map beside the photograph. The scales here are fixed,
not stretched picture by picture: how strong spectrum and edges are tells blur and noise.

Batches are numpy's or torch's, on any device; results are within one grey level of each other.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError

_LUMA = (0.299, 0.587, 0.114)


def fft(images: Any) -> Any:
    """Log-amplitude spectra, zero frequency in the middle: ln(1 + |F|) over its largest value.

    F is the discrete Fourier transform of luma in levels; that of white is 255·H·W at zero.

    Args:
        images: (B, 3, H, W) RGB in [0, 1], a numpy array or a torch tensor.

    Returns:
        (B, 1, H, W) in [0, 1], of the same kind.
    """
    space = _space(images)
    amplitude = abs(space.fft.fftshift(space.fft.fft2(255 * _luma(images)), (-2, -1)))
    return space.log1p(amplitude) / float(np.log1p(255 * images.shape[-2] * images.shape[-1]))


def edges(images: Any) -> Any:
    """Sobel edge strength: the root of the gradient's length, 1 at a step from black to white.

    The root is for the eye: without it the edges of a blurred picture would be black.

    Args:
        images: (B, 3, H, W) RGB in [0, 1], a numpy array or a torch tensor; beyond the border
            pixels repeat.

    Returns:
        (B, 1, H, W) in [0, 1], of the same kind.
    """
    luma = _luma(images)
    rows, columns = ([0, *range(length), length - 1] for length in (luma.shape[-2], luma.shape[-1]))
    padded = luma[..., rows, :][..., columns]
    down = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    gradient = (down[..., 2:] - down[..., :-2], across[..., 2:, :] - across[..., :-2, :])
    # A step of height 1 has gradient 4.
    length = ((gradient[0] / 4) ** 2 + (gradient[1] / 4) ** 2) ** 0.5
    return (length**0.5).clip(0, 1)


VIEWS: dict[str, Callable[[Any], Any]] = {"fft": fft, "edges": edges}
"""Every view by its name."""


def check_views(names: Sequence[str]) -> tuple[str, ...]:
    """`names`, if each is a view and none is given twice; raises InputError otherwise."""
    for name in names:
        if name not in VIEWS:
            raise InputError(f"--views {name}: the views are {', '.join(VIEWS)}")
    if len(set(names)) < len(names):
        raise InputError(f"--views {','.join(names)}: name each view once")
    return tuple(names)


def as_pictures(image: NDArray[np.uint8], names: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Views of one photograph as pictures.

    Args:
        image: (H, W, 3) uint8 RGB.
        names: of VIEWS.

    Returns:
        (H, W, 3) uint8 each, grey, in the order of `names`.
    """
    batch = image.transpose(2, 0, 1)[None].astype(np.float64) / 255
    greys = [np.rint(VIEWS[name](batch)[0, 0] * 255).astype(np.uint8) for name in names]
    return [np.repeat(grey[..., None], 3, axis=2) for grey in greys]


def _luma(images: Any) -> Any:
    red, green, blue = (images[:, i : i + 1] for i in range(3))
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def _space(images: Any) -> Any:
    """The library that an array is of."""
    if isinstance(images, np.ndarray):
        return np
    import torch

    return torch
