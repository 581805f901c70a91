"""A review server in a process of its own, to be used, stopped and killed."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from annotation_ui.folder import DATABASE, IMAGES, review_folder
from annotation_ui.store import passwords
from annotation_ui.store.items import Item
from annotation_ui.store.records import AccountRole
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.plans import review_plan

PASSWORD = "correct horse"
SERVE = """
import sys
from pathlib import Path
from annotation_ui.store import passwords
from annotation_ui.web.serve import serve_review

passwords.SCRYPT["n"] = 2  # as joined() has it
serve_review(Path(sys.argv[1]), port=int(sys.argv[2]), on_ready=lambda url: print(url, flush=True))
"""


def review(dataset: Path, items: Sequence[Item], reviewers: Sequence[str]) -> ReviewStore:
    """A review of a dataset that is not there, with items that have no pictures."""
    folder = review_folder(dataset)
    (folder / IMAGES).mkdir(parents=True)
    ReviewStore.create(folder / DATABASE, review_plan(), items)
    return joined(dataset, reviewers)


def joined(dataset: Path, names: Sequence[str], role: AccountRole = "reviewer") -> ReviewStore:
    """The store of the dataset's review, with these people added, whose hashes cost little."""
    store = ReviewStore(review_folder(dataset) / DATABASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(passwords.SCRYPT, "n", 2)
        for name in names:
            store.accounts.add(name, PASSWORD, role)
    return store


class Served:
    """The server of one dataset's review; always at the same address, once started."""

    def __init__(self, dataset: Path) -> None:
        self.dataset = dataset
        self.url = ""
        self.life = 0
        self._up = threading.Event()
        self.start()

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        port = self.url.rstrip("/").rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.dataset), port],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the server did not start"
        self._up.set()

    def up(self) -> int:
        """Wait until it can be asked; returns `life`, another one after every kill."""
        self._up.wait()
        return self.life

    def kill(self) -> None:
        """End it as a power cut would."""
        self._up.clear()
        self.life += 1
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does; returns the exit code."""
        self.process.send_signal(2)
        return self.process.wait(timeout=600)

    def client(self, reviewer: str = "") -> httpx.Client:
        """An HTTP client, logged in as `reviewer` if one is given."""
        client = httpx.Client(base_url=self.url, timeout=600)
        if reviewer:
            answer = client.post("/login", data={"username": reviewer, "password": PASSWORD})
            assert answer.json() == {"success": True}
        return client


def call(client: httpx.Client, name: str, *data: object) -> dict:
    """Call one of the page's functions."""
    answer = client.post(f"/gradio_api/run/{name}", json={"data": data})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]
