"""The hash of lines in files is that of lines in memory."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.dataset import sorted_lines
from generators.dataset.sorted_lines import SortedLines

LINE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=6)


@given(st.lists(LINE, max_size=40), st.booleans(), st.integers(1, 7), st.integers(2, 4))
def test_as_if_sorted_in_memory(lines: list[str], ascending: bool, most: int, files: int) -> None:
    if ascending:
        lines.sort()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_lines, "AT_ONCE", most)
        patch.setattr(sorted_lines, "_MOST_FILES", files)
        with SortedLines() as collected:
            for start in range(0, len(lines), 2):
                collected.add(lines[start : start + 2])
            assert len(collected._runs) <= (1 if ascending else files)
            again = [collected.sha256() for _ in range(2)]
    assert again == [hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()] * 2
