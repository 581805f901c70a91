"""The answers of DU-VLM in the tokens of one tokenizer.

nano has one token per piece; other tokenizers take several for the words of the rationale, and one
for each piece of the grammar.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.duvlm.tokens import GRADES, Vocabulary
from generators.taxonomy import TYPES

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Spelled:
    """An answer in token ids.

    Attributes:
        ids: (n,), 0 where a value stands.
        pieces: (n,) which piece of the answer each token is of.
        values: (entries,) places of the values.
        grade: places of the severity, from the first on; none without a rationale.
    """

    ids: Ids
    pieces: Ids
    values: Ids
    grade: slice


@dataclass(frozen=True)
class Fork:
    """Where the names of types part.

    Attributes:
        prefix: tokens that some names share.
        tokens: that may follow.
        types: indices of the types whose names begin so. branches: of each, its place in `tokens`.
    """

    prefix: tuple[int, ...]
    tokens: tuple[int, ...]
    types: tuple[int, ...]
    branches: tuple[int, ...]


class Spelling:
    """Spells answers.

    Args:
        words: a tokenizer in which every piece of `vocabulary.new` is one token.
    """

    def __init__(self, words: Any, vocabulary: Vocabulary) -> None:
        self._words = words
        self.vocabulary = vocabulary
        self.pad = int(words.pad_token_id)
        self.values: Ids = np.array(words.convert_tokens_to_ids(list(vocabulary.values)))
        self.names = tuple(self._tokens(vocabulary.opening(name)) for name in TYPES)
        self.grades = tuple(self._tokens(grade) for grade in GRADES)
        self.spelled = cache(self._spelled)

    def _tokens(self, piece: str) -> tuple[int, ...]:
        return tuple(self._words(piece, add_special_tokens=False)["input_ids"])

    @cached_property
    def used(self) -> Ids:
        """(m,) all tokens that occur in answers, ascending."""
        used = {int(token) for token in self.values}
        for name in TYPES:
            for grade in range(len(GRADES)):
                spelled = self.spelled(name, grade)
                used |= set(np.delete(spelled.ids, spelled.values).tolist())
        return np.array(sorted(used))

    @cached_property
    def forks(self) -> tuple[Fork, ...]:
        """All places where names part: the product of their distributions is that of the types."""
        forks = []
        prefixes = {name[:length] for name in self.names for length in range(len(name))}
        for prefix in sorted(prefixes, key=lambda prefix: (len(prefix), prefix)):
            length = len(prefix)
            following = {
                code: name[length]
                for code, name in enumerate(self.names)
                if name[:length] == prefix and len(name) > length
            }
            tokens = tuple(sorted(set(following.values())))
            if len(tokens) > 1:
                branches = tuple(tokens.index(token) for token in following.values())
                forks.append(Fork(prefix, tokens, tuple(following), branches))
        return tuple(forks)

    def _spelled(self, type_name: str, grade: int) -> Spelled:
        """An answer about a type with a severity, an index into GRADES."""
        answer = self.vocabulary.answer(type_name)
        ids: list[int] = []
        pieces: list[int] = []
        severity = slice(0, 0)
        places: list[int] = []
        for number, piece in enumerate(answer.pieces):
            if number == answer.grade:
                tokens = self.grades[grade]
                severity = slice(len(ids), len(ids) + len(tokens))
            elif piece is None:
                places.append(len(ids))
                tokens = (0,)
            else:
                tokens = self._tokens(piece)
            ids += tokens
            pieces += [number] * len(tokens)
        return Spelled(np.array(ids), np.array(pieces), np.array(places, np.int64), severity)
