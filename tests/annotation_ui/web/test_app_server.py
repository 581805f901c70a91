"""The review's server over HTTP: who gets in, what is served, and what never is."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio_client", reason="gradio is not installed")
import httpx

from annotation_ui.folder import DATABASE, IMAGES, review_folder
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.web.served import PASSWORD, Served, call, joined


@pytest.fixture(scope="module")
def dataset(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset under another name, with a review beside it."""
    link = tmp_path_factory.mktemp("served") / "du110k"
    link.symlink_to(du110k)
    plan_review(link, 0.2, workers=1)
    joined(link, ["ada", "ben"])
    return link


@pytest.fixture(scope="module")
def served(dataset: Path) -> Iterator[Served]:
    with Served(dataset) as server:
        yield server


def test_nothing_but_the_login_without_a_password(served: Served) -> None:
    store = ReviewStore(review_folder(served.dataset) / DATABASE)
    item = store.items()[0]
    client = served.client()
    assert client.get("/").headers["location"] == "login"
    assert "password" in client.get("/login").text
    for path in (f"/images/{item.clean_image}", "/config", "/gradio_api/info", "/theme.css"):
        assert client.get(path).status_code == 401, path
    answer = client.post("/gradio_api/run/open", json={"data": []})
    assert answer.status_code == 401
    client.cookies.set("dubench-review-" + served.url.split(":")[-1].strip("/"), "guess")
    assert client.get("/config").status_code == 401


def test_a_reviewer_gets_the_pictures_of_the_item(served: Served) -> None:
    client = served.client("ada")
    lease = call(client, "open")["lease"]
    for name in lease["images"].values():
        answer = client.get(f"/images/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.content == (review_folder(served.dataset) / IMAGES / name).read_bytes()
        assert "private" in answer.headers["cache-control"]
    assert client.get(f"/images/{'0' * 32}.png").status_code == 404


def test_no_guess_reaches_another_file(served: Served) -> None:
    """Database, plan and dataset, through every door that gradio or a web server ever had."""
    client = served.client("ada")
    folder = review_folder(served.dataset)
    picture = next((folder / IMAGES).iterdir())
    secrets = [folder / DATABASE, served.dataset / "recipe.json", Path("/etc/passwd"), picture]
    climbs = ["../", "..%2f", "%2e%2e/", "..%5c", "....//", "..%252f"]
    paths = [
        f"{door}{file}"
        for door in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/gradio_api/proxy=file:")
        for file in (*secrets, f"../{DATABASE}", f"{picture}/../../{DATABASE}")
    ]
    doors = ("/images/", "/page/", "/static/", "/assets/", "/svelte/", "/")
    paths += [f"{door}{climb * n}{DATABASE}" for door in doors for climb in climbs for n in (1, 3)]
    paths += [f"/images/{picture.name}/{climb}{climb}{DATABASE}" for climb in climbs]
    paths += ["/images/", "/images", "/gradio_api/file=https://example.org/", "/monitoring"]
    for path in paths:
        # As it is: httpx, like a browser, would take the dots out first.
        url = httpx.URL(served.url).copy_with(raw_path=path.encode())
        answer = client.get(url)
        assert answer.status_code in (401, 403, 404), path
        assert b"SQLite format" not in answer.content
        assert b"PNG" not in answer.content


def test_large_bodies_are_not_read(served: Served) -> None:
    """Whoever sends one, wherever to: the server answers and closes, whatever is still to come."""
    at = httpx.URL(served.url)
    for path, status in (("login", 413), ("gradio_api/run/open", 413), ("gradio_api/upload", 404)):
        with socket.create_connection((at.host, at.port), timeout=60) as connection:
            connection.sendall(
                f"POST /{path} HTTP/1.1\r\nhost: {at.host}:{at.port}\r\n"
                "content-length: 400000000\r\n\r\n".encode()
            )
            answer = connection.makefile("rb").read()  # ends when the server closes
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), path


def answer_to(request: httpx.Request) -> bytes:
    """What comes back when head and body arrive as one.

    httpx sends the body by itself: where the server has refused and closed before it comes, the
    network drops the answer.
    """
    head = f"{request.method} {request.url.path} HTTP/1.1\r\n".encode()
    head += b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
    with socket.create_connection((request.url.host, request.url.port), timeout=60) as connection:
        connection.sendall(head + b"\r\n" + request.read())
        return connection.makefile("rb").read()


