"""The page: what it says, and that it is one file that asks for nothing."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from annotation_ui.figures.agreement_page import page
from annotation_ui.figures.agreement_report import status
from annotation_ui.figures.agreement_text import lines
from tests.annotation_ui.conftest import MEMORY
from tests.annotation_ui.simulated import drawn_items, reviewed, value

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """The status of a small review in which dense haze is rejected: do not write to it."""
    items = drawn_items(per_type=30, overlap=4, golds=4, repeats=4)
    judges = dict.fromkeys(
        ("ana", "bo"), lambda item, _: item.type == "haze" and value(item, "transmission") < 0.35
    )
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        made = status(reviewed(Path(folder) / "review.sqlite", items, judges))
    return json.loads(json.dumps(made))


@pytest.fixture
def browser() -> Iterator[Any]:
    """A Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_it_says_what_the_status_says(told: dict[str, Any]) -> None:
    html = page(told)
    overall = told["agreement"]["overall"]
    assert f"{overall['ac1']['value']:.2f}" in html
    assert f"{told['residual']['overall']['upper']:.2%}" in html
    assert told["concentrations"][0]["text"].replace("<", "&lt;") in html
    for reviewer in told["reviewers"]:
        assert f"{reviewer['gold']['count']} of {reviewer['gold']['n']}: " in html
    note = "ana caught 0 of 4 gold items: look at their verdicts before you finalize"
    assert note in html
    assert f"  {note}" in lines(told)
    for reason, counts in told["reasons"].items():
        cells = "".join(rf"<td>{counts[name]}" for name in told["progress"]["by_type"])
        assert re.search(rf"reason: {reason}{cells}<td>{counts['all']}", html)


def test_names_are_text_and_nothing_else(told: dict[str, Any]) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    hostile = deepcopy(told)
    hostile["plan"]["dataset"] = bad
    hostile["progress"]["by_reviewer"] = {bad: 1}
    hostile["reviewers"][0]["reviewer"] = bad
    hostile["residual"]["overall"]["speaks_for"] = bad
    html = page(hostile)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;img") >= 5


def test_chromium_shows_it_whole_without_asking_for_anything(
    told: dict[str, Any], browser: Any, tmp_path: Path
) -> None:
    file = tmp_path / "review.html"
    file.write_text(page(told), "utf-8")
    for width in (1200, 390):
        tab = browser.new_page(viewport={"width": width, "height": 900})
        asked, complaints = [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("console", lambda message, said=complaints: said.append(message.text))
        tab.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert complaints == []
        headings = tab.locator("h2").all_inner_texts()
        assert headings == [
            "Progress", "Agreement", "Reviewers", "Rejects", "Where rejects concentrate",
            "Defects left in what nobody looked at",
        ]  # fmt: skip
        # Wide tables scroll within themselves; the page does not.
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        bars = tab.locator(".out .bar i")
        assert bars.count() == len(told["concentrations"][0]["pieces"])
        assert bars.first.bounding_box()["width"] > 0
        tab.close()


def test_a_review_that_has_not_begun_has_a_page(in_memory: Path) -> None:
    html = page(status(reviewed(in_memory / "review.sqlite", drawn_items(3, 2, 1, 0), {})))
    assert "0 of 18 wanted" in html
    assert "Nowhere beyond chance, so far." in html
    assert "nan" not in html.replace("unanimous", "")
