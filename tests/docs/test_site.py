"""The site builds without a warning, has every page, and fetches nothing when it is read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

# What a browser fetches by itself; links to other sites are the reader's to follow.
_FETCHED = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*>")
_HREF = re.compile(r"href=\"([^\"]+)\"")


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
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    assert not run.stdout + run.stderr
    pages = list(tmp_path.rglob("*.html"))
    for page in pages:
        text = page.read_text("utf-8")
        for match in _FETCHED.finditer(text):
            fetched = match[1] or (
                "".join(_HREF.findall(match[0])) if "canonical" not in match[0] else ""
            )
            assert not re.match(r"(https?:)?//", fetched), f"{page.name} fetches {fetched}"
    reference = (tmp_path / "reference" / "dubench.html").read_text("utf-8")
    assert 'id="dubench.score"' in reference
    assert ">>>" in reference
    assert (tmp_path / "board" / "index.html").is_file()
