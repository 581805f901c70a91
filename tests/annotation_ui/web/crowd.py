"""Many reviewers at once over HTTP, while the server is killed under them."""

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from annotation_ui.folder import DATABASE, review_folder
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.plans import samples
from tests.annotation_ui.web.served import Served, call, review

TRIES = 5  # failures that a reviewer takes from a server that nobody killed
STUCK = 600.0  # seconds without a verdict: no busy machine, but a server that answers no more

Confirmed = dict[tuple[str, str], tuple[str, str]]
"""(item, reviewer) → (verdict, note), as the server said that it was kept."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: `lost` and `altered` are confirmed verdicts that the store has not, or has
    otherwise; `over` are items with more verdicts than needed, `open` those with fewer."""

    confirmed: int
    kept: int
    lost: int
    altered: int
    twice: int
    over: int
    open: int
    integrity: str
    seconds: float


def review_together(dataset: Path, items: int, people: int, kills: int) -> Outcome:
    """Let `people` review `items`, a sixth of them twice; kill -9 the server `kills` times."""
    names = [f"reviewer-{n}" for n in range(people)]
    needs = [2 if rank % 6 == 0 else 1 for rank in range(items)]
    store = review(dataset, samples(needs), names)
    confirmed: Confirmed = {}
    start = time.perf_counter()
    with Served(dataset) as served:
        work = [(served, name, confirmed) for name in names]
        threads = [threading.Thread(target=_work, args=mine, daemon=True) for mine in work]
        for thread in threads:
            thread.start()
        for kill in range(kills):
            enough = sum(needs) * (kill + 1) // (kills + 1)
            _wait(threads, confirmed, lambda enough=enough: len(confirmed) >= enough)
            served.kill()
            served.start()
        _wait(threads, confirmed, lambda: not any(thread.is_alive() for thread in threads))
    seconds = time.perf_counter() - start
    return _outcome(store, confirmed, needs, seconds, review_folder(dataset) / DATABASE)


def _wait(threads: list[threading.Thread], confirmed: Confirmed, over: Callable[[], bool]) -> None:
    """Until it is over, as long as somebody still gets verdicts through."""
    before, since = 0, time.monotonic()
    while not over():
        assert any(thread.is_alive() for thread in threads) or over(), "all reviewers gave up"
        if len(confirmed) > before:
            before, since = len(confirmed), time.monotonic()
        assert time.monotonic() - since < STUCK, "the server answers no more"
        time.sleep(0.005)


class _Desk:
    """One reviewer's browser, of one life of the server; whatever fails is an httpx.HTTPError."""

    def __init__(self, served: Served, name: str) -> None:
        self._client = served.client(name)

    def ask(self, name: str, *data: object) -> dict:
        return call(self._client, name, *data)


def _work(served: Served, name: str, confirmed: Confirmed) -> None:
    """Judge until nothing is left; log in again whenever the server was gone."""
    lot = random.Random(name)
    tries = 0
    while tries < TRIES:
        life = served.up()
        try:
            desk = _Desk(served, name)
            state = desk.ask("open")
            while state["left"]:
                if state["lease"]:
                    state = _judge(desk, state["lease"], name, lot, confirmed)
                else:  # others hold what is left
                    time.sleep(0.2)
                    state = desk.ask("open")
            return
        except Exception:  # of as many kinds as a dying server has ways to show in the client
            tries += served.life == life


def _judge(desk: _Desk, lease: dict, name: str, lot: random.Random, confirmed: Confirmed) -> dict:
    verdict = lot.choice(["accept", "reject"])
    note = f"{name}: <i>{lot.random()}</i>"
    state = desk.ask("submit", lease["token"], verdict, [], note, 0.1)
    if "stale" in state:
        return desk.ask("open")
    confirmed[lease["item"], name] = verdict, note
    return state


def _outcome(
    store: ReviewStore, confirmed: Confirmed, needs: list[int], seconds: float, path: Path
) -> Outcome:
    verdicts = store.verdicts()
    kept = {(one.item, one.reviewer): (one.verdict, one.note) for one in verdicts}
    counts = Counter(one.item for one in verdicts)
    wanted = {item.item: item.needs for item in store.items()}
    db = sqlite3.connect(path)
    integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
    db.close()
    return Outcome(
        confirmed=len(confirmed),
        kept=len(verdicts),
        lost=sum(key not in kept for key in confirmed),
        altered=sum(key in kept and kept[key] != answer for key, answer in confirmed.items()),
        twice=len(verdicts) - len(kept),
        over=sum(counts[item] > most for item, most in wanted.items()),
        open=sum(counts[item] < most for item, most in wanted.items()),
        integrity=integrity,
        seconds=seconds,
    )
