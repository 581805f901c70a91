"""nano's answers about many pictures at once: two passes, one for the type and one for its values.

This file imports torch when it is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.duvlm.chart import draw
from dubench.duvlm.model.forward import Layout, lay_out, patches, read, see
from dubench.duvlm.model.nano import CHART, PHOTO
from dubench.duvlm.tokens import GRADES, NAMES, Vocabulary
from generators.taxonomy import TYPES

LONGEST = 18
"""Pieces of the longest answer."""


@dataclass(frozen=True)
class Believed:
    """What the model believes about pictures.

    Attributes:
        types: (n, types) probabilities.
        values: per picture (entries, steps) probabilities, of the answer about its likeliest type.
    """

    types: NDArray[np.float64]
    values: list[NDArray[np.float64]]


@dataclass(frozen=True)
class Answering:
    """A model with what is the same in every question.

    Attributes:
        model: a Qwen3-VL. words: its tokenizer. vocabulary: of its answers.
    """

    model: Any
    words: Any
    vocabulary: Vocabulary

    @cached_property
    def layout(self) -> Layout:
        """Of the photograph and its chart."""
        return lay_out(self.model, self.words, (PHOTO, CHART), LONGEST)

    def see(
        self, photo: NDArray[np.uint8] | None, statistics: NDArray[np.float32]
    ) -> list[Tensor | None]:
        """The visual tokens of photographs (n, 128, 128, 3), or None, and of their charts."""
        pictures = [photo, draw(statistics)]
        return [
            None if picture is None else see(self.model, view, self._patches(picture))
            for view, picture in zip(self.layout.views, pictures, strict=True)
        ]

    def _patches(self, pictures: NDArray[np.uint8]) -> Tensor:
        return patches(torch.from_numpy(pictures).to(self.model.device))

    @torch.no_grad()
    def believe(
        self,
        photo: NDArray[np.uint8] | None,
        statistics: NDArray[np.float32],
        tiles: Sequence[int] | None = None,
        temperature: float = 1.0,
    ) -> Believed:
        """What the model believes about pictures.

        Args:
            photo, statistics: of all tiles of all pictures, as `see` takes them.
            tiles: how many tiles each picture has, of which the mean distribution is taken; one
                unless given.
            temperature: that the type's logits are divided by.
        """
        visual = self.see(photo, statistics)
        picture = np.repeat(np.arange(len(tiles)), tiles) if tiles else np.arange(len(statistics))
        names = self.words.convert_tokens_to_ids(list(NAMES.values()))
        nothing = torch.zeros((len(statistics), 0), dtype=torch.long, device=self.model.device)
        first = read(self.model, self.layout, visual, nothing)[:, 0, names].double()
        types = _mean((first / temperature).softmax(-1).cpu().numpy(), picture)
        values: list[NDArray[np.float64]] = [np.empty((0, 0))] * len(types)
        likeliest = types.argmax(-1)
        steps = self.words.convert_tokens_to_ids(list(self.vocabulary.values))
        for code in np.unique(likeliest):
            answer = self.vocabulary.answer(list(TYPES)[code])
            if not answer.entries:
                continue
            rows = np.flatnonzero(likeliest[picture] == code)
            pieces = list(answer.pieces[:-1])
            # Values do not depend on what is written before them; something has to stand there.
            pieces[answer.grade] = GRADES[1]
            for place in answer.values:
                pieces[place] = self.vocabulary.values[len(steps) // 2]
            fed = torch.tensor([self.words.convert_tokens_to_ids(pieces)] * len(rows))
            some = [None if v is None else v[rows] for v in visual]
            logits = read(self.model, self.layout, some, fed.to(self.model.device))
            of_values = logits[:, list(answer.values)][..., steps].double().softmax(-1)
            mine, places = np.unique(picture[rows], return_inverse=True)
            for row, shares in zip(mine, _mean(of_values.cpu().numpy(), places), strict=True):
                values[row] = shares
        return Believed(types, values)


def _mean(shares: NDArray[np.float64], picture: NDArray[np.intp]) -> NDArray[np.float64]:
    """Means over the tiles (n, …) of each picture, whose numbers ascend."""
    starts = np.flatnonzero(np.diff(picture, prepend=-1))
    counts = np.diff(starts, append=len(picture))
    sums = np.add.reduceat(shares, starts)
    return np.asarray(sums / counts.reshape(-1, *[1] * (shares.ndim - 1)))
