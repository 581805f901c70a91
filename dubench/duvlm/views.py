"""Computed views of photographs, shown to a model as further pictures.

"Understanding Degradation with Vision Language Model" (arXiv 2602.04565, section 4) shows its model
the log-amplitude spectrum and the Sobel edge map beside the photograph. The scales here are fixed,
not stretched picture by picture: how strong spectrum and edges are tells blur and noise. A fourth
picture is ours, the chart (`dubench.duvlm.chart`): measured numbers, drawn.

Batches are numpy's or torch's, on any device; results are within one grey level of each other.
"""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.duvlm import chart as charts
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


def chart(images: Any) -> Any:
    """Charts of the pictures' statistics, which are measured on the CPU.

    Args:
        images: (B, 3, H, W) RGB in [0, 1], a numpy array or a torch tensor; at least 32 a side.

    Returns:
        (B, 3, 32, 32) whole levels divided by 255, of the same kind.
    """
    host = images if isinstance(images, np.ndarray) else images.detach().cpu().numpy()
    pictures = np.rint(255 * host.transpose(0, 2, 3, 1)).astype(np.uint8)
    drawn = np.stack([charts.chart(picture) for picture in pictures]).transpose(0, 3, 1, 2) / 255
    if isinstance(images, np.ndarray):
        return drawn.astype(images.dtype)
    return _space(images).from_numpy(drawn).to(images)


VIEWS: dict[str, Callable[[Any], Any]] = {"fft": fft, "edges": edges, "chart": chart}
"""Every view by its name."""
PAPERS = ("fft", "edges")
"""The views of the paper."""

PHOTOGRAPH = "photograph"
"""What comes before the views."""
NANO_SIDE = 128
NANO_VIEWS = (PHOTOGRAPH, "chart")
"""Pictures that nano is shown, unless it was trained on others."""
_CELL = 8  # pixels a side of a chart's cell, for models whose processors do not keep small pictures


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
        uint8 each, in the order of `names`: (H, W, 3), grey; a chart is (256, 256, 3).
    """
    batch = image.transpose(2, 0, 1)[None].astype(np.float64) / 255
    pictures = []
    for name in names:
        levels = np.rint(VIEWS[name](batch)[0] * 255).astype(np.uint8).transpose(1, 2, 0)
        if name == "chart":
            levels = levels.repeat(_CELL, 0).repeat(_CELL, 1)
        pictures.append(np.repeat(levels, 3 // levels.shape[2], axis=2))
    return pictures


def for_nano(
    image: NDArray[np.uint8], views: Sequence[str] = NANO_VIEWS
) -> list[NDArray[np.uint8]]:
    """The pictures that nano is shown, for its processor.

    Args:
        image: (H, W, 3) uint8 RGB, a tile of at most 256 pixels a side.
        views: PHOTOGRAPH, or names of VIEWS, made of the whole tile.

    Returns:
        (128, 128, 3) uint8 each; the chart is (32, 32, 3).
    """
    shown = {PHOTOGRAPH: reduced, "chart": charts.chart}
    return [
        shown[view](image) if view in shown else reduced(as_pictures(image, [view])[0])
        for view in views
    ]


def reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) at 128 × 128, by area."""
    return np.asarray(cv2.resize(image, (NANO_SIDE,) * 2, interpolation=cv2.INTER_AREA))


def _luma(images: Any) -> Any:
    red, green, blue = (images[:, i : i + 1] for i in range(3))
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def _space(images: Any) -> Any:
    """The library that an array is of."""
    if isinstance(images, np.ndarray):
        return np
    import torch

    return torch
