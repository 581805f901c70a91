"""What the model ought to write about samples: soft targets for every piece of the answer.

Under plain cross-entropy values are not learnt: every miss costs the same. So a value's target is a
Gaussian over the grid around the true value, wide at first. And what the answer is fed during
training are values drawn at random: each value's distribution is then that given the picture alone,
whatever was written before it, so that ranges are true, no mistake leads to another, and an entry
of a matrix cannot be copied off its neighbours.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.duvlm.teacher import Teacher
from dubench.duvlm.tokens import GRADES, Answer, Vocabulary
from dubench.duvlm.train.samples import COLUMNS
from generators.taxonomy import SEVERITIES, TYPES

Floats = NDArray[np.float32]

TYPE_NAMES = tuple(TYPES)
WEIGHTS = {"type": 1.0, "grade": 0.2, "value": 1.0, "fixed": 0.05}
"""Of the pieces in the loss. The entries of a vector share the weight of three values."""
_VECTOR = 3.0


@dataclass(frozen=True)
class Targets:
    """The answers of a batch, padded on the right.

    Attributes:
        fed: (B, L − 1) token ids, all pieces but the last.
        wanted: (B, L, vocabulary) distributions of every piece.
        weights: (B, L) of the pieces in the loss, 0 for padding.
    """

    fed: NDArray[np.int64]
    wanted: Floats
    weights: Floats


@dataclass(frozen=True)
class _Pattern:
    """An answer in token ids, 0 where something is drawn, with weights (n,)."""

    answer: Answer
    ids: NDArray[np.int64]
    weights: Floats


class Targeting:
    """Makes targets.

    Args:
        words: the tokenizer.
        vocabulary: what values stand on.
        teacher: whose distributions join the truth.
    """

    def __init__(self, words: Any, vocabulary: Vocabulary, teacher: Teacher | None = None) -> None:
        self._ids = words.convert_tokens_to_ids
        self._size, self._pad = len(words), words.pad_token_id
        self._vocabulary, self._teacher = vocabulary, teacher
        self._patterns = [self._pattern(vocabulary.answer(name)) for name in TYPE_NAMES]

    @property
    def longest(self) -> int:
        """Pieces of the longest answer."""
        return max(len(pattern.ids) for pattern in self._patterns)

    @cached_property
    def _first_value(self) -> int:
        return int(self._ids(self._vocabulary.values[0]))

    @cached_property
    def _grades(self) -> NDArray[np.int64]:
        return np.array(self._ids(list(GRADES)))

    def __call__(
        self, samples: NDArray[np.void], width: float, trust: float, rng: np.random.Generator
    ) -> Targets:
        """The targets of samples (B,).

        Args:
            width: standard deviation of a value's Gaussian, of its key's range.
            trust: share of the teacher in the targets.
        """
        longest = max(len(self._patterns[code].ids) for code in np.unique(samples["type"]))
        shape = (len(samples), longest)
        fed = np.full(shape, self._pad)
        wanted = np.zeros((*shape, self._size), np.float32)
        weights = np.zeros(shape, np.float32)
        names = self._ids([pattern.answer.pieces[0] for pattern in self._patterns])
        for code in np.unique(samples["type"]):
            pattern = self._patterns[code]
            rows = np.flatnonzero(samples["type"] == code)
            answer, length = pattern.answer, len(pattern.ids)
            of_type = np.tile(pattern.ids, (len(rows), 1))
            grade = np.minimum(samples["severity"][rows], len(SEVERITIES))
            of_type[:, answer.grade] = self._grades[grade]
            target = np.zeros((len(rows), length, self._size), np.float32)
            target[np.arange(len(rows))[:, None], np.arange(length), of_type] = 1
            if answer.entries:
                places = list(answer.values)
                last = self._first_value + len(self._vocabulary.values)
                values = self._soft(samples["values"][rows], answer, width)
                if self._teacher and trust:
                    taught = self._teacher.values(TYPE_NAMES[code], samples["statistics"][rows])
                    values += trust * (taught - values)
                target[:, places] = 0
                target[:, places, self._first_value : last] = values
                drawn = rng.integers(self._first_value, last, (len(rows), len(places)))
                of_type[:, places] = drawn
                of_type[:, answer.grade] = rng.choice(self._grades[: len(SEVERITIES)], len(rows))
            if self._teacher and trust:
                taught = self._teacher.types(samples["statistics"][rows])
                target[:, 0, names] += trust * (taught - target[:, 0, names])
            fed[rows, :length] = of_type
            wanted[rows, :length] = target
            weights[rows, :length] = pattern.weights
        return Targets(fed[:, :-1], wanted, weights)

    def _soft(self, values: Floats, answer: Answer, width: float) -> Floats:
        """Gaussians (n, entries, steps) around the true values."""
        columns = [COLUMNS.index((key.name, i)) for key, i in answer.entries]
        low, high = np.array([self._vocabulary.grid.ends(key) for key, _ in answer.entries]).T
        places = (values[:, columns] - low) / (high - low)
        steps = np.linspace(0, 1, len(self._vocabulary.values))
        shares = np.exp(-0.5 * ((steps - places[..., None]) / width) ** 2)
        return (shares / shares.sum(-1, keepdims=True)).astype(np.float32)

    def _pattern(self, answer: Answer) -> _Pattern:
        ids = [0 if piece is None else self._ids(piece) for piece in answer.pieces]
        weights = np.full(len(ids), WEIGHTS["fixed"], np.float32)
        weights[0], weights[answer.grade] = WEIGHTS["type"], WEIGHTS["grade"]
        for place, (key, _) in zip(answer.values, answer.entries, strict=True):
            weights[place] = WEIGHTS["value"] if key.size == 1 else _VECTOR / key.size
        return _Pattern(answer, np.array(ids), weights)
