"""Links between the pages, and to files and headings, lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, name, prose

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = [heading.replace("`", "").lower() for heading in _HEADING.findall(prose(page))]
    titles = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links(page: Path) -> None:
    wrong = []
    for link in _LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            wrong.append(f"no file {link}")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            wrong.append(f"no heading {link}")
    assert not wrong, f"{name(page)}: " + "; ".join(wrong)
