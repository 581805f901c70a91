"""The page: whole, escaped, and of this run's numbers alone."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from dubench.cli.demo import journal as journals
from dubench.cli.demo import run_demo
from dubench.cli.demo.journal import Ran
from dubench.cli.demo.page.pieces import own, terminal, tiles
from dubench.cli.demo.page.samples import of_each_type
from dubench.cli.demo.steps import MODELS, Extent
from dubench.dataset import GroundTruth
from tests import chromium


def test_what_a_command_printed_is_text() -> None:
    hostile = "<script>alert(1)</script>"
    made = terminal(Ran(f"dubench verify '{hostile}'", hostile, 1.0))
    made += tiles([(hostile, hostile, hostile)]) + own(hostile, hostile)
    assert "<script" not in made
    assert made.count("&lt;script&gt;") == 7


def test_samples_are_of_different_photographs() -> None:
    clusters = ["folder/a", "folder/a", "folder/b", "scene/1", "folder/a", "folder/b", "scene/2"]
    types = np.array([0, 0, 0, 0, 1, 1, 1], np.int8)
    truth = GroundTruth([str(i) for i in range(7)], types, {}, clusters, [None] * 7)
    assert of_each_type(truth, 2, "folder/") == [0, 2, 4, 5]
    assert of_each_type(truth, 1, "scene/") == [3, 6]


@pytest.mark.slow
def test_a_small_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, with few pairs: every command on the page, no address that is fetched, and the
    scores that score.json holds; then again over what is there."""
    monkeypatch.chdir(tmp_path)
    out = Path("demo")
    extent = Extent(pairs=120, reviewed=0.2, restored=4, photographs=False)
    page = run_demo(out, extent).read_text("utf-8")
    plain = unescape(re.sub("<[^>]+>", "", page))
    journal = journals.read(out)
    assert journal is not None
    assert journal.finished
    for ran in journal.commands:
        assert ran.line in plain
    assert not re.findall(r"(?:src|href)=\"(?!#|data:|board/site/)[^\"]+", page)
    for link in re.findall(r"href=\"(board/site/[^\"]+)", page):
        assert (out / link).is_file()
    assert "Scripted, not human" in plain
    for model in MODELS:
        score = json.loads((out / f"{model}.json").read_text())
        assert score["signature"] in plain
        assert f"{100 * score['understanding']['t_acc']:.1f}" in plain
    if chromium.CHROMIUM:
        _look_at(out.absolute() / "index.html")
    before = (out / "board" / "board.json").stat().st_mtime_ns
    shutil.rmtree(out / "evidence")
    run_demo(out, extent)
    assert (out / "evidence").is_dir()
    assert (out / "board" / "board.json").stat().st_mtime_ns > before


def _look_at(path: Path) -> None:
    """In a browser, on a desk and on a phone: nothing goes wrong, is fetched, or sticks out."""
    wrong: list[str] = []
    with chromium.launched() as browser:
        for width in (1440, 390):
            view = browser.new_context(
                viewport={"width": width, "height": 900}, bypass_csp=True, offline=True
            )
            page = view.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else 0)
            page.goto(path.as_uri())
            page.locator("#board th button", has_text="J-Acc").click()
            assert "J-Acc" in page.locator("#by").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert chromium.accessibility_violations(page) == []
    assert wrong == []
