"""One model with first weights, for many tests."""

import pytest

from dubench.duvlm.model import nano
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.tokens import NANO


@pytest.fixture(scope="session")
def untrained() -> Answering:
    """nano before training: do not train it."""
    words = nano.tokenizer()
    return Answering(nano.new(words, 0).eval(), words, NANO)
