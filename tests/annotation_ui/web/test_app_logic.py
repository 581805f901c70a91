"""What a reviewer's page gets, who is let in, what passes the allowlist: no server, no browser."""

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation_ui.store import passwords
from annotation_ui.store.records import AccountRole
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.allowlist import AllowlistMiddleware
from annotation_ui.web.api import DAMAGED, UNSHOWN, ReviewApi
from annotation_ui.web.bodies import FORM
from annotation_ui.web.pictures import is_whole
from annotation_ui.web.serve import open_to_others, reachable, serve_review
from annotation_ui.web.sessions import IDLE, Sessions
from annotation_ui.web.strangers import BURST, REFILL, Strangers
from generators.errors import InputError
from generators.images import encode_rgb
from tests.annotation_ui.plans import Clock, gold, name, repeat, review_plan, sample, samples
from tests.annotation_ui.simulated import drawn_items


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)


def reviewed(folder: Path, items: list, people: tuple[str, ...] = ("ada",)) -> ReviewApi:
    store = ReviewStore.create(folder / "review.sqlite", review_plan(), items)
    for one in people:
        store.accounts.add(one, "correct horse")
    return ReviewApi(store, folder)


def test_tells_parameters_in_words(weak: None, in_memory: Path) -> None:
    reply = reviewed(in_memory, samples([1])).open("ada")
    assert (reply["dataset"], reply["reviewer"], reply["done"], reply["left"]) == (
        "du110k",
        "ada",
        0,
        1,
    )
    lease = reply["lease"]
    assert lease["title"] == "Blur"
    assert lease["parameters"] == [
        {
            "name": "sigma",
            "values": ["3"],
            "unit": "pixels",
            "meaning": "standard deviation of the kernel",
        }
    ]
    assert lease["images"] == {"clean": f"{0:032x}.png", "degraded": f"{1:032x}.png"}


def test_every_type_can_be_shown(weak: None, in_memory: Path) -> None:
    items = drawn_items(per_type=3, overlap=5, golds=0, repeats=0)
    review = reviewed(in_memory, items)
    shapes = set()
    reply = review.open("ada")
    while reply["lease"]:
        lease = reply["lease"]
        shapes.add((lease["title"], *(len(one["values"]) for one in lease["parameters"])))
        reply = json.loads(json.dumps(review.submit("ada", lease["token"], "accept", [], "", 1)))
    assert shapes == {("Haze", 1, 1), ("Low light", 1, 1, 9), ("Blur", 1), ("Low resolution", 1)}


def test_planted_items_look_like_any_other(weak: None, in_memory: Path) -> None:
    """Of gold and repeats a page gets exactly what it gets of the same item as a plain sample."""
    items = [*samples([1] * 12), gold(12), repeat(13, 0)]
    plain = [sample(rank) for rank in range(14)]
    seen = []
    for folder, these in (("planted", items), ("plain", plain)):
        (in_memory / folder).mkdir()
        review, leases = reviewed(in_memory / folder, these), {}
        state = review.open("ada")
        while state["lease"]:
            lease = state["lease"]
            leases[lease["item"]] = {key: lease[key] for key in lease if key != "token"}
            state = review.submit("ada", lease["token"], "reject", [], "", 1)
        seen.append(leases)
        assert state["done"] == 14
    assert seen[0] == seen[1]


def test_history_hides_the_original_of_the_repeat_in_hand(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, [*samples([1] * 30), repeat(30, 0)])
    state, seen = review.open("ada"), []
    while state["lease"]:
        lease = state["lease"]
        history = [one["degraded"] for one in review.history("ada", 0)["items"]]
        if lease["item"] == name(30):
            assert sample(0).degraded_image not in history
        elif name(0) in seen:
            assert sample(0).degraded_image in history
        seen.append(lease["item"])
        state = review.submit("ada", lease["token"], "accept", [], "", 1)
    assert name(30) in seen


def test_history_is_ones_own(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([2]), ("ada", "ben"))
    token = review.open("ada")["lease"]["token"]
    review.submit("ada", token, "reject", ["other"], "<b>cloud</b>", 1)
    assert [one["note"] for one in review.history("ada", 0)["items"]] == ["<b>cloud</b>"]
    assert review.history("ben", 0) == {"items": [], "more": False}
    assert review.open("ben")["lease"]["before"] is None


