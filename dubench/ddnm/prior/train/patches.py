"""What the prior learns from first: patches of photographs and scenes, and noise to put on them.

Batch `step` is a function of the seed, the step and the pictures, so that a run that is stopped
goes on as if it had not been. What is slow on a CPU, the noise, is drawn where the network is.

This file imports torch when it is imported.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.ddnm.prior.folder import BATCH
from dubench.ddnm.prior.preconditioning import LEAST_SIGMA, MOST_SIGMA
from generators.randomness import Purpose, stream
from generators.sources import dead_leaves

SIDE = 48
LARGE_SHARE, LARGE = 0.1, 96  # of batches of as many pixels in larger patches
SCENE_SHARE, SCENES, SCENE_SIDE = 0.1, 32, 320
LEAST_SCALE = 0.5  # photographs are shrunk by a random factor down to this
MAP_SHARE = 0.3  # of patches whose noise varies smoothly, by up to a factor of e either way
_COARSE = 4  # samples a side of that variation

Pixels = NDArray[np.uint8]


class Batch(NamedTuple):
    """Patches to learn from.

    Attributes:
        pixels: (B, 3, S, S) uint8 RGB.
        sigma: (B, 3, S, S) float32, the standard deviation of their noise, on [0, 1].
        seed: of that noise.
    """

    pixels: Tensor
    sigma: Tensor
    seed: int


class Noisy(NamedTuple):
    """What the network sees and should answer, float32 on its device.

    Attributes:
        clean: (B, 3, S, S) RGB on [0, 1].
        noisy: (B, 3, S, S), clean plus an error.
        sigma: the standard deviation that the network is given, of a shape that broadcasts.
        error: the standard deviation that the error has, likewise.
    """

    clean: Tensor
    noisy: Tensor
    sigma: Tensor
    error: Tensor


def scenes(seed: int) -> list[Pixels]:
    """Dead-leaves scenes: edges of every contrast and scale, which photographs rarely show."""
    return [
        dead_leaves.scene(stream(seed, number, 0, Purpose.SCENE), SCENE_SIDE)[0]
        for number in range(SCENES)
    ]


def draw_batch(
    photographs: Sequence[Pixels],
    leaves: Sequence[Pixels],
    seed: int,
    step: int,
    patches: int = BATCH,
) -> Batch:
    """Draw batch `step` from pictures (H, W, 3), every side at least LARGE pixels: as many pixels
    as `patches` have, a multiple of four."""
    rng = np.random.default_rng([seed, step])
    large = rng.random() < LARGE_SHARE
    side = LARGE if large else SIDE
    count = patches * SIDE**2 // side**2
    pixels = np.empty((count, side, side, 3), np.uint8)
    for patch in pixels:
        pictures = leaves if rng.random() < SCENE_SHARE else photographs
        patch[:] = draw_patch(pictures[int(rng.integers(len(pictures)))], side, rng)
    sigma = _sigma(count, side, rng)
    return Batch(torch.from_numpy(pixels).permute(0, 3, 1, 2), sigma, int(rng.integers(2**63)))


def add_noise(batch: Batch, device: str) -> Noisy:
    """Move a batch to `device` and put its noise on it: the same on every CPU, and on every GPU."""
    clean, sigma = (x.to(device, non_blocking=True).float() for x in batch[:2])
    clean = clean / 255
    generator = torch.Generator(device).manual_seed(batch.seed)
    noise = torch.randn(clean.shape, generator=generator, device=device)
    return Noisy(clean, clean + sigma * noise, sigma, sigma)


def draw_patch(picture: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """A square at a random place and scale, turned and mirrored."""
    height, width = picture.shape[:2]
    most = min(height, width, int(side / LEAST_SCALE))
    window = round(side * (most / side) ** rng.random())
    y, x = (int(rng.integers(edge - window + 1)) for edge in (height, width))
    square = picture[y : y + window, x : x + window]
    if window > side:
        square = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    square = np.rot90(square, int(rng.integers(4)))
    return square[:, ::-1] if rng.random() < 0.5 else square


def _sigma(count: int, side: int, rng: np.random.Generator) -> Tensor:
    """Noise levels (count, 3, side, side): one per patch, or a smooth map per channel."""
    level = LEAST_SIGMA * (MOST_SIGMA / LEAST_SIGMA) ** rng.random((count, 1, 1, 1))
    log_map = np.zeros((count, 3, side, side), np.float32)
    for patch in log_map:
        if rng.random() < MAP_SHARE:
            coarse = rng.uniform(-1, 1, (_COARSE, _COARSE, 3)).astype(np.float32)
            smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
            patch[:] = smooth.transpose(2, 0, 1)
    sigma = np.clip(level * np.exp(log_map), LEAST_SIGMA, MOST_SIGMA)
    return torch.from_numpy(sigma.astype(np.float32))
