"""The review page in Chromium, as a reviewer uses it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("gradio_client", reason="gradio is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from annotation_ui.folder import DATABASE, review_folder
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.web.served import PASSWORD, Served, joined
from tests.chromium import CHROMIUM, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, Page, Route

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

WAIT = 600_000  # milliseconds, on a busy machine
JUDGED = 300  # milliseconds after which the page takes a verdict on what it shows

Login = Callable[..., "Page"]


@pytest.fixture(scope="module")
def served(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    link = tmp_path_factory.mktemp("browser") / "du110k"
    link.symlink_to(du110k)
    plan_review(link, 0.4, workers=1)
    joined(link, ["first"])
    with Served(link) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def login(served: Served, browser: "Browser") -> Iterator[Login]:
    """Log somebody in, in a browser of their own or in another tab of a context."""
    contexts = []

    def enter(name: str, width: int = 1280, context: "BrowserContext | None" = None) -> "Page":
        if context is None:
            if name not in store(served).accounts.reviewers():
                joined(served.dataset, [name])
            context = browser.new_context(viewport={"width": width, "height": 800})
            context.set_default_timeout(WAIT)
            contexts.append(context)
            page = context.new_page()
            page.goto(served.url)
            enter_password(page, name)
        else:
            page = context.new_page()
            page.goto(served.url)
        shown(page)
        return page

    yield enter
    for context in contexts:
        context.close()


def store(served: Served) -> ReviewStore:
    return ReviewStore(review_folder(served.dataset) / DATABASE)


def enter_password(page: "Page", name: str, password: str = PASSWORD) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.click("button")


def shown(page: "Page", besides: str = "") -> str:
    """The item shown, once it is another than `besides` and a verdict on it is taken."""
    page.wait_for_function(
        "(before) => ![undefined, before].includes(document.querySelector('.stage')?.dataset.item)",
        arg=besides,
    )
    page.wait_for_timeout(JUDGED)
    return page.locator(".stage").get_attribute("data-item") or ""


def answers(served: Served, name: str) -> list[tuple[str, str, tuple[str, ...], str]]:
    return [
        (one.item, one.verdict, one.reasons, one.note)
        for one in store(served).verdicts()
        if one.reviewer == name
    ]


def message_appears(page: "Page", words: str) -> None:
    page.locator("[data-at=words]", has_text=words).wait_for()


@contextmanager
def unanswered(page: "Page", url: str, spoil: "Callable[[Route], None]") -> "Iterator[None]":
    """One request in the block gets a spoilt reply; the next waits until the page shows it."""
    held: list[Route] = []
    page.route(url, lambda route: held.append(route))
    page.route(url, spoil, times=1)
    yield
    message_appears(page, "No answer from the server")
    page.unroute(url)
    for route in held:
        route.continue_()


def test_ten_by_keyboard_undo_and_reload(login: Login, served: Served) -> None:
    page = login("ada")
    seen = []
    for turn in range(10):
        seen.append(shown(page, seen[-1] if seen else ""))
        if turn % 3 == 2:
            page.keyboard.press("3")
            page.keyboard.press("n")
            page.keyboard.type(f"aru 5 {turn}")  # keys mean letters while one types
            page.keyboard.press("Escape")
            page.keyboard.press("r")
        else:
            page.keyboard.press("a")
    last = shown(page, seen[-1])
    wanted = [
        (item, "reject", ("inconsistent",), f"aru 5 {turn}")
        if turn % 3 == 2
        else (item, "accept", (), "")
        for turn, item in enumerate(seen)
    ]
    assert answers(served, "ada") == wanted
    assert "10 judged" in page.inner_text("[data-at=progress]")

    page.keyboard.press("u")
    assert shown(page, last) == seen[9]
    page.keyboard.press("u")
    assert shown(page, seen[9]) == seen[8]
    assert page.input_value("[data-at=note]") == "aru 5 8"
    assert page.is_checked("input[value=inconsistent]")
    assert answers(served, "ada") == wanted[:8]

    page.keyboard.press("n")
    page.keyboard.type(" more")
    page.reload()
    assert shown(page) == seen[8]
    assert page.input_value("[data-at=note]") == "aru 5 8 more"
    page.keyboard.press("r")
    shown(page, seen[8])
    assert answers(served, "ada")[-1] == (seen[8], "reject", ("inconsistent",), "aru 5 8 more")


def test_a_second_reviewer_beside(login: Login, served: Served) -> None:
    first, second = login("ben"), login("cleo")
    seen: dict[str, list[str]] = {"ben": [], "cleo": []}
    for _ in range(3):
        for name, page in (("ben", first), ("cleo", second)):
            seen[name].append(shown(page, seen[name][-1] if seen[name] else ""))
        first.keyboard.press("a")
        second.keyboard.press("r")
    for name, page in (("ben", first), ("cleo", second)):
        shown(page, seen[name][-1])
        page.keyboard.press("h")
        page.locator("dialog li >> nth=2").wait_for()
        words = page.locator("dialog li b").all_inner_texts()
        assert words == [{"ben": "Accepted", "cleo": "Rejected"}[name]] * 3
        assert [item for item, *_ in answers(served, name)] == seen[name]
    needs = {item.item: item.needs for item in store(served).items()}
    assert all(needs[item] > 1 for item in set(seen["ben"]) & set(seen["cleo"]))


def test_quick_and_modified_keys_are_one_verdict_or_none(login: Login, served: Served) -> None:
    page = login("dora")
    item = shown(page)
    for key in ("Control+a", "Alt+r", "Meta+a"):
        page.keyboard.press(key)
    page.keyboard.down("Shift")
    page.keyboard.up("Shift")
    assert shown(page) == item
    page.evaluate(
        "for (let n = 0; n < 10; n++) "
        "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }))"
    )
    item = shown(page, item)
    assert len(answers(served, "dora")) == 1
    page.keyboard.down("a")
    for _ in range(5):
        page.keyboard.down("a")  # held: the browser repeats it
    page.keyboard.up("a")
    shown(page, item)
    page.wait_for_timeout(1000)
    assert len(answers(served, "dora")) == 2


def test_html_in_a_note_is_text(login: Login, served: Served) -> None:
    page = login("eve")
    note = '<img src=x onerror="window.caught=1"><script>window.caught=1</script><b>bold</b>'
    item = shown(page)
    page.fill("[data-at=note]", note)
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    page.keyboard.press("r")
    shown(page, item)
    page.keyboard.press("h")
    page.locator("dialog li", has_text=note).wait_for()
    assert page.locator("dialog li b").all_inner_texts() == ["Rejected"]
    page.keyboard.press("h")
    page.locator("[data-at=history]").wait_for(state="hidden")
    page.keyboard.press("u")
    page.wait_for_function(
        "(item) => document.querySelector('.stage').dataset.item === item", arg=item
    )
    assert page.input_value("[data-at=note]") == note
    assert page.evaluate("window.caught") is None


def test_other_needs_a_note_and_accept_no_reason(login: Login, served: Served) -> None:
    page = login("finn")
    item = shown(page)
    page.keyboard.press("5")
    page.keyboard.press("r")
    message_appears(page, "say in the note")
    page.keyboard.type("mirrored")  # the note has the cursor
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    message_appears(page, "takes no reasons")
    assert answers(served, "finn") == []
    page.keyboard.press("r")
    shown(page, item)
    assert answers(served, "finn") == [(item, "reject", ("other",), "mirrored")]


def test_views_and_zoom_by_key(login: Login, served: Served) -> None:
    page = login("gil")
    stage = page.locator(".stage")
    while not page.locator("[data-do=depth]").is_visible():
        item = shown(page)
        page.keyboard.press("a")
        shown(page, item)
    for key, view in ((" ", "clean"), (" ", "degraded"), ("d", "depth"), ("t", "transmission"),
                      ("t", "split"), ("d", "depth"), ("s", "side"), ("x", "difference"),
                      ("c", "split")):  # fmt: skip
        page.keyboard.press(key)
        assert stage.get_attribute("data-view") == view
        visible = [one for one in page.locator(".world img").all() if one.is_visible()]
        names = {one.get_attribute("data-view") for one in visible}
        both = view in ("split", "side", "difference")
        assert names == ({"clean", "degraded"} if both else {view})
    cut = "document.querySelector('.pane[data-view=clean]').style.clipPath"
    before = page.evaluate(cut)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(cut) != before
    for level in ("2×", "4×", "8×", "1×"):
        page.keyboard.press("z")
        assert page.inner_text("[data-at=zoom]") == level
    for key in ("s", "0", "x", "c"):  # 1:1 stays that where a view halves the frame
        page.keyboard.press(key)
    picture = page.locator(".world img >> nth=0")
    width = picture.evaluate("(img) => img.getBoundingClientRect().width / img.naturalWidth")
    assert width == pytest.approx(1, abs=0.01)
    page.keyboard.press("0")
    stage.hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function("document.querySelector('[data-at=zoom]').textContent === '2.7×'")
    # Zoomed, what lies under the pointer stays there, and dragging moves the picture.
    box = page.locator(".world img >> nth=0").bounding_box()
    page.mouse.move(400, 300)
    page.mouse.down()
    page.mouse.move(450, 330)
    page.mouse.up()
    moved = page.locator(".world img >> nth=0").bounding_box()
    assert box
    assert moved
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((50, 30), abs=1)


def boxed(part: "Locator") -> "FloatRect":
    box = part.bounding_box()
    assert box
    return box


def test_a_pointer_beyond_an_edge(login: Login, served: Served) -> None:
    page = login("gus")
    stage = boxed(page.locator(".stage"))
    left, right, y = stage["x"], stage["x"] + stage["width"], stage["y"] + stage["height"] / 4
    page.mouse.move((left + right) / 2, y)
    page.mouse.down()
    for x, line in ((right - 2, 100), (right + 2, 100), (left - 2, 0)):
        page.mouse.move(x, y)
        style = page.locator("[data-at=handle]").get_attribute("style") or ""
        assert float(style.removeprefix("left: ").rstrip("%;")) == pytest.approx(line, abs=1)
    page.mouse.up()

    # Side by side, a point of either picture stays when zoomed, and panning crosses the middle.
    page.keyboard.press("s")
    picture = page.locator(".world img[data-view=degraded]")
    before, x = boxed(picture), left + 0.85 * stage["width"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    page.wait_for_function("document.querySelector('[data-at=zoom]').textContent === '2.7×'")
    zoomed = boxed(picture)
    assert (x - zoomed["x"]) / zoomed["width"] == pytest.approx(
        (x - before["x"]) / before["width"], abs=0.01
    )
    page.mouse.move((left + right) / 2 - 20, y)
    page.mouse.down()
    page.mouse.move((left + right) / 2 + 20, y)
    page.mouse.up()
    assert boxed(picture)["x"] - zoomed["x"] == pytest.approx(40, abs=1)


def test_many_tabs_are_one_reviewer(login: Login, served: Served) -> None:
    """Eight tabs, more than a browser's connections to one host; all live, all on one item."""
    tabs = [login("hana")]
    tabs += [login("hana", context=tabs[0].context) for _ in range(7)]
    item = shown(tabs[0])
    assert {shown(tab) for tab in tabs} == {item}
    tabs[3].fill("[data-at=note]", "typed here")
    tabs[3].keyboard.press("Escape")
    tabs[0].keyboard.press("a")
    after = shown(tabs[0], item)
    tabs[3].keyboard.press("r")
    message_appears(tabs[3], "You judged this item already")
    assert tabs[3].input_value("[data-at=note]") == "typed here"
    assert answers(served, "hana") == [(item, "accept", (), "")]
    tabs[3].keyboard.press("Enter")
    assert shown(tabs[3], item) == after
    # The same verdict again is no other verdict: that tab just goes on.
    tabs[7].keyboard.press("a")
    assert shown(tabs[7], item) == after
    assert len(answers(served, "hana")) == 1