def test_refusals_say_why(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1, 1]))
    token = review.open("ada")["lease"]["token"]
    assert "note" in review.submit("ada", token, "reject", ["other"], "", 1)["error"]
    assert "reasons" in review.submit("ada", token, "accept", ["inconsistent"], "", 1)["error"]
    assert "no verdict" in review.undo("ada")["error"]
    assert "out of date" in review.submit("ada", "0" * 32, "accept", [], "", 1)["stale"]
    assert "out of date" in review.renew("ada", "0" * 32)["stale"]
    assert review.renew("ada", token) == {}


def test_undo_gives_the_answer_back(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1, 1]))
    first = review.open("ada")["lease"]
    review.submit("ada", first["token"], "reject", ["broken image", "other"], "torn", 1)
    back = review.undo("ada")["lease"]
    assert back["item"] == first["item"]
    assert back["before"] == {
        "verdict": "reject",
        "reasons": ("broken image", "other"),
        "note": "torn",
    }


def test_what_is_fetched_ahead_is_what_comes(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1] * 5))
    state = review.open("ada")
    for _ in range(4):
        ahead = review.upcoming("ada")["images"]
        state = review.submit("ada", state["lease"]["token"], "accept", [], "", 1)
        assert ahead == [state["lease"]["images"][view] for view in ("clean", "degraded")]
    assert review.upcoming("ada") == {"images": []}


def test_fetching_ahead_holds_nothing(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1, 1]), ("ada", "ben"))
    review.open("ada")
    assert review.upcoming("ada")["images"]
    assert review.open("ben")["lease"]["item"] == name(1)
    assert review.upcoming("ada") == {"images": []}


def test_stale_lease_says_so_and_goes_on(weak: None, in_memory: Path) -> None:
    clock = Clock()
    store = ReviewStore.create(in_memory / "review.sqlite", review_plan(), samples([1, 1]))
    store = ReviewStore(in_memory / "review.sqlite", clock)
    for one in ("ada", "ben"):
        store.accounts.add(one, "correct horse")
    review = ReviewApi(store, in_memory)
    token = review.open("ada")["lease"]["token"]
    clock.passes(11)
    assert review.open("ben")["lease"]["item"] == name(0)
    assert "somebody else" in review.submit("ada", token, "accept", [], "", 1)["stale"]
    assert review.open("ada")["lease"]["item"] == name(1)


def test_sessions_end() -> None:
    time = [0.0]
    sessions = Sessions(lambda: time[0])
    ada = ("ada", "epoch")
    token, other = sessions.open(*ada), sessions.open(*ada)
    assert sessions.who(token) == ada
    time[0] = IDLE - 1
    assert sessions.who(token) == ada  # which keeps it alive
    time[0] = 2 * IDLE - 2
    assert sessions.who(other) is None
    assert sessions.who(token) == ada
    sessions.close(token)
    assert sessions.who(token) is None
    assert sessions.who(None) is None
    assert sessions.who("") is None


def asked(
    method: str,
    path: str,
    role: AccountRole | None = "reviewer",
    body: bytes = b"{}",
    **headers: str,
) -> tuple[int, bool]:
    """The status of a request's answer, and whether it came through the gate."""
    came, sent = [], []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        came.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}
    asyncio.run(AllowlistMiddleware(inner, lambda scope: role)(scope, receive, send))
    names = {key for key, _ in sent[0]["headers"]}
    assert b"content-security-policy" in names
    return sent[0]["status"], bool(came)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../review.sqlite",
        "/gradio_api/proxy=https://example.org/",
        "/gradio_api/runs",
        "/gradio_api/heartbeat/x",
        "/images/../review.sqlite",
        f"/images/{'a' * 32}.png/../../review.sqlite",
        f"/images/{'A' * 32}.png",
        "/images/",
        "/assets/../app.py",
        "/static/x/../../../etc/passwd",
        "/page/../app.py",
        "/page/login.html",
        "/review.sqlite",
        "/monitoring",
        "/gradio_api/openapi.json",
        "/login\n",
        "//",
    ],
)
def test_gate_knows_no_such_address(path: str) -> None:
    assert asked("GET", path) == (404, False)


def test_gate_lets_reviewers_in() -> None:
    assert asked("GET", "/") == (200, True)
    assert asked("GET", "/", role=None) == (303, False)
    picture = f"/images/{'0a' * 16}.png"
    assert asked("GET", picture) == (200, True)
    assert asked("GET", picture, role=None) == (401, False)
    assert asked("GET", "/login", role=None) == (200, True)
    call = json.dumps({"data": ["0" * 32, "accept", [], "", 1]}).encode()
    assert asked("POST", "/gradio_api/run/submit", body=call) == (200, True)
    assert asked("POST", "/gradio_api/run/submit", role=None) == (401, False)
    assert asked("POST", "/gradio_api/upload") == (404, False)
    assert asked("DELETE", "/") == (404, False)


