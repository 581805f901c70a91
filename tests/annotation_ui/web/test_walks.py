"""A human pass in Chromium from plan to the finalized, verified dataset, by who there is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("gradio_client", reason="gradio is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

from annotation_ui.folder import review_of
from annotation_ui.store import passwords
from annotation_ui.store.items import Item
from generators.build.generate import generate
from generators.sources.pools import SourceSpec
from tests.annotation_ui.web.served import PASSWORD, Served, joined
from tests.annotation_ui.web.test_app_browser import WAIT, enter_password, shown
from tests.chromium import CHROMIUM, accessibility_violations, launched
from tests.conftest import Dubench

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

Rejects = Callable[[Item], bool]
Run = Callable[..., str]

# Another pair under the eyes than `before`, or none left.
NEXT = """(before) => !(document.querySelector('[data-at=nothing]')?.hidden ?? true)
  || ![undefined, before].includes(document.querySelector('.stage')?.dataset.item)"""


@pytest.fixture
def browser() -> Iterator["Browser"]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    generate(76, tmp_path / "du", [SourceSpec("builtin")], size=128, workers=1)
    return tmp_path / "du"


def entered(browser: "Browser", served: Served, name: str, width: int, scheme: str) -> "Page":
    size = {"width": width, "height": 900}
    page = browser.new_page(viewport=size, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page.set_default_timeout(WAIT)
    page.goto(served.url)
    enter_password(page, name)
    return page


def judge(page: "Page", dataset: Path, rejects: Rejects, most: int = 10**6) -> int:
    """Judge by key what the page shows until nothing is left, or `most`; returns how many."""
    items = {item.item: item for item in review_of(dataset).items()}
    before, count = "", 0
    while count < most:
        page.wait_for_function(NEXT, arg=before)
        if page.locator("[data-at=nothing]").is_visible():
            break
        before = shown(page, before)
        if rejects(items[before]):
            page.keyboard.press("1")
            page.keyboard.press("r")
        else:
            page.keyboard.press("a")
        count += 1
    page.wait_for_function(NEXT, arg=before)
    return count


def attentive(item: Item) -> bool:
    return item.role == "gold" or int(item.sample_id[3:]) % 7 == 0


@pytest.fixture
def run(dubench_here: Dubench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """What a command prints that succeeds."""
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)

    def succeed(*arguments: object) -> str:
        ended = dubench_here(*arguments, cwd=tmp_path)
        assert ended.returncode == 0, ended
        return ended.stdout

    return succeed


def test_one_alone(
    dataset: Path, browser: "Browser", dubench_here: Dubench, run: Run, tmp_path: Path
) -> None:
    planned = run("review", "plan", "du", "--fraction", 0.4, "--workers", 1)
    assert "--overlap 0" in planned
    joined(dataset, ["ada"])
    with Served(dataset) as served:
        ada = entered(browser, served, "ada", 1440, "light")
        assert judge(ada, dataset, attentive) > 25
        words = ada.inner_text("[data-at=nothing]")
        ada.screenshot(path=tmp_path / "alone.png")
        assert "another person" in words
        refused = dubench_here("review", "finalize", "du", cwd=tmp_path)
        assert refused.returncode == 2
        assert "dubench review overlap du 0" in refused.stderr
        run("review", "overlap", "du", 0)
        ada.reload()
        ada.locator("[data-at=nothing]").wait_for()
        assert "another person" not in ada.inner_text("[data-at=nothing]")
    finalized = run("review", "finalize", "du", "--workers", 1)
    assert "rejected and replaced: " in finalized
    assert run("verify", "du-verified")


def test_two_and_their_second_round(
    dataset: Path, browser: "Browser", run: Run, tmp_path: Path
) -> None:
    run("review", "plan", "du", "--fraction", 0.4, "--workers", 1)
    joined(dataset, ["ada", "bo"])
    with Served(dataset) as served:
        ada = entered(browser, served, "ada", 1440, "dark")
        bo = entered(browser, served, "bo", 400, "light")
        # By turns, so that each is given what the other left.
        while judge(ada, dataset, attentive, 5) + judge(bo, dataset, attentive, 5):
            pass
        bo.screenshot(path=tmp_path / "two-phone.png")
    run("review", "finalize", "du", "--workers", 1)
    assert run("verify", "du-verified")

    run("review", "plan", "du-verified", "--fraction", 0.4, "--workers", 1)
    second = tmp_path / "du-verified"
    with Served(second) as served:
        ada, bo = (entered(browser, served, name, 1440, "light") for name in ("ada", "bo"))
        accept: Rejects = lambda item: item.role == "gold"  # noqa: E731
        while judge(ada, second, accept, 5) + judge(bo, second, accept, 5):
            pass
    finalized = run("review", "finalize", "du-verified", "--workers", 1)
    assert "rejected and replaced: 0" in finalized
    assert run("verify", "du-verified-r2")


def test_three_of_whom_one_drops_out_and_one_is_careless(
    dataset: Path,
    browser: "Browser",
    dubench_here: Dubench,
    run: Run,
    tmp_path: Path,
) -> None:
    run("review", "plan", "du", "--fraction", 0.4, "--workers", 1)
    joined(dataset, ["ada", "bo", "carl"])
    with Served(dataset) as served:
        invited = run("review", "invite", "olga", "--dataset", "du", "--owner", "--url", served.url)
        owner = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        owner.set_default_timeout(WAIT)
        owner.on("dialog", lambda dialog: dialog.accept())
        owner.goto(invited.strip())
        owner.fill("[name=password]", PASSWORD)
        owner.fill("[name=again]", PASSWORD)
        owner.click("button")
        owner.get_by_role("heading", name="People").wait_for()

        # Bo drops out, with a pair in hand.
        bo = entered(browser, served, "bo", 400, "dark")
        assert judge(bo, dataset, attentive, 3) == 3
        bo.screenshot(path=tmp_path / "phone.png")
        assert accessibility_violations(bo) == []
        bo.close()
        # Carl accepts whatever comes.
        carl = entered(browser, served, "carl", 1440, "dark")
        assert judge(carl, dataset, lambda item: False) > 25
        carl.screenshot(path=tmp_path / "nothing-left.png")

        owner.reload()
        text = owner.inner_text("body")
        assert "carl caught 0 of 3 gold items" in text
        owner.screenshot(path=tmp_path / "owner.png", full_page=True)
        assert accessibility_violations(owner) == []
        with owner.expect_navigation():
            owner.click("[data-do=disable][data-reviewer=bo]")
        with owner.expect_navigation():
            owner.click("[data-do=discard][data-reviewer=carl]")
        assert "carl caught" not in owner.inner_text("body")
        with owner.expect_navigation():
            owner.click("[data-do=disable][data-reviewer=carl]")
        carl.reload()
        carl.wait_for_selector("[name=password]")  # logged out at once

        ada = entered(browser, served, "ada", 1440, "light")
        shown(ada)
        ada.screenshot(path=tmp_path / "page.png")
        assert accessibility_violations(ada) == []
        ada.keyboard.press("?")
        ada.get_by_role("heading", name="Guide").wait_for()
        assert accessibility_violations(ada) == []
        ada.keyboard.press("Escape")
        assert judge(ada, dataset, attentive) > 25
        ada.screenshot(path=tmp_path / "waiting.png")
        refused = dubench_here("review", "finalize", "du", cwd=tmp_path)
        assert refused.returncode == 2
        assert "dubench review overlap du 0" in refused.stderr
        run("review", "overlap", "du", 0)
        # Where Bo and Ada differ, or both reject, the owner has the last word.
        owner.reload()
        rejected = owner.locator("article", has=owner.locator("button", has_text="Reject"))
        count = rejected.count()
        assert count > 0
        rejected.first.locator("input").fill("a fine dusk")
        with owner.expect_navigation():
            rejected.first.locator("[data-verdict=accept]").click()
        owner.screenshot(path=tmp_path / "settled.png", full_page=True)
        assert "settled by olga: accept a fine dusk" in owner.inner_text("body").replace("\n", " ")

    by = {verdict.reviewer for verdict in review_of(dataset).verdicts()}
    assert by == {"ada", "bo"}
    finalized = run("review", "finalize", "du", "--workers", 1)
    assert f"rejected and replaced: {count - 1}" in finalized
    assert run("verify", "du-verified")