def test_stale_lease_keeps_the_note(login: Login, served: Served) -> None:
    page = login("ida")
    items = {item.item: item for item in store(served).items()}
    item = shown(page)
    while (items[item].role, items[item].needs) != ("sample", 1):
        page.keyboard.press("a")
        item = shown(page, item)
    before = answers(served, "ida")
    page.fill("[data-at=note]", "an hour's thoughts")
    page.keyboard.press("Escape")
    # The lease runs out, and somebody else takes the item.
    db = sqlite3.connect(review_folder(served.dataset) / DATABASE)
    with db:
        db.execute("UPDATE leases SET expires = '2000-01-01' WHERE reviewer = 'ida'")
    db.close()
    thief = joined(served.dataset, ["thief"])
    taken = ""
    while taken != item:
        lease = thief.lease("thief")
        assert lease
        thief.submit(lease.token, "thief", "accept")
        taken = lease.item.item
    page.keyboard.press("r")
    message_appears(page, "somebody else took it")
    assert page.input_value("[data-at=note]") == "an hour's thoughts"
    page.keyboard.press("Enter")
    shown(page, item)
    assert answers(served, "ida") == before


def test_server_gone_and_back(login: Login, served: Served) -> None:
    page = login("jan")
    item = shown(page)
    page.fill("[data-at=note]", "half a thought")
    page.keyboard.press("Escape")
    served.kill()
    page.keyboard.press("r")
    message_appears(page, "No answer from the server")
    served.start()
    page.wait_for_selector("[name=password]")
    enter_password(page, "jan")
    assert shown(page) == item
    assert page.input_value("[data-at=note]") == "half a thought"
    page.keyboard.press("r")
    shown(page, item)
    assert answers(served, "jan") == [(item, "reject", (), "half a thought")]
    page.click("[data-do=logout]")
    page.wait_for_selector("[name=password]")


