"""Answers in the styles of real models are read as what they mean, and none where there is none."""

import pytest

from dubench.predictions.reading.free_text import understand

from .phrasings import PHRASINGS
from .phrasings_held_out import HELD_OUT


@pytest.mark.parametrize(("text", "meaning"), [*PHRASINGS, *HELD_OUT])
def test_read_as_what_it_means(text, meaning) -> None:
    try:
        degradations = understand(text).degradations
    except ValueError:
        degradations = ()
    if meaning is None:
        # Two degradations of an image with one are scored as wrong.
        assert len(degradations) != 1
    else:
        assert [(one.type, one.values) for one in degradations] == [meaning]
