"""Names of samples go both ways, and nothing else is one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generators.dataset.ids import parse, sample_id, successor
from generators.errors import InputError


@given(st.integers(0, 10**12), st.integers(0, 10**6))
@example(99_999_999, 0)
@example(100_000_000, 1)
def test_both_ways(index: int, replacement: int) -> None:
    name = sample_id(index, replacement)
    assert parse(name) == (index, replacement)
    assert parse(successor(name)) == (index, replacement + 1)


def test_as_they_look() -> None:
    assert sample_id(42) == "du-00000042"
    assert successor("du-00000042") == "du-00000042-r1"
    assert successor("du-00000042-r9") == "du-00000042-r10"


@given(st.text("du-r0123٣ \n", max_size=20))
@example("du-0000042")
@example("du-00000042-r0")
@example("du-00000042-r01")
@example("du-000000042")
@example("du-00000042\n")
@example("du-0000004٣")
def test_nothing_else(text: str) -> None:
    try:
        index, replacement = parse(text)
    except InputError:
        return
    assert sample_id(index, replacement) == text


def test_a_mistake_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"du-7.*is no id of a sample"):
        parse("du-7")
