"""What is written is of the grammar, and one token a piece."""

import numpy as np
import pytest

from dubench.duvlm.model import nano
from dubench.duvlm.tokens import GRADES, NANO, Vocabulary
from dubench.predictions.grammar import Grid, decode
from generators.taxonomy import TYPES


def written(vocabulary: Vocabulary, name: str, step: int) -> str:
    answer = vocabulary.answer(name)
    pieces = list(answer.pieces[:-1])
    pieces[answer.grade] = GRADES[-1 if name == "none" else 2]
    for place in answer.values:
        pieces[place] = vocabulary.values[step]
    return "".join(piece or "" for piece in pieces)


@pytest.mark.parametrize("name", list(TYPES))
@pytest.mark.parametrize("delta", [0.01, 0.05, 0.1])
def test_every_answer_is_read_by_the_grammar(name: str, delta: float) -> None:
    vocabulary = Vocabulary(Grid(delta))
    step = len(vocabulary.values) // 2
    (degradation,) = decode(written(vocabulary, name, step), vocabulary.grid)
    assert degradation.type == name
    for key in TYPES[name].keys:
        want = vocabulary.places(key)[step]
        np.testing.assert_allclose(degradation.values[key.name], want)


def test_an_answer_as_it_reads() -> None:
    assert written(NANO, "haze", 31) == (
        "Haze, severe. [T-haze][K-atmospheric_light][V-0.31][K-transmission][V-0.31]"
    )
    assert written(NANO, "none", 0) == "No degradation. [T-none]"


@pytest.mark.parametrize("name", list(TYPES))
def test_the_tokenizer_takes_one_token_a_piece_and_gives_the_text_back(name: str) -> None:
    words = nano.tokenizer()
    text = written(NANO, name, 7)
    ids = words(text)["input_ids"]
    assert len(ids) == len(NANO.answer(name).pieces) - 1
    assert words.decode(ids, skip_special_tokens=True) == text
