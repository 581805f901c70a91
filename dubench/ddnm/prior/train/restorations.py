"""What the prior learns from besides: pictures as plug-and-play shows them while it restores.

Their error is no white noise: it is what the degradation hid, and what earlier steps got wrong.
Restorations go on by the very estimates that the network is trained on, so that it learns to mend
its own (DAgger: Ross, Gordon & Bagnell, AISTATS 2011). No gradient passes from a step to the one
before, as it does in unrolled networks (USRNet: Zhang, Van Gool & Timofte, CVPR 2020): each step
learns to come as close as it can.

This file imports torch when it is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.inverse.observation import Observation
from dubench.ddnm.methods import CHOSEN, begin
from dubench.ddnm.plug_and_play import PlugAndPlay, mirror
from dubench.ddnm.prior.train.patches import LARGE, SIDE, Noisy, draw_patch
from generators.api import degrade
from generators.taxonomy import Degradation

MIXING = ("blur", "low_resolution")
"""The types whose restoration asks more than once."""
LEAST_ERROR = 1 / 255  # so that none that is nearly done outweighs the others

Pixels = NDArray[np.uint8]


@dataclass
class _Restoration:
    clean: Pixels  # (S, S, 3)
    degraded: Degraded
    image: Tensor  # (1, 3, S, S), the estimate so far
    observation: Observation
    step: int

    @property
    def way(self) -> PlugAndPlay:
        return PlugAndPlay(**CHOSEN["pnp"][self.degraded.degradation.type])


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
        self._under_way: list[_Restoration] = []

    def show(self) -> Noisy:
        """What the network sees at the next step of each."""
        if not self._under_way:
            self._under_way = [self._draw() for _ in range(self._count)]
            for number, one in enumerate(self._under_way):
                one.step = number * one.way.steps // self._count
        shown, levels, cleans = [], [], []
        for one in self._under_way:
            image, level = one.way.show(one.observation, one.image, one.step)
            shown.append(image)
            levels.append(level)
            clean = self._array(np.moveaxis(one.clean, -1, 0)[None] / 255)
            cleans.append(mirror(clean, one.step))
        noisy, clean = torch.cat(shown), torch.cat(cleans)
        error = (noisy - clean).square().mean((1, 2, 3), keepdim=True).sqrt()
        sigma = torch.tensor(levels, device=self._device)[:, None, None, None]
        return Noisy(clean, noisy, sigma, error.clip(LEAST_ERROR))

    def take(self, estimates: Tensor) -> None:
        """Go on by the network's estimates (B, 3, S, S) of what `show` gave."""
        for number, (one, estimate) in enumerate(zip(self._under_way, estimates, strict=True)):
            one.image = mirror(estimate[None], one.step)
            one.step += 1
            if one.step == one.way.steps:
                self._under_way[number] = self._draw()

    def state(self) -> dict[str, Any]:
        """All that a checkpoint needs to hold."""
        return {
            "drawn": self._drawn,
            "under_way": [
                {
                    "clean": torch.from_numpy(one.clean),
                    "degraded": torch.from_numpy(one.degraded.image),
                    "type": one.degraded.degradation.type,
                    "values": dict(one.degraded.degradation.values),
                    "image": one.image,
                    "step": one.step,
                }
                for one in self._under_way
            ],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where `state` was."""
        self._drawn = state["drawn"]
        self._under_way = []
        for saved in state["under_way"]:
            degradation = Degradation(saved["type"], saved["values"])
            one = self._begin(
                saved["clean"].numpy(), Degraded(saved["degraded"].numpy(), degradation)
            )
            one.image, one.step = saved["image"], saved["step"]
            self._under_way.append(one)

    def _draw(self) -> _Restoration:
        """A patch, degraded as du110k does."""
        rng = np.random.default_rng([self._seed, self._drawn, 1])
        self._drawn += 1
        picture = self._photographs[int(rng.integers(len(self._photographs)))]
        clean = np.ascontiguousarray(draw_patch(picture, LARGE, rng))
        type_name = MIXING[int(rng.integers(len(MIXING)))]
        sample = degrade(clean, type_name, seed=int(rng.integers(2**31)))
        return self._begin(clean, Degraded(sample.degraded, sample.degradation))

    def _begin(self, clean: Pixels, degraded: Degraded) -> _Restoration:
        observation, start = begin(degraded, self._array)
        return _Restoration(clean, degraded, start, observation, 0)

    def _array(self, values: NDArray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)