def test_gate_parts_reviewers_from_owners() -> None:
    assert asked("GET", "/", role="owner") == (303, False)
    assert asked("GET", "/owner", role="owner") == (200, True)
    assert asked("GET", "/owner", role=None) == (303, False)
    assert asked("GET", "/owner") == (303, False)
    assert asked("POST", "/owner/discard") == (401, False)
    assert asked("POST", "/owner/discard", role="owner") == (200, True)
    call = b'{"data": []}'
    assert asked("POST", "/gradio_api/run/open", role="owner", body=call) == (401, False)
    assert asked("GET", f"/images/{'0a' * 16}.png", role="owner") == (200, True)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("run/open", b"[]", 400),
        ("run/open", b"{", 400),
        ("run/open", b"[" * 60_000, 400),
        ("run/open", b'{"data": {}}', 400),
        ("run/undo", b'{"data": ["x"]}', 400),
        ("run/submit", b'{"data": ["t", "accept", "no list", "", 1]}', 400),
        ("run/submit", b'{"data": ["t", "accept", [1], "", 1]}', 400),
        ("run/submit", b'{"data": ["t", 5, [], "", 1]}', 400),
        ("run/submit", b'{"data": ["t", "accept", [], "", NaN]}', 400),
        ("run/submit", b'{"data": ["t", "accept", [], "", true]}', 400),
        ("run/submit", b'{"data": ["t", "accept", [], "", 1e99]}', 400),
        ("run/history", b'{"data": [-1]}', 400),
        ("run/history", b'{"data": [1.5]}', 400),
        ("run/nothing", b'{"data": []}', 404),
        ("run/open", b'{"data": [], "x": "' + b"x" * 70_000 + b'"}', 413),
        ("queue/join", b'{"data": []}', 404),
    ],
)
def test_gate_takes_no_other_call(path: str, body: bytes, status: int) -> None:
    assert asked("POST", f"/gradio_api/{path}", body=body) == (status, False)


def test_gate_takes_no_large_or_odd_form() -> None:
    form = "application/x-www-form-urlencoded"
    assert asked("POST", "/login", role=None, content_type=form) == (200, True)
    large = b"x" * (FORM + 1)
    assert asked("POST", "/login", role=None, body=large, content_type=form) == (413, False)
    for length in (str(FORM + 1), "400000000", "-1", "many"):
        headers = {"content_type": form, "content_length": length}
        assert asked("POST", "/login", role=None, **headers) == (413, False)
    odd = asked("POST", "/login", role=None, content_type="multipart/form-data; boundary=x")
    assert odd == (415, False)


def test_strangers_have_a_budget() -> None:
    time = [0.0]
    strangers = Strangers(lambda: time[0])
    assert [strangers.take("10.0.0.1") for _ in range(BURST + 2)] == [True] * BURST + [False] * 2
    assert strangers.take("10.0.0.2")
    time[0] += REFILL
    assert [strangers.take("10.0.0.1") for _ in range(2)] == [True, False]
    time[0] += 1000 * REFILL
    assert [strangers.take("10.0.0.1") for _ in range(BURST + 1)] == [True] * BURST + [False]


def test_gate_hears_no_other_sites_page() -> None:
    own = {
        "host": "127.0.0.1:7860",
        "origin": "http://127.0.0.1:7860",
        "content_type": "application/x-www-form-urlencoded",
    }
    assert asked("POST", "/login", **own) == (200, True)
    for origin in ("http://127.0.0.1:7861", "https://example.org", "null"):
        assert asked("POST", "/login", **own | {"origin": origin}) == (403, False)


