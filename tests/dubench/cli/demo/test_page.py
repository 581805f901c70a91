"""The page: whole, escaped, and of this run's numbers alone."""

import ast
import json
import re
import shlex
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from dubench.cli.demo import journal as journals
from dubench.cli.demo import page as chapters
from dubench.cli.demo import run_demo
from dubench.cli.demo.actions import Command
from dubench.cli.demo.journal import Ran
from dubench.cli.demo.page.pieces import own, terminal, tiles
from dubench.cli.demo.page.samples import of_each_type
from dubench.cli.demo.steps import MODELS, Extent, steps
from dubench.dataset import GroundTruth
from tests import chromium
from tests.docs.test_commands import problem


def test_what_a_command_printed_is_text() -> None:
    hostile = "<script>alert(1)</script>"
    made = terminal(Ran(f"dubench verify '{hostile}'", hostile, 1.0))
    made += tiles([(hostile, hostile, hostile)]) + own(hostile, hostile)
    assert "<script" not in made
    assert made.count("&lt;script&gt;") == 7


def suggested() -> list[str]:
    """The commands that the chapters have for photographs of one's own."""
    trees = (ast.parse(path.read_text("utf-8")) for path in Path(chapters.__file__).parent.iterdir()
             if path.suffix == ".py")  # fmt: skip
    texts = (node.value for tree in trees for node in ast.walk(tree)
             if isinstance(node, ast.Constant) and isinstance(node.value, str))  # fmt: skip
    return [text for text in texts if re.match(r"dubench (?!demo)\w", text)]


def test_every_command_is_one(tmp_path: Path) -> None:
    shown = suggested()
    assert len(shown) > 10
    lines = [shlex.split(line)[1:] for line in shown]
    actions = [action for step in steps(tmp_path, Extent()) for action in step.actions]
    lines += [list(action.arguments) for action in actions if isinstance(action, Command)]
    assert {" ".join(words): wrong for words in lines if (wrong := problem(words))} == {}


def test_samples_are_of_different_photographs() -> None:
    clusters = ["folder/a", "folder/a", "folder/b", "scene/1", "folder/a", "folder/b", "scene/2"]
    types = np.array([0, 0, 0, 0, 1, 1, 1], np.int8)
    truth = GroundTruth([str(i) for i in range(7)], types, {}, clusters, [None] * 7)
    assert of_each_type(truth, 2, "folder/") == [0, 2, 4, 5]
    assert of_each_type(truth, 1, "scene/") == [3, 6]


@pytest.mark.slow
def test_a_small_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, with few pairs: every command on the page, no address that is fetched, and the
    scores that score.json holds."""
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
            page.on(
                "console",
                lambda message: wrong.append(message.text) if message.type == "error" else 0,
            )
            page.goto(path.as_uri())
            page.locator("#board th button", has_text="J-Acc").click()
            assert "J-Acc" in page.locator("#by").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert chromium.accessibility_violations(page) == []
    assert wrong == []
