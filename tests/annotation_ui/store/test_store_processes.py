"""Real processes on one store, on a real disk: at once, and killed."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from annotation_ui.store import passwords
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.plans import integrity, review_plan, samples

PEOPLE = [f"reviewer-{n}" for n in range(8)]

# Says what was saved only once it was, as a server answers a browser.
WORK = """
import json, random, sys
from pathlib import Path
from annotation_ui.store.review_store import ReviewStore

path, person, seed = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
store, lot = ReviewStore(path), random.Random(seed)
while lease := store.lease(person):
    verdict = lot.choice(["accept", "reject"])
    note = "".join(lot.choices("abc '\\nü🌫", k=lot.randrange(200)))
    store.submit(lease.token, person, verdict, (), note, 1.0)
    print(json.dumps([lease.token, lease.item.item, verdict, note]), flush=True)
    if lot.random() < 0.05 and store.undo(person):
        print(json.dumps(["undone", lease.token]), flush=True)
"""


def work(path: Path, person: str, seed: int, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", WORK, str(path), person, str(seed)]
    with out.open("ab") as sink:
        return subprocess.Popen(command, stdout=sink)


def new_store(path: Path, needs: list[int], monkeypatch: pytest.MonkeyPatch) -> ReviewStore:
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)
    ReviewStore.create(path, review_plan(), samples(needs))
    store = ReviewStore(path)
    for person in PEOPLE:
        store.accounts.add(person, "correct horse")
    return store


def acknowledged(out: Path) -> tuple[dict[str, list[str]], set[str]]:
    """Answers reported as saved, by token, and the tokens taken back."""
    saved, undone = {}, set()
    for line in out.read_text().splitlines():
        first, *rest = json.loads(line)
        if first == "undone":
            undone.add(rest[0])
        else:
            saved[first] = rest
    return saved, undone


def count(store: ReviewStore) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Verdicts by item, and who judged what twice."""
    verdicts = store.verdicts()
    pairs = Counter((verdict.item, verdict.reviewer) for verdict in verdicts)
    counts = Counter(verdict.item for verdict in verdicts)
    return counts, [pair for pair, times in pairs.items() if times > 1]


def test_eight_processes_share_300_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "review.sqlite"
    store = new_store(path, [2 if rank % 6 == 0 else 1 for rank in range(300)], monkeypatch)
    outs = [tmp_path / person for person in PEOPLE]
    running = [work(path, person, 0, out) for person, out in zip(PEOPLE, outs, strict=True)]
    assert [process.wait(timeout=600) for process in running] == [0] * len(PEOPLE)
    counts, twice = count(store)
    assert not twice
    assert counts == {item.item: item.needs for item in store.items()}
    reported: dict[str, list[str]] = {}
    for out in outs:
        saved, undone = acknowledged(out)
        reported |= {token: answer for token, answer in saved.items() if token not in undone}
    current = Counter((one.item, one.verdict, one.note) for one in store.verdicts())
    assert Counter((item, verdict, note) for item, verdict, note in reported.values()) == current
    assert integrity(path) == "ok"


def test_what_was_acknowledged_survives_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers, killed five times at random moments."""
    path = tmp_path / "review.sqlite"
    # More than they can finish meanwhile.
    store = new_store(path, [1, 2] * 10_000, monkeypatch)
    lot = random.Random(0)
    outs = {person: tmp_path / person for person in PEOPLE[:3]}
    running = {person: work(path, person, 0, out) for person, out in outs.items()}
    for kill in range(5):
        person = lot.choice(list(running))
        wait_for_more(outs[person], running[person])
        time.sleep(lot.uniform(0, 0.05))
        running[person].kill()
        assert running[person].wait() == -signal.SIGKILL
        assert integrity(path) == "ok"
        check_all_there(store, outs[person], person)
        running[person] = work(path, person, kill + 1, outs[person])
    for person, out in outs.items():
        # Its open lease has come back to it: it works on.
        wait_for_more(out, running[person])
    for process in running.values():
        process.kill()
        process.wait()
    for person, out in outs.items():
        check_all_there(store, out, person)
    assert integrity(path) == "ok"
    counts, twice = count(store)
    assert not twice
    assert all(counts[item.item] <= item.needs for item in store.items())


def wait_for_more(out: Path, process: "subprocess.Popen[bytes]") -> None:
    """Until the process has written another line."""
    before, deadline = out.stat().st_size, time.monotonic() + 60
    while out.stat().st_size == before:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def check_all_there(store: ReviewStore, out: Path, person: str) -> None:
    events = [event for event in store.events() if event.reviewer == person]
    submits = {event.token: event for event in events if event.action == "submit"}
    back = {event.token for event in events if event.action == "undo"}
    current = {verdict.item for verdict in store.verdicts() if verdict.reviewer == person}
    saved, undone = acknowledged(out)
    assert undone <= back
    for token, (item, verdict, note) in saved.items():
        event = submits[token]
        assert (event.item, event.verdict, event.note) == (item, verdict, note)
        assert item in current or token in back