@given(st.text(), st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_gate_passes_no_path_that_climbs(path: str, method: str) -> None:
    status, through = asked(method, f"/{path}/../x")
    assert not through
    assert status == 404


def test_serve_needs_a_review_and_a_reviewer(weak: None, tmp_path: Path) -> None:
    pytest.importorskip("gradio_client", reason="gradio is not installed")
    with pytest.raises(InputError, match="no such folder"):
        serve_review(tmp_path / "du110k")
    with pytest.raises(InputError, match="dubench review plan"):
        serve_review(tmp_path)
    folder = tmp_path / "du110k.review"
    folder.mkdir()
    store = ReviewStore.create(folder / "review.sqlite", review_plan(), samples([1]))
    with pytest.raises(InputError, match="add-reviewer"):
        serve_review(tmp_path / "du110k")
    store.accounts.add("ada", "correct horse")
    with pytest.raises(InputError, match="--port"):
        serve_review(tmp_path / "du110k", port=70_000)
    with pytest.raises(InputError, match="--host"):
        serve_review(tmp_path / "du110k", host="no.such.host.invalid")


@pytest.mark.parametrize("installed", [None, "5.49.1"])
def test_serve_names_the_remedy_without_gradio(
    installed: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.metadata import PackageNotFoundError

    def version(package: str) -> str:
        if installed is None:
            raise PackageNotFoundError(package)
        return installed

    monkeypatch.setattr("annotation_ui.web.serve.version", version)
    with pytest.raises(InputError, match=r'pip install "dubench\[review\]"'):
        serve_review(tmp_path / "du110k")


def test_a_damaged_picture_is_put_aside_and_a_sound_one_left_to_others(
    weak: None, in_memory: Path
) -> None:
    items = [sample(rank) for rank in (0, 10, 20)]
    review = reviewed(in_memory, items, ("ada", "ben"))
    png = encode_rgb(np.zeros((8, 8, 3), np.uint8))
    for item in items[1:]:
        for one in (item.clean_image, item.degraded_image):
            (in_memory / one).write_bytes(png)
    token = review.open("ada")["lease"]["token"]
    reply = review.broken("ada", token)  # its pictures are not there
    assert reply["notice"] == DAMAGED
    assert reply["lease"]["item"] == name(10)
    (in_memory / items[1].degraded_image).write_bytes(png[:-20])  # half a file
    assert not is_whole(in_memory / items[1].degraded_image)
    reply = review.broken("ada", reply["lease"]["token"])
    assert (reply["notice"], reply["lease"]["item"]) == (DAMAGED, name(20))
    assert review.broken("ada", reply["lease"]["token"])["notice"] == UNSHOWN
    assert review.open("ada")["lease"] is None
    assert review.open("ben")["lease"]["item"] == name(20)
    store = ReviewStore(in_memory / "review.sqlite")
    assert store.broken() == {name(0), name(10)}


def test_what_was_skipped_or_judged_can_be_reopened(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1, 1, 1]))
    first = review.open("ada")["lease"]
    second = review.skip("ada", first["token"], "hm")["lease"]
    review.submit("ada", second["token"], "reject", ["inconsistent"], "no", 1)
    listed = review.history("ada", 0)["items"]
    assert [(one["item"], one["verdict"], one["note"]) for one in listed] == [
        (name(1), "reject", "no"), (name(0), "skip", "hm")
    ]  # fmt: skip
    back = review.reopen("ada", name(0))["lease"]
    assert (back["item"], back["before"]["note"]) == (name(0), "hm")
    review.submit("ada", back["token"], "accept", [], "", 1)
    ReviewStore(in_memory / "review.sqlite").rulings.settle(name(1), "accept")
    assert "settled" in review.reopen("ada", name(1))["error"]


def test_a_full_or_read_only_disk_is_named(weak: None, in_memory: Path) -> None:
    review = reviewed(in_memory, samples([1] * 60))
    token = review.open("ada")["lease"]["token"]
    db = review._store._db()
    db.execute("PRAGMA query_only = ON")
    assert "may not write" in review.submit("ada", token, "accept", [], "", 1)["trouble"]
    db.execute("PRAGMA query_only = OFF")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    reply = review.open("ada")
    while "trouble" not in reply:
        token, done = reply["lease"]["token"], reply["done"]
        reply = review.submit("ada", token, "accept", [], "x" * 2000, 1)
    assert "disk is full" in reply["trouble"]
    db.execute("PRAGMA max_page_count = 1000000")
    assert review.submit("ada", token, "accept", [], "x" * 2000, 1)["done"] == done + 1


@pytest.mark.parametrize(
    ("host", "others"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("::", True),
     ("192.0.2.7", True)],
)  # fmt: skip
def test_an_address_for_everybody_is_one_that_works(host: str, others: bool) -> None:
    assert open_to_others(host) == others
    shown = reachable(host)
    assert shown not in ("0.0.0.0", "[::]")
    assert shown.startswith("[") == (":" in shown)