def test_a_reply_cut_off_is_asked_again(login: Login, served: Served) -> None:
    page = login("jo")
    item = shown(page)

    def cut(route: "Route") -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text()[:20])

    def proxy(route: "Route") -> None:
        route.fulfill(status=404, content_type="text/html", body="<h1>Not Found</h1>")

    for spoil in (cut, proxy):
        with unanswered(page, "**/run/submit", spoil):
            page.keyboard.press("a")
        item = shown(page, item)
    assert len(answers(served, "jo")) == 2
    with unanswered(page, "**/logout", lambda route: route.abort()):
        page.click("[data-do=logout]")
    page.wait_for_selector("[name=password]")


def test_an_answer_on_its_way_takes_no_more(login: Login, served: Served) -> None:
    page = login("kai")
    item = shown(page)
    page.fill("[data-at=note]", "all there is")
    page.keyboard.press("Escape")
    held: list[Route] = []
    page.route("**/run/submit", lambda route: held.append(route))
    with page.expect_request("**/run/submit"):
        page.keyboard.press("r")
    page.keyboard.press("1")
    page.keyboard.press("n")
    page.keyboard.type(" and more")
    assert page.input_value("[data-at=note]") == "all there is"
    assert page.locator("[data-at=reasons] :checked").count() == 0
    held[0].continue_()
    shown(page, item)
    assert answers(served, "kai") == [(item, "reject", (), "all there is")]
    page.keyboard.press("1")
    page.keyboard.press("n")
    page.keyboard.type("the next")
    assert page.input_value("[data-at=note]") == "the next"
    assert page.locator("[data-at=reasons] :checked").count() == 1


