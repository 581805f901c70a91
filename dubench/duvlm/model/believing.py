"""What a model of DU-VLM believes about many pictures at once, read off distributions.

Each fork of the types' names takes one pass, nano's names part at their first token; the values
take another. Nothing is generated token by token.

This file imports torch when it is imported.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.duvlm.spelling import Ids, Spelling
from generators.taxonomy import NONE, TYPES

Read = Callable[[NDArray[np.intp], Tensor], Tensor]
"""From rows (m,) of the pictures and tokens (m, n) to logits (m, 1 + n, vocabulary): of the
answer's first token, and of what follows each of those."""

_ANY_GRADE = 1


@dataclass(frozen=True)
class Believed:
    """What the model believes about pictures.

    Attributes:
        types: (n, types) probabilities.
        values: per picture (entries, steps) probabilities, of the answer about its likeliest type.
    """

    types: NDArray[np.float64]
    values: list[NDArray[np.float64]]


def joined(parts: Sequence[Believed]) -> Believed:
    """What is believed about the pictures of several batches."""
    values = [value for part in parts for value in part.values]
    return Believed(np.concatenate([part.types for part in parts]), values)


@torch.no_grad()
def believe(
    read: Read,
    spelling: Spelling,
    count: int,
    tiles: Sequence[int] | None = None,
    calibration: Calibration = UNCALIBRATED,
) -> Believed:
    """What a model believes about `count` tiles.

    Args:
        tiles: how many tiles each picture has, of which the mean distribution is taken; one unless
            given.
        calibration: of the type's probabilities; that of ranges is `decoding.record`'s.
    """
    picture = np.repeat(np.arange(len(tiles)), tiles) if tiles else np.arange(count)
    shares = np.ones((count, len(TYPES)))
    for fork in spelling.forks:
        logits = read(np.arange(count), _repeated(np.array(fork.prefix, np.int64), count))
        softened = logits[:, -1, fork.tokens].double() / calibration.temperature
        branches = softened.softmax(-1).cpu().numpy()
        shares[:, fork.types] *= branches[:, fork.branches]
    shares[:, list(TYPES).index(NONE.name)] *= math.exp(calibration.none_offset)
    shares /= shares.sum(1, keepdims=True)
    types = _mean(shares, picture)
    values: list[NDArray[np.float64]] = [np.empty((0, 0))] * len(types)
    likeliest = types.argmax(-1)
    for code in np.unique(likeliest):
        spelled = spelling.spelled(list(TYPES)[code], _ANY_GRADE)
        if not spelled.values.size:
            continue
        rows = np.flatnonzero(likeliest[picture] == code)
        # Values do not depend on what is written before them; something has to stand there.
        fed = spelled.ids[:-1].copy()
        fed[spelled.values] = spelling.values[len(spelling.values) // 2]
        logits = read(rows, _repeated(fed, len(rows)))
        of_values = logits[:, spelled.values][..., spelling.values].double().softmax(-1)
        mine, places = np.unique(picture[rows], return_inverse=True)
        for row, each in zip(mine, _mean(of_values.cpu().numpy(), places), strict=True):
            values[row] = each
    return Believed(types, values)


def _repeated(tokens: Ids, count: int) -> Tensor:
    return torch.from_numpy(tokens).repeat(count, 1)


def _mean(shares: NDArray[np.float64], picture: NDArray[np.intp]) -> NDArray[np.float64]:
    """Means over the tiles (n, …) of each picture, whose numbers ascend."""
    starts = np.flatnonzero(np.diff(picture, prepend=-1))
    counts = np.diff(starts, append=len(picture))
    sums = np.add.reduceat(shares, starts)
    return np.asarray(sums / counts.reshape(-1, *[1] * (shares.ndim - 1)))
