"""The site: whole, escaped, without requests, and it gives no answer of a blind epoch away."""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from generators.errors import InputError
from leaderboard.intake.add import Request, add
from leaderboard.site import build
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from tests.chromium import CHROMIUM, accessibility_violations, launched
from tests.dubench.scoring.synthetic_scores import scored
from tests.leaderboard.boards import CARD, answers, card, store, synthetic

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def site(made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(made_up, tmp_path_factory.mktemp("sites") / "site").parent


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) == 6 + 6
    for page in pages:
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            if not link.startswith("https://"):
                assert (page.parent / link).is_file(), f"{page.name}: {link}"


def test_what_a_submitter_wrote_is_text(site: Path) -> None:
    shown = [p for p in site.glob("models/*.html") if "alert(1)" in p.read_text()]
    assert len(shown) == 6
    for page in site.rglob("*.html"):
        assert "<script>alert" not in page.read_text()
    assert "\\input{x}" not in (site / "board.tex").read_text()


def test_a_folders_name_is_text(made_up: Path, tmp_path: Path) -> None:
    board = Path(shutil.copytree(made_up, tmp_path / "board"))
    odd = 'x"><script>alert(2)'
    for folder in list(board.glob("submissions/1/*")):
        record = folder / submission.FILE
        record.write_text(json.dumps(json.loads(record.read_text()) | {"id": odd + folder.name}))
        folder.rename(folder.with_name(odd + folder.name))
    pages = [path.read_text() for path in build(board, tmp_path / "site").parent.rglob("*.html")]
    assert any("&lt;script&gt;alert(2)" in page for page in pages)
    assert not any("<script>alert(2)" in page for page in pages)


def test_the_policy_allows_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text()
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert not re.findall(r'\b(?:style|on\w+)="', text)


def test_the_files_say_what_the_page_says(site: Path) -> None:
    rows = list(csv.DictReader((site / "board.csv").read_text().splitlines()))
    whole = json.loads((site / "board.json").read_text())
    assert [row["model"] for row in rows] == [m["model"] for m in whole["models"]]
    best = whole["models"][0]["scores"]["p_rel.avg"]
    assert float(rows[0]["p_rel.avg"]) == best["value"]
    assert best["rank"]["place"] == 1
    assert "a@example.org" not in (site / "board.json").read_text()


def test_an_open_board_shows_ten_samples_and_its_files(board: Path, tmp_path: Path) -> None:
    data = boards.data_of(board, boards.read(board).epoch)
    preds = answers(data, tmp_path / "preds.jsonl")
    entry = add(board, Request(preds, card(tmp_path / "card.yaml")))
    home = build(board, tmp_path / "site").parent
    page = (home / "models" / f"{entry.submission.id}.html").read_text()
    assert page.count("<li><img") == 10
    packed = home / "downloads" / entry.submission.id / "predictions.jsonl.gz"
    assert packed.is_file()


def test_a_blind_epoch_gives_no_answer_away(board: Path, tmp_path: Path) -> None:
    whole = boards.read(board)
    boards.write(board, replace(whole, epochs=(replace(whole.epoch, blind=True),)))
    home = build(board, tmp_path / "site").parent
    assert {p.name for p in home.glob("downloads/*/*")} == {"card.json", "score.json"}
    data = boards.data_of(board, whole.epoch)
    for path in home.rglob("*"):
        if path.is_file():
            assert not any(name.encode() in path.read_bytes() for name in data.ids), path
            assert data.where.encode() not in path.read_bytes(), path


def test_an_old_epoch_stays_readable(made_up: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made_up, tmp_path / "board"))
    whole = boards.read(folder)
    first = scored("constant", wrong=1.0, n=200, photos=40, metrics=(), data="4a")
    new = replace(whole.epoch, number=2, n=200, content_id=str(first.result.content_id))
    boards.write(folder, replace(whole, epochs=(replace(whole.epoch, closed="2026-11-05"), new)))
    from leaderboard.stored.card import card_of

    own = card_of(CARD | {"model": "constant"}, "card")
    store(folder, new, own, first, "2026-11-06T00:00:00", "reference")
    home = build(folder, tmp_path / "site").parent
    assert "closed 2026-11-05" in (home / "epochs" / "1" / "index.html").read_text()
    assert 'href="epochs/1/index.html"' in (home / "about.html").read_text()
    assert 'href="../../index.html"' in (home / "epochs" / "1" / "about.html").read_text()


def test_it_replaces_its_own_site_and_nothing_else(made_up: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="no board's site"):
        build(made_up, tmp_path / "site")
    assert (tmp_path / "site" / "thesis.tex").read_text() == "mine"


def test_a_board_without_submissions_is_refused(tmp_path: Path) -> None:
    synthetic(tmp_path / "b", {"a": scored("a", n=120, photos=40, metrics=())})
    shutil.rmtree(tmp_path / "b" / "submissions")
    with pytest.raises(InputError, match="no submissions yet"):
        build(tmp_path / "b", tmp_path / "site")
    assert not (tmp_path / "site").exists()


@pytest.fixture(scope="module")
def page(site: Path) -> Iterator["Page"]:
    """The ranking in Chromium; it fails where something is fetched or complains."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with launched() as chromium:
        tab = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        tab.set_default_timeout(600_000)  # milliseconds, on a busy machine
        odd: list[str] = []
        tab.on("console", lambda message: odd.append(message.text))
        tab.on("pageerror", lambda error: odd.append(str(error)))
        tab.on("request", lambda r: r.url.startswith(("file:", "data:")) or odd.append(r.url))
        tab.goto(f"file://{site}/index.html")
        yield tab
        assert odd == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_serious(
    site: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    with launched() as chromium:
        tab = chromium.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
        )
        for page in (*site.glob("*.html"), next(site.glob("models/*.html"))):
            tab.goto(f"file://{page}")
            assert accessibility_violations(tab) == [], page.name


def _names(page: "Page") -> list[str]:
    script = "rows => rows.map(row => row.querySelector('th a').textContent)"
    return page.eval_on_selector_all("#board tbody tr:not([hidden])", script)


def test_sorted_by_keyboard_the_ranks_follow(page: "Page", site: Path) -> None:
    whole = {
        m["model"]: m["scores"] for m in json.loads((site / "board.json").read_text())["models"]
    }
    heads = page.locator("#board thead th[data-title]")
    for place, name in enumerate(("p_rel.avg", "p_rel_capped.avg", "j_acc", "t_acc", "t_f1")):
        head = heads.nth(place)
        button = head.locator("button")
        if head.get_attribute("aria-sort") == "none":
            button.press("Enter")
        order = [whole[model][name]["rank"]["place"] for model in _names(page)]
        assert order == sorted(order), name
        shown = page.eval_on_selector_all(
            "#board .rank b", "cells => cells.map(c => +c.textContent)"
        )
        assert shown == order
        button.press("Enter")
        assert [whole[model][name]["rank"]["place"] for model in _names(page)] == order[::-1]


def test_filters_and_colours(page: "Page") -> None:
    page.fill("#find", "GOOD")
    assert sorted(_names(page)) == ["as good", "good"]
    assert page.text_content("#shown") == "2 of 5 models"
    page.fill("#find", "")
    page.select_option("#size", index=2)
    assert _names(page) == []
    page.select_option("#size", index=0)
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.click("#theme")
    assert page.evaluate(colour) == "rgb(255, 255, 255)" != dark
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
