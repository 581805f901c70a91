"""The site builds without a warning, has every page, and fetches nothing when it is read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

# What a browser fetches by itself; links to other sites are the reader's to follow.
_FETCHED = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*>")


def test_every_page_is_in_the_map() -> None:
    """In docs/index.md, and in the nav of mkdocs.yml."""
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    assert set(re.findall(r": (\S+\.md)$", nav, re.MULTILINE)) >= pages
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert set(re.findall(r"\]\((\S+?\.md)\)", index)) >= pages - {"index.md"}


@pytest.mark.slow
def test_the_site(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert not run.stdout + run.stderr
    for page in tmp_path.rglob("*.html"):
        fetched = _FETCHED.findall(page.read_text("utf-8"))
        assert not [tag for tag in fetched if re.search(r"=\"(https?:)?//", tag)], page.name
    reference = (tmp_path / "reference" / "dubench.html").read_text("utf-8")
    assert 'id="dubench.score"' in reference
    assert "&gt;&gt;&gt;" in reference
    board, there = ROOT / "docs" / "board", tmp_path / "board"
    for file in board.rglob("*.*"):
        assert (there / file.relative_to(board)).read_bytes() == file.read_bytes()