def test_older_verdicts_are_listed_once(login: Login, served: Served) -> None:
    page = login("kit")
    row = {"title": "Blur", "parameters": [], "degraded": "", "verdict": "accept", "reasons": [],
           "at": "2026-01-01T00:00:00Z"}  # fmt: skip

    def page_of(route: "Route") -> None:
        skip = route.request.post_data_json["data"][0]
        items = [row | {"item": f"{n}", "note": f"{n}"} for n in range(skip, skip + 30)]
        route.fulfill(json={"data": [{"items": items, "more": skip < 60}]})

    page.route("**/run/history", page_of)
    pressed = "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'h' }));"
    clicked = "document.querySelector('[data-at=older]').click();"
    for quickly, count in ((3 * pressed, 30), (2 * clicked, 60), (clicked, 90)):
        page.evaluate(quickly)
        page.locator(f"dialog li:nth-child({count})").wait_for()
        page.wait_for_timeout(JUDGED)
        notes = page.locator("dialog li small:nth-of-type(2)").all_inner_texts()
        assert notes == [f"{n}" for n in range(count)]
    assert page.locator("[data-at=older]").is_hidden()


def test_an_owner_stays_where_they_settle(served: Served, browser: "Browser") -> None:
    review = joined(served.dataset, ["olga"], "owner")
    samples = [item.item for item in review.items() if item.role == "sample"]
    for item in samples[-3:]:
        review.rulings.settle(item, "reject")
    page = browser.new_page(viewport={"width": 800, "height": 300})
    page.set_default_timeout(WAIT)
    page.goto(served.url)
    enter_password(page, "olga")
    page.wait_for_url("**/owner")
    button = page.locator("[data-do=settle].accept >> nth=-1")
    button.scroll_into_view_if_needed()
    there = page.evaluate("scrollY")
    assert there > 300
    with page.expect_event("load"):
        button.click()
    page.locator("article", has_text="settled by olga: accept").wait_for()
    page.wait_for_function("(there) => scrollY === there", arg=there)
    page.route("**/owner/settle", lambda route: route.abort())
    button.click()
    page.locator("#notice", has_text="No answer").wait_for()
    assert page.evaluate("scrollY") == 0
    page.close()


