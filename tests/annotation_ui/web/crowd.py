"""Many reviewers at once through gradio's own client, while the server is killed under them."""

import random
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gradio_client import Client

from annotation_ui.folder import DATABASE, review_folder
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.plans import samples
from tests.annotation_ui.web.served import PASSWORD, Served, review

PATIENCE = 5.0  # seconds; the client may wait for ever for a server that was killed
TRIES = 100

Said = dict[tuple[str, str], tuple[str, str]]
"""(item, reviewer) → (verdict, note), as the server said that it was kept."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: `lost` and `altered` are told verdicts that the store has not, or has
    otherwise; `over` are items with more verdicts than needed, `open` those with fewer."""

    told: int
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
    said: Said = {}
    start = time.perf_counter()
    with Served(dataset) as served:
        work = [(served.url, name, said) for name in names]
        threads = [threading.Thread(target=_work, args=mine, daemon=True) for mine in work]
        for thread in threads:
            thread.start()
        for kill in range(kills):
            enough = sum(needs) * (kill + 1) // (kills + 1)
            while len(said) < enough:
                assert any(thread.is_alive() for thread in threads), "all reviewers gave up"
                time.sleep(0.005)
            served.kill()
            served.start()
        for thread in threads:
            thread.join()
    seconds = time.perf_counter() - start
    return _outcome(store, said, needs, seconds, review_folder(dataset) / DATABASE)


def _work(url: str, name: str, said: Said) -> None:
    """Judge until nothing is left; log in again whenever the server was gone."""
    lot = random.Random(name)
    for _ in range(TRIES):
        try:
            client = Client(
                url,
                auth=(name, PASSWORD),
                verbose=False,
                analytics_enabled=False,
                download_files=False,
            )
            told = _ask(client, "open")
            while told["left"]:
                if told["lease"]:
                    told = _judge(client, told["lease"], name, lot, said)
                else:  # others hold what is left
                    time.sleep(0.05)
                    told = _ask(client, "open")
            return
        except Exception:  # of as many kinds as a dying server has ways to show in the client
            time.sleep(0.1)


def _judge(client: Client, lease: dict, name: str, lot: random.Random, said: Said) -> dict:
    verdict = lot.choice(["accept", "reject"])
    note = f"{name}: <i>{lot.random()}</i>"
    told = _ask(client, "submit", lease["token"], verdict, [], note, 0.1)
    if "stale" in told:
        return _ask(client, "open")
    said[lease["item"], name] = verdict, note
    return told


def _ask(client: Client, name: str, *data: object) -> dict:
    return client.submit(*data, api_name=f"/{name}").result(timeout=PATIENCE)


def _outcome(
    store: ReviewStore, said: Said, needs: list[int], seconds: float, path: Path
) -> Outcome:
    verdicts = store.verdicts()
    kept = {(one.item, one.reviewer): (one.verdict, one.note) for one in verdicts}
    counts = Counter(one.item for one in verdicts)
    wanted = {item.item: item.needs for item in store.items()}
    db = sqlite3.connect(path)
    integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
    db.close()
    return Outcome(
        told=len(said),
        kept=len(verdicts),
        lost=sum(key not in kept for key in said),
        altered=sum(key in kept and kept[key] != answer for key, answer in said.items()),
        twice=len(verdicts) - len(kept),
        over=sum(counts[item] > most for item, most in wanted.items()),
        open=sum(counts[item] < most for item, most in wanted.items()),
        integrity=integrity,
        seconds=seconds,
    )