def test_nothing_can_be_uploaded(served: Served) -> None:
    client = served.client("ada")
    upload = client.build_request("POST", "/gradio_api/upload", files={"files": b"x"})
    assert answer_to(upload).startswith(b"HTTP/1.1 404 ")
    for path in ("component_server", "process_recording", "cancel", "vibe-edit", "queue/join"):
        request = client.build_request("POST", f"/gradio_api/{path}", json={})
        assert answer_to(request).startswith(b"HTTP/1.1 404 ")


def test_what_the_browser_gets_has_no_secrets(served: Served) -> None:
    client = served.client("ada")
    store = ReviewStore(review_folder(served.dataset) / DATABASE)
    pages = [client.get(path).text for path in ("/", "/config", "/gradio_api/info")]
    pages += [client.post("/gradio_api/run/open", json={"data": []}).text]
    for text in pages:
        for secret in (str(served.dataset), "du-0000", "gold", "expected", "of_item", "severity"):
            assert secret not in text
        for item in store.items()[5:]:
            assert item.clean_image not in text


def test_who_asks_is_who_logged_in(served: Served) -> None:
    ben = served.client("ben")
    body = {"data": [], "username": "ada", "session_hash": "x", "request": {"username": "ada"}}
    reply = ben.post("/gradio_api/run/open", json=body).json()["data"][0]
    assert reply["reviewer"] == "ben"
    token = call(served.client("ada"), "open")["lease"]["token"]
    assert "stale" in call(ben, "submit", token, "accept", [], "", 1.0)


def test_other_sites_cannot_submit(served: Served) -> None:
    client = served.client("ada")
    answer = client.post(
        "/gradio_api/run/undo", json={"data": []}, headers={"origin": "https://example.org"}
    )
    assert answer.status_code == 403
    assert (
        "samesite=lax"
        in served.client()
        .post("/login", data={"username": "ada", "password": PASSWORD})
        .headers["set-cookie"]
        .lower()
    )


def test_the_policy_names_no_other_host(served: Served) -> None:
    policy = served.client("ada").get("/").headers["content-security-policy"]
    assert "http" not in policy
    assert "default-src 'self'" in policy


def test_wrong_passwords_must_wait(served: Served) -> None:
    joined(served.dataset, ["cleo"])
    client = served.client()
    wrong = {"username": "cleo", "password": "wrong horse"}
    for _ in range(5):
        before = time.monotonic()
        answer = client.post("/login", data=wrong)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    answer = client.post("/login", data=wrong | {"password": PASSWORD})
    assert answer.status_code == 429
    seconds = answer.json()["seconds"]  # of the minute that began with the last of them
    assert 60 - (time.monotonic() - before) - 0.01 <= seconds <= 60
    assert int(answer.headers["retry-after"]) == round(seconds)


def test_logout_ends_the_session(served: Served) -> None:
    client = served.client("ada")
    cookies = dict(client.cookies)
    client.post("/logout")
    again = httpx.Client(base_url=served.url, cookies=cookies)
    assert again.get("/config").status_code == 401


def test_restart_keeps_the_work(served: Served) -> None:
    joined(served.dataset, ["dora"])
    client = served.client("dora")
    first = call(client, "open")["lease"]
    then = call(client, "submit", first["token"], "reject", ["broken image"], "torn", 1.0)
    served.kill()
    served.start()
    assert client.get("/config").status_code == 401
    client = served.client("dora")
    assert call(client, "open")["lease"]["item"] == then["lease"]["item"]
    assert [one["note"] for one in call(client, "history", 0)["items"]] == ["torn"]
    # A click that was repeated because its answer was lost changes nothing.
    again = call(client, "submit", first["token"], "reject", ["broken image"], "torn", 1.0)
    assert again["done"] == 1


def test_two_servers_share_one_review(served: Served) -> None:
    joined(served.dataset, ["eve", "finn"])
    with Served(served.dataset) as other:
        leases = [
            call(server.client(name), "open")["lease"]["item"]
            for server, name in ((served, "eve"), (other, "finn"))
        ]
        assert other.stop() == 0
    # One item for both only if it wants two verdicts.
    store = ReviewStore(review_folder(served.dataset) / DATABASE)
    assert len(set(leases)) == 2 or store.item(leases[0]).needs > 1
