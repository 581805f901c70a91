"""How much noise the prior takes off photographs that it was not trained on.

This file imports torch when it is imported.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dubench.ddnm.prior.network import Denoiser

LEVELS = (5, 15, 25, 50)
"""Standard deviations of the noise, in levels of 255."""
SIDE, MOST = 192, 24


def crops(photographs: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The middle of each of at most MOST photographs, at most SIDE pixels a side."""
    return [_middle(picture) for picture in photographs[:MOST]]


def denoising(network: Denoiser, pictures: Sequence[NDArray[np.uint8]]) -> dict[int, float]:
    """Mean PSNR in dB, over (H, W, 3) uint8 `pictures`, by the noise's level.

    The same noise every time; estimates are clipped to [0, 1] and not rounded.
    """
    sums = dict.fromkeys(LEVELS, 0.0)
    device = next(network.parameters()).device
    for number, picture in enumerate(pictures):
        clean = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(number))
        for level in LEVELS:
            noisy = (clean + level / 255 * noise).to(device)
            with torch.no_grad():
                estimate = network(noisy, torch.tensor(level / 255, device=device))
            error = (estimate.clip(0, 1).cpu() - clean).square().mean()
            sums[level] += -10 * float(torch.log10(error))
    return {level: total / len(pictures) for level, total in sums.items()}


def _middle(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    top, left = (max(0, (edge - SIDE) // 2) for edge in (height, width))
    return np.array(picture[top : top + SIDE, left : left + SIDE])
