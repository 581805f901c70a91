"""The page: what it says, and that it is one file that asks for nothing."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annotation_ui.figures.people import Activity
from annotation_ui.figures.status import ReviewStatus, review_status
from annotation_ui.figures.status_page import status_html
from annotation_ui.figures.status_text import status_lines
from tests.annotation_ui.conftest import MEMORY
from tests.annotation_ui.simulated import drawn_items, reviewed, value

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def status() -> ReviewStatus:
    """The status of a small review in which dense haze is rejected."""
    items = drawn_items(per_type=30, overlap=4, golds=4, repeats=4)
    judges = dict.fromkeys(
        ("ana", "bo"), lambda item, _: item.type == "haze" and value(item, "transmission") < 0.35
    )
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = reviewed(Path(folder) / "review.sqlite", items, judges)
        return review_status(store.snapshot())


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


def test_it_says_what_the_status_says(status: ReviewStatus) -> None:
    html, figures = status_html(status), status.figures
    assert f"{figures.agreement.overall.ac1.value:.2f}" in html
    assert f"{figures.defect_rates.overall.upper:.2%}" in html
    assert figures.hotspots[0].text.replace("<", "&lt;") in html
    for reviewer in figures.reviewers:
        assert f"{reviewer.gold.count} of {reviewer.gold.n}: " in html
    note = "ana caught 0 of 4 gold items: look at their verdicts before you finalize"
    assert note in html
    assert f"  {note}" in status_lines(status)
    for reason, counts in figures.reasons.items():
        cells = "".join(rf"<td>{counts[name]}" for name in status.progress.by_type)
        assert re.search(rf"reason: {reason}{cells}<td>{counts['all']}", html)


def test_names_are_text_and_nothing_else(status: ReviewStatus) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    first, *others = status.figures.reviewers
    rates = status.figures.defect_rates
    figures = replace(
        status.figures,
        reviewers=(replace(first, reviewer=bad), *others),
        defect_rates=replace(rates, overall=replace(rates.overall, speaks_for=bad)),
    )
    hostile = replace(
        status,
        plan=replace(status.plan, dataset=bad),
        progress=replace(status.progress, by_reviewer={bad: 1}),
        people=replace(status.people, activity=(Activity(bad, None, 0, 0, False),)),
        figures=figures,
    )
    html = status_html(hostile)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;img") >= 5


def test_chromium_shows_it_whole_without_asking_for_anything(
    status: ReviewStatus, browser: Any, tmp_path: Path
) -> None:
    file = tmp_path / "review.html"
    file.write_text(status_html(status), "utf-8")
    for width in (1200, 390):
        tab = browser.new_page(viewport={"width": width, "height": 900})
        asked, complaints = [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("console", lambda message, complaints=complaints: complaints.append(message.text))
        tab.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert complaints == []
        headings = tab.locator("h2").all_inner_texts()
        assert headings == [
            "People", "Progress", "Agreement", "Reviewers", "Rejects", "Where rejects concentrate",
            "Defects left in what nobody looked at",
        ]  # fmt: skip
        # Wide tables scroll within themselves; the page does not.
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        bars = tab.locator(".out .bar i")
        assert bars.count() == len(status.figures.hotspots[0].pieces)
        assert bars.first.bounding_box()["width"] > 0
        tab.close()


def test_a_review_that_has_not_begun_has_a_page(in_memory: Path) -> None:
    store = reviewed(in_memory / "review.sqlite", drawn_items(3, 2, 1, 0), {})
    html = status_html(review_status(store.snapshot()))
    assert "0 of 18 wanted" in html
    assert "Nowhere beyond chance, so far." in html
    assert "nan" not in html.replace("unanimous", "")