def test_wrong_passwords_learn_how_long_to_wait(served: Served, browser: "Browser") -> None:
    joined(served.dataset, ["kim"])
    page = browser.new_page()
    page.goto(served.url)
    for _ in range(5):
        enter_password(page, "kim", "wrong horse")
        page.locator("p", has_text="No reviewer has this name").wait_for(timeout=WAIT)
        page.wait_for_selector("button:enabled")
    enter_password(page, "kim", "wrong horse")
    page.locator("p", has_text="Try again in").wait_for(timeout=WAIT)
    assert page.is_disabled("button")
    page.close()


def test_no_request_leaves_the_server(login: Login, served: Served) -> None:
    """All that Chromium asks for is local, and what a page tries elsewhere is not let out."""
    page = login("lea")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.reload()
    item = shown(page)
    for key in ("d", "z", "h", "Escape", "a"):
        page.keyboard.press(key)
    shown(page, item)
    assert len(asked) > 20
    assert {url for url in asked if not url.startswith((served.url, "data:", "blob:"))} == set()
    refused = page.evaluate(
        """() => new Promise((tell) => {
          document.addEventListener("securitypolicyviolation", (event) => tell(event.blockedURI));
          fetch("http://127.0.0.2:9/").catch(() => setTimeout(tell, 1000, "nothing refused it"));
        })"""
    )
    assert refused == "http://127.0.0.2:9/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phones_width(scheme: str, login: Login, served: Served) -> None:
    page = login(f"mia-{scheme}", width=400)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for name in ("accept", "reject"):
        box = page.locator(f"[data-do={name}]").bounding_box()
        assert box
        assert box["y"] + box["height"] <= 800  # in view without scrolling
        assert box["height"] >= 40
    stage = page.locator(".stage").bounding_box()
    assert stage
    assert stage["width"] > 300
    page.locator("input[value='broken image']").check()
    item = shown(page)
    page.click("[data-do=reject]")
    shown(page, item)
    assert [one[1:3] for one in answers(served, f"mia-{scheme}")] == [("reject", ("broken image",))]
