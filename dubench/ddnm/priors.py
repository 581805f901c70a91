"""What samplers ask of a prior, whatever network it is, and the noise levels they visit.

Everything here and in the samplers is said with noise added to a picture on [0, 1] ("variance
exploding"): a network that was trained otherwise is translated where it is opened.

This file imports torch when it is imported.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Prior(Protocol):
    """Knows what clean pictures look like."""

    def denoise(self, noisy: Tensor, sigma: float | Tensor) -> Tensor:
        """The mean of the clean pictures that `noisy` may come from.

        Args:
            noisy: (B, 3, H, W), on [0, 1] plus Gaussian noise.
            sigma: its standard deviation on the same scale, a number or broadcastable.
        """
        ...


def noise_levels(first: float, last: float, steps: int) -> list[float]:
    """`steps` levels from `first` down to `last`, in equal ratios."""
    return [float(level) for level in np.geomspace(first, last, steps)]


def noise_source(like: Tensor, seed: int) -> Callable[[], Tensor]:
    """Draws standard normals of the shape, type and device of `like`, anew at every call."""
    generator = torch.Generator(like.device).manual_seed(seed)
    return lambda: torch.randn(
        like.shape, generator=generator, device=like.device, dtype=like.dtype
    )
