"""Restore many pictures with many answers: the greater part of a step, so batched and cached.

This file imports torch when it is imported.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import Restore
from dubench.ddnm.transmission import of_degradation
from dubench.ddnm.undo import undo
from dubench.duvlm.reinforcement.pairs import Image, Pair
from generators.batched.tensors import collate_values
from generators.taxonomy import Degradation

_LEAST_ERROR = 1e-8

Attempt = tuple[Pair, Degradation]


class Restorer(Protocol):
    """Restores pictures with answers that may be wrong."""

    def __call__(self, attempts: Sequence[Attempt]) -> list[Image]:
        """The restored pictures, (H, W, 3) uint8 RGB each."""


class Analytic:
    """The analytic inverse in batches of a type; pictures are of one size.

    Args:
        device: that it runs on.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = device

    def __call__(self, attempts: Sequence[Attempt]) -> list[Image]:
        """See Restorer."""
        by_type: dict[str, list[int]] = defaultdict(list)
        for place, (_, answer) in enumerate(attempts):
            by_type[answer.type].append(place)
        restored: dict[int, Image] = {}
        for type_name, places in by_type.items():
            pictures = self._restore(type_name, [attempts[place] for place in places])
            restored |= zip(places, pictures, strict=True)
        return [restored[place] for place in range(len(attempts))]

    @torch.no_grad()
    def _restore(self, type_name: str, attempts: Sequence[Attempt]) -> list[Image]:
        images = as_tensor([pair.degraded for pair, _ in attempts], self._device)
        values = collate_values([answer.parameters for _, answer in attempts], images)
        depth = None
        if type_name == "haze":
            maps = np.stack([pair.depth(answer) for pair, answer in attempts])
            depth = torch.from_numpy(maps).to(images)
        levels = (undo(type_name, images, values, depth) * 255).round().to(torch.uint8)
        return list(levels.permute(0, 2, 3, 1).cpu().numpy())


class Method:
    """A method of `dubench restore`, picture by picture.

    Args:
        restore: as `dubench.ddnm.methods.open_method` gives it.
    """

    def __init__(self, restore: Restore) -> None:
        self._restore = restore

    def __call__(self, attempts: Sequence[Attempt]) -> list[Image]:
        """See Restorer."""
        return [self._one(pair, answer) for pair, answer in attempts]

    def _one(self, pair: Pair, answer: Degradation) -> Image:
        transmission = None
        if answer.type == "haze":
            transmission = of_degradation(pair.degraded, answer)
        return self._restore(Degraded(pair.degraded, answer, transmission))


@dataclass
class Errors:
    """Mean squared errors of pictures restored with answers; the same answer is tried once.

    Attributes:
        restorer: what restores.
        seconds: spent restoring so far.
    """

    restorer: Restorer
    seconds: float = field(default=0.0, init=False)

    def __call__(self, attempts: Sequence[Attempt]) -> list[float]:
        """(n,) on [0, 1], against the clean pictures."""
        started = time.perf_counter()
        keys = [
            (id(pair), answer.type, *sorted(answer.values.items())) for pair, answer in attempts
        ]
        distinct = dict(zip(keys, attempts, strict=True))
        pictures = self.restorer(list(distinct.values()))
        error_of = {
            key: mean_squared(picture, pair.clean)
            for (key, (pair, _)), picture in zip(distinct.items(), pictures, strict=True)
        }
        self.seconds += time.perf_counter() - started
        return [error_of[key] for key in keys]


def mean_squared(picture: Image, clean: Image) -> float:
    """Mean squared error of levels, on [0, 1]."""
    difference = picture.astype(np.float32) - clean
    return float(np.mean(difference * difference)) / 255**2


def psnr_of(error: float) -> float:
    """PSNR, dB, of a mean squared error on [0, 1]; 80 at most, of what came back to the level."""
    return -10 * math.log10(max(error, _LEAST_ERROR))


def as_tensor(pictures: Sequence[Image], device: str) -> Tensor:
    """(B, 3, H, W) float32 on [0, 1] of pictures of one size."""
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 255
