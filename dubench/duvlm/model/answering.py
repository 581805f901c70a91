"""nano as it is run: through its fast forward, on batches of reduced pictures.

This file imports torch when it is imported.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.baseline.features import statistics
from dubench.duvlm.chart import draw
from dubench.duvlm.model import believing
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.model.forward import Layout, lay_out, patches, read, see
from dubench.duvlm.model.nano import GRIDS
from dubench.duvlm.spelling import Spelling
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.views import NANO_VIEWS, PAPERS, PHOTOGRAPH, as_pictures, reduced

LONGEST = 18
"""Pieces of the longest answer."""

Reduced = Mapping[str, NDArray] | NDArray[np.void]
"""What nano's pictures are made of: `photo` (n, 128, 128, 3) uint8, and for its other views
`statistics` (n, COUNT), `fft` and `edges` (n, 128, 128) uint8."""


@dataclass(frozen=True)
class Answering:
    """A model with what is the same in every question.

    Attributes:
        model: a Qwen3-VL. words: its tokenizer. vocabulary: of its answers. views: its pictures.
    """

    model: Any
    words: Any
    vocabulary: Vocabulary
    views: tuple[str, ...] = NANO_VIEWS

    @cached_property
    def layout(self) -> Layout:
        """Of its pictures."""
        return lay_out(self.model, self.words, [GRIDS[view] for view in self.views], LONGEST)

    @cached_property
    def spelling(self) -> Spelling:
        """Of its answers."""
        return Spelling(self.words, self.vocabulary)

    def see(self, samples: Reduced, hidden: Collection[str] = ()) -> list[Tensor | None]:
        """The visual tokens of every view; None for those that are `hidden`."""
        return [
            None if name in hidden else see(self.model, view, self._patches(picture(samples, name)))
            for name, view in zip(self.views, self.layout.views, strict=True)
        ]

    def _patches(self, pictures: NDArray[np.uint8]) -> Tensor:
        return patches(torch.from_numpy(pictures).to(self.model.device))

    def read(self, visual: Sequence[Tensor | None], answers: Tensor) -> Tensor:
        """See `forward.read`."""
        return read(self.model, self.layout, visual, answers.to(self.model.device))

    @torch.no_grad()
    def believe(
        self,
        samples: Reduced,
        hidden: Collection[str] = (),
        tiles: Sequence[int] | None = None,
        calibration: Calibration = UNCALIBRATED,
    ) -> Believed:
        """What the model believes about pictures.

        Args:
            samples: of all tiles of all pictures.
            hidden, tiles, calibration: see `see` and `believing.believe`.
        """
        count = len(samples["photo"])
        visual = self.see(samples, hidden)

        def read_some(rows: NDArray[np.intp], fed: Tensor) -> Tensor:
            if len(rows) == count:
                return self.read(visual, fed)
            return self.read([None if v is None else v[rows] for v in visual], fed)

        return believing.believe(read_some, self.spelling, count, tiles, calibration)


def reduce_for(views: Collection[str], images: Sequence[NDArray[np.uint8]]) -> Reduced:
    """What nano's pictures of `views` are made of, for tiles (H, W, 3) uint8 RGB."""
    samples: dict[str, NDArray] = {"photo": np.stack([reduced(image) for image in images])}
    if "chart" in views:
        samples["statistics"] = np.stack([statistics(image) for image in images])
    for view in PAPERS:
        if view in views:
            drawn = (as_pictures(image, [view])[0] for image in images)
            samples[view] = np.stack([reduced(picture)[..., 0] for picture in drawn])
    return samples


def picture(samples: Reduced, view: str) -> NDArray[np.uint8]:
    """The pictures (n, H, W, 3) uint8 of a view."""
    if view == "chart":
        return draw(samples["statistics"])
    if view == PHOTOGRAPH:
        return np.ascontiguousarray(samples["photo"])
    return np.repeat(samples[view][..., None], 3, axis=-1)
