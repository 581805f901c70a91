"""Degraded pictures and the clean ones: what answers are tried on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.transmission import of_degradation
from generators.taxonomy import Degradation

Image = NDArray[np.uint8]
Map = NDArray[np.float32]

_LEAST = 1e-3


@dataclass(frozen=True)
class Pair:
    """A degraded picture and what is known of it.

    Attributes:
        degraded, clean: (H, W, 3) uint8 RGB.
        truth: what the degraded one suffers from.
        transmission: the true map (H, W) of a hazy one.
    """

    degraded: Image
    clean: Image
    truth: Degradation
    transmission: Map | None = None

    def depth(self, answer: Degradation) -> Map:
        """Depth (H, W) in [0, 1] to clear it by: from the true map where there is one, else from
        the dark channel, which needs the answer's A and t̄."""
        transmission = self.transmission
        if transmission is None:
            transmission = of_degradation(self.degraded, answer)
        depth: Map = -np.log(np.clip(transmission, _LEAST, 1))
        depth /= max(float(depth.max()), _LEAST)
        return depth
