"""What the model ought to write about samples: soft targets for every piece of the answer.

Under plain cross-entropy values are not learnt: every miss costs the same. So a value's target is a
Gaussian over the grid around the true value, wide at first. And what the answer is fed during
training are values drawn at random: each value's distribution is then that given the picture alone,
whatever was written before it, so that ranges are true, no mistake leads to another, and an entry
of a matrix cannot be copied off its neighbours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.duvlm.spelling import Ids, Spelled, Spelling
from dubench.duvlm.teacher import Teacher
from dubench.duvlm.tokens import Answer, Vocabulary
from dubench.duvlm.train.samples import COLUMNS
from generators.taxonomy import SEVERITIES, TYPES

Floats = NDArray[np.float32]

TYPE_NAMES = tuple(TYPES)
WIDTHS = (0.04, 0.015)  # of the values' Gaussians, at first and at last
WEIGHTS = {"type": 1.0, "grade": 0.2, "value": 1.0, "fixed": 0.05}
"""Of the pieces in the loss. The entries of a vector share the weight of three values."""
_VECTOR = 3.0


@dataclass(frozen=True)
class Targets:
    """The answers of a batch in tokens, padded on the right.

    Attributes:
        fed: (B, L − 1) token ids, all but the last.
        wanted: (B, L, C) distributions of every token over `columns`.
        weights: (B, L) of the tokens in the loss, 0 for padding.
        columns: (C,) token ids, all that occur in answers.
    """

    fed: Ids
    wanted: Floats
    weights: Floats
    columns: Ids


class Targeting:
    """Makes targets.

    Args:
        words: the tokenizer.
        vocabulary: what values stand on.
        teacher: whose distributions join the truth; its types can be learnt where their names part
            at the first token.
    """

    def __init__(self, words: Any, vocabulary: Vocabulary, teacher: Teacher | None = None) -> None:
        self._spelling = Spelling(words, vocabulary)
        self._vocabulary, self._teacher = vocabulary, teacher
        self._columns = self._spelling.used
        self._values = np.searchsorted(self._columns, self._spelling.values)

    def __call__(
        self, samples: NDArray[np.void], width: float, trust: float, rng: np.random.Generator
    ) -> Targets:
        """The targets of samples (B,) with the fields `type`, `severity` and `values` of ROW, and
        `statistics` where there is a teacher.

        Args:
            width: standard deviation of a value's Gaussian, of its key's range.
            trust: share of the teacher in the targets.
        """
        groups = []
        for code in np.unique(samples["type"]):
            rows = np.flatnonzero(samples["type"] == code)
            groups += self._of_type(samples[rows], TYPE_NAMES[code], rows, width, trust, rng)
        shape = (len(samples), max(group.fed.shape[1] for group in groups))
        fed = np.full(shape, self._spelling.pad)
        wanted = np.zeros((*shape, len(self._columns)), np.float32)
        weights = np.zeros(shape, np.float32)
        for group in groups:
            length = group.fed.shape[1]
            fed[group.rows, :length] = group.fed
            wanted[group.rows, :length] = group.wanted
            weights[group.rows, :length] = group.weights
        return Targets(fed[:, :-1], wanted, weights, self._columns)

    def _of_type(
        self,
        samples: NDArray[np.void],
        name: str,
        rows: NDArray[np.intp],
        width: float,
        trust: float,
        rng: np.random.Generator,
    ) -> list["_Group"]:
        answer = self._vocabulary.answer(name)
        grades = np.minimum(samples["severity"], len(SEVERITIES))
        fed_grades, drawn, values = grades, np.empty((len(rows), 0), np.int64), None
        if answer.entries:
            values = self._soft(samples["values"], answer, width)
            if self._teacher and trust:
                values += trust * (self._teacher.values(name, samples["statistics"]) - values)
            shape = (len(rows), len(answer.entries))
            drawn = rng.integers(0, len(self._values), shape)
            fed_grades = rng.choice(len(SEVERITIES), len(rows))
        groups = []
        for grade, fed_grade in sorted(set(zip(grades.tolist(), fed_grades.tolist(), strict=True))):
            mine = np.flatnonzero((grades == grade) & (fed_grades == fed_grade))
            spelled = self._spelling.spelled(name, fed_grade)
            fed = np.tile(spelled.ids, (len(mine), 1))
            fed[:, spelled.values] = self._spelling.values[drawn[mine]]
            wanted = np.zeros((*fed.shape, len(self._columns)), np.float32)
            tokens = self._wanted_tokens(spelled, grade)
            wanted[:, np.arange(len(tokens)), np.searchsorted(self._columns, tokens)] = 1
            if values is not None:
                wanted[:, spelled.values] = 0
                wanted[:, spelled.values[:, None], self._values] = values[mine]
            if self._teacher and trust:
                self._trust_in_types(wanted, samples["statistics"][mine], trust)
            weights = _weights(answer)[spelled.pieces]
            groups.append(_Group(rows[mine], fed, wanted, weights))
        return groups

    def _wanted_tokens(self, spelled: Spelled, grade: int) -> Ids:
        """The tokens that should follow what is fed: the true severity's while it may still come,
        then the spelling of that which is fed."""
        tokens = spelled.ids.copy()
        tokens[spelled.values] = self._columns[0]
        fed, true = spelled.ids[spelled.grade].tolist(), self._spelling.grades[grade]
        for place, token in enumerate(true[: len(fed)]):
            tokens[spelled.grade.start + place] = token
            if token != fed[place]:
                break
        return tokens

    def _trust_in_types(self, wanted: Floats, statistics: Floats, trust: float) -> None:
        (fork, *_) = self._spelling.forks
        names = np.searchsorted(self._columns, np.array(fork.tokens)[list(fork.branches)])
        taught = self._teacher.types(statistics) if self._teacher else 0
        wanted[:, 0, names] += trust * (taught - wanted[:, 0, names])

    def _soft(self, values: Floats, answer: Answer, width: float) -> Floats:
        """Gaussians (n, entries, steps) around the true values."""
        columns = [COLUMNS.index((key.name, i)) for key, i in answer.entries]
        low, high = np.array([self._vocabulary.grid.ends(key) for key, _ in answer.entries]).T
        places = (values[:, columns] - low) / (high - low)
        steps = np.linspace(0, 1, len(self._vocabulary.values))
        shares = np.exp(-0.5 * ((steps - places[..., None]) / width) ** 2)
        return (shares / shares.sum(-1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class _Group:
    """Targets (n, …) of samples `rows` that are of one type, severity and fed severity."""

    rows: NDArray[np.intp]
    fed: Ids
    wanted: Floats
    weights: Floats


def width_of(share: float) -> float:
    """Standard deviation of the values' Gaussians: it falls geometrically, then stays.

    Args:
        share: of its fall that is done, from 0; more than 1 is 1.
    """
    wide, narrow = WIDTHS
    return wide * (narrow / wide) ** min(1.0, share)


def _weights(answer: Answer) -> Floats:
    """Of an answer's pieces in the loss."""
    weights = np.full(len(answer.pieces), WEIGHTS["fixed"], np.float32)
    weights[0] = WEIGHTS["type"]
    if answer.grade is not None:
        weights[answer.grade] = WEIGHTS["grade"]
    for place, (key, _) in zip(answer.values, answer.entries, strict=True):
        weights[place] = WEIGHTS["value"] if key.size == 1 else _VECTOR / key.size
    return weights
