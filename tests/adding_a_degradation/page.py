"""docs/adding-a-degradation.md, and how its blocks are applied."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-degradation.md"

# A heading names the file and the place there; a fenced block follows.
STEP = re.compile(
    r"^\*\*(?P<file>[\w./]+)\*\*,\s"
    r"(?P<place>a new file|before the line|instead of the line)"
    r"(?:\s`(?P<anchor>[^`]+)`)?\n\n```\w+\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def steps(page: str) -> list[re.Match[str]]:
    """The headings of the page, each with its block."""
    matches = list(STEP.finditer(page))
    assert len(matches) == page.count("\n**"), "a heading of the page is not understood"
    return matches


def follow(page: str, house: Path) -> None:
    """Do to the copy in `house` what the page says."""
    for step in steps(page):
        file, place, anchor, block = step.group("file", "place", "anchor", "block")
        path = house / file
        if place == "a new file":
            assert not path.exists()
            path.write_text(block, "utf-8")
        else:
            lines = path.read_text("utf-8").splitlines(keepends=True)
            assert lines.count(f"{anchor}\n") == 1, f"{file} has no line {anchor!r}"
            at = lines.index(f"{anchor}\n")
            if place == "instead of the line":
                lines[at] = block
            else:
                above = [line.strip() for line in lines[:at]]
                blank = next(count for count, line in enumerate(reversed(above)) if line)
                lines.insert(at, block + "\n" * blank)
            path.write_text("".join(lines), "utf-8")
