"""What the prior learns from besides: pictures as plug-and-play shows them while it restores.

Their error is no white noise: it is what the degradation hid, and what earlier steps got wrong.
Restorations go on by the very estimates that the network is trained on, so that it learns to mend
its own (DAgger: Ross, Gordon & Bagnell, AISTATS 2011). No gradient passes from a step to the one
before, as it does in unrolled networks (USRNet: Zhang, Van Gool & Timofte, CVPR 2020): each step
learns to come as close as it can.

This file imports torch when it is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.inverse.observation import Observation
from dubench.ddnm.methods import CHOSEN, begin, planes
from dubench.ddnm.plug_and_play import PlugAndPlay, mirror
from dubench.ddnm.prior.train.patches import LARGE, SIDE, Noisy, draw_patch
from generators.api import degrade
from generators.sample import Sample

MIXING = ("blur", "low_resolution")
"""The types whose restoration asks more than once."""
LEAST_ERROR = 1 / 255  # so that none that is nearly done outweighs the others

Pixels = NDArray[np.uint8]


@dataclass
class Restoration:
    """One that is under way.

    Attributes:
        number: of those drawn before.
        sample: what is restored, and what it comes from.
        clean: the latter, (1, 3, S, S) on [0, 1].
        way: how it is restored.
        observation: what the degraded patch says.
        image: the estimate so far, as `clean`.
        step: the next.
    """

    number: int
    sample: Sample
    clean: Tensor
    way: PlugAndPlay
    observation: Observation
    image: Tensor
    step: int = 0


class Restorations:
    """As many restorations under way as make a batch, each at another step; one that is done gives
    its place to a new one.

    Args:
        photographs: (H, W, 3) uint8, every side at least LARGE pixels.
        seed: of all that is drawn.
        patches: of SIDE² pixels, as many pixels as a batch has.
        device: of the network.
    """

    def __init__(self, photographs: Sequence[Pixels], seed: int, patches: int, device: str) -> None:
        self._photographs, self._seed, self._device = photographs, seed, device
        self._count = patches * SIDE**2 // LARGE**2
        self._drawn = 0
        self.under_way: list[Restoration] = []

    def show(self) -> Noisy:
        """What the network sees at the next step of each."""
        if not self.under_way:
            self.under_way = [self._next() for _ in range(self._count)]
            for number, one in enumerate(self.under_way):
                one.step = number * one.way.steps // self._count
        shown, levels, cleans = [], [], []
        for one in self.under_way:
            image, level = one.way.show(one.observation, one.image, one.step)
            shown.append(image)
            levels.append(level)
            cleans.append(mirror(one.clean, one.step))
        noisy, clean = torch.cat(shown), torch.cat(cleans)
        error = (noisy - clean).square().mean((1, 2, 3), keepdim=True).sqrt()
        sigma = torch.tensor(levels, device=self._device)[:, None, None, None]
        return Noisy(clean, noisy, sigma, error.clip(LEAST_ERROR))

    def take(self, estimates: Tensor) -> None:
        """Go on by the network's estimates (B, 3, S, S) of what `show` gave."""
        for place, (one, estimate) in enumerate(zip(self.under_way, estimates, strict=True)):
            one.image = mirror(estimate[None], one.step)
            one.step += 1
            if one.step == one.way.steps:
                self.under_way[place] = self._next()

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs to hold: the rest follows from the numbers."""
        under_way = [
            {"number": one.number, "image": one.image, "step": one.step} for one in self.under_way
        ]
        return {"drawn": self._drawn, "under_way": under_way}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `state` was."""
        self._drawn = state["drawn"]
        self.under_way = [
            replace(self._draw(saved["number"]), image=saved["image"], step=saved["step"])
            for saved in state["under_way"]
        ]

    def _next(self) -> Restoration:
        self._drawn += 1
        return self._draw(self._drawn - 1)

    def _draw(self, number: int) -> Restoration:
        """A patch, degraded as du110k does, and its restoration's beginning."""
        rng = np.random.default_rng([self._seed, number, 1])
        picture = self._photographs[int(rng.integers(len(self._photographs)))]
        patch = draw_patch(picture, LARGE, rng)
        type_name = MIXING[int(rng.integers(len(MIXING)))]
        sample = degrade(patch, type_name, seed=int(rng.integers(2**31)))
        degraded = Degraded(sample.degraded, sample.degradation)
        observation, start = begin(degraded, self._array)
        clean, way = self._array(planes(sample.clean)), PlugAndPlay(**CHOSEN["pnp"][type_name])
        return Restoration(number, sample, clean, way, observation, start)

    def _array(self, values: NDArray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)
