"""A degraded picture, and what is known or believed of it: what a method restores."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from generators.taxonomy import Degradation

Image = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True)
class Degraded:
    """What is to be restored.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        degradation: one, with all its values.
        transmission: t (H, W) in (0, 1], for haze.
        sigma: standard deviation of the image's noise on [0, 1], beside what its degradation
            brings; that of 8-bit rounding at least is assumed.
        corner: row and column of its first pixel in the picture that it is a tile of.
    """

    image: Image
    degradation: Degradation
    transmission: Map | None = None
    sigma: float = 0.0
    corner: tuple[int, int] = (0, 0)

    def tile(self, rows: slice, columns: slice) -> "Degraded":
        """The pixels in `rows` and `columns`, as a picture of their own."""
        seen = None if self.transmission is None else self.transmission[rows, columns]
        corner = self.corner[0] + rows.start, self.corner[1] + columns.start
        return replace(self, image=self.image[rows, columns], transmission=seen, corner=corner)
