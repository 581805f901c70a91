"""What whoever runs a review does about people and verdicts, on the command line."""

import io
import json
import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from annotation_ui.folder import review_of
from annotation_ui.store import passwords
from annotation_ui.store.review_store import ReviewStore
from generators.errors import InputError
from tests.annotation_ui.plans import integrity, sample
from tests.annotation_ui.web.served import PASSWORD, review
from tests.conftest import Dubench

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def store(in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> ReviewStore:
    """Of the review of `du`: five samples, two of them for both of two people."""
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)
    items = [sample(2 * rank, needs) for rank, needs in enumerate((2, 2, 1, 1, 1))]
    return review(in_memory / "du", items, ["ada", "bo"])


@pytest.fixture
def dubench_review(
    store: ReviewStore,
    in_memory: Path,
    dubench_here: Dubench,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    def run(*arguments: object, password: str = "") -> CompletedProcess[str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        return dubench_here("review", *arguments, cwd=in_memory)

    return run


def refused(run: CompletedProcess[str], words: str) -> None:
    """One line that says what is wrong, and exit code 2."""
    assert run.returncode == 2, run
    assert words in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert run.stdout == ""


def judge(store: ReviewStore, name: str, rejects: frozenset[str] = frozenset()) -> int:
    """Let somebody judge all that there is for them; returns how many."""
    count = 0
    while lease := store.lease(name):
        if lease.item.sample_id in rejects:
            store.submit(lease.token, name, "reject", ["other"], "too dark\nfor <b>me</b>")
        else:
            store.submit(lease.token, name, "accept")
        count += 1
    return count


def shared(store: ReviewStore) -> list[str]:
    return [item.sample_id for item in store.items() if item.needs == 2]


def test_results_name_who_disagrees_and_settle_ends_it(
    store: ReviewStore, dubench_review: Run, in_memory: Path
) -> None:
    judge(store, "ada")
    judge(store, "bo", frozenset(shared(store)))
    run = dubench_review("results", "du")
    assert [line for line in run.stdout.splitlines() if line.endswith(("0", "2"))] == [
        "put aside: 0", "disputed: 2", "rejected: 0", "settled: 0"
    ]  # fmt: skip
    name, other = shared(store)
    line = "ada accept; bo reject other too dark for <b>me</b>"
    assert re.search(rf"{name} blur +{line}$", run.stdout, re.MULTILINE)
    page = in_memory / "du.review" / "results.html"
    assert page.stat().st_mode & 0o777 == 0o600
    assert "&lt;b&gt;me" in page.read_text()
    assert "<b>me" not in page.read_text()

    assert dubench_review("settle", "du", name, "accept", "--note", "fine").stdout == (
        f"{name}: accept\n"
    )
    results = json.loads(dubench_review("results", "du", "--json").stdout)
    assert [one["id"] for one in results["disputed"]] == [other]
    (settled,) = results["settled"]
    assert settled["settled"] == {"verdict": "accept", "note": "fine", "owner": ""}
    assert [one["verdict"] for one in settled["verdicts"]] == ["accept", "reject"]

    refused(dubench_review("settle", "du", "du-99999999", "accept"), "no sample 'du-99999999'")
    assert dubench_review("settle", "du", name, "perhaps").returncode == 2
    refused(dubench_review("results", "nowhere"), "nowhere: no such folder")
    assert set(store.rulings.standing()) == {store.sample(name).item}


def test_a_settled_sample_is_given_to_nobody_until_handed_out(
    store: ReviewStore, dubench_review: Run
) -> None:
    name = shared(store)[0]
    dubench_review("settle", "du", name, "reject")
    assert judge(store, "ada") == 4
    refused(dubench_review("hand-out", "du", "du-99999999"), "no sample 'du-99999999'")
    assert store.lease("ada") is None
    run = dubench_review("hand-out", "du", name)
    assert run.stdout == f"{name}: the next reviewer who has not seen it is given it\n"
    lease = store.lease("ada")
    assert lease
    assert lease.item.sample_id == name
    assert (lease.item.needs, store.rulings.standing()) == (2, {})


@pytest.mark.parametrize("settled", [True, False])
def test_what_all_have_judged_is_handed_out_to_one_more(
    store: ReviewStore, dubench_review: Run, settled: bool
) -> None:
    judge(store, "ada")
    judge(store, "bo", frozenset(shared(store)))
    name = shared(store)[0]
    if settled:
        dubench_review("settle", "du", name, "reject")
    for _ in range(2):  # twice is once
        run = dubench_review("hand-out", "du", name)
        assert run.stdout.splitlines()[1:] == [
            "one more person needed: nobody who may log in can judge 1 sample"
        ]
    store.accounts.add("cy", PASSWORD)
    assert dubench_review("hand-out", "du", name).stdout.count("\n") == 1
    assert judge(store, "cy") == 1
    item = store.sample(name).item
    assert [one.reviewer for one in store.verdicts() if one.item == item] == ["ada", "bo", "cy"]
    progress = store.progress()
    assert (progress.done, progress.needed) == (8, 8)
    # Another overlap takes no verdict away.
    store.set_needs(0.4, {item})
    assert store.sample(name).needs == 3


def test_discarded_verdicts_are_given_to_others(store: ReviewStore, dubench_review: Run) -> None:
    given = judge(store, "bo")
    assert given == 5
    refused(dubench_review("discard", "du", "eve"), "no reviewer 'eve'; there is ada, bo")
    assert len(store.verdicts()) == 5
    run = dubench_review("discard", "du", "BO")
    assert run.stdout == "5 verdicts of bo are void; others are given the samples again\n"
    assert store.verdicts() == []
    assert store.lease("bo") is None
    assert judge(store, "ada") == 5
    assert sum(event.action == "discard" for event in store.events()) == 5


def test_an_invitation_lets_in_once(store: ReviewStore, dubench_review: Run) -> None:
    run = dubench_review("invite", "olga", "--dataset", "du", "--owner", "--url", "https://r.org/")
    place, token = run.stdout.strip().split("#")
    assert place == "https://r.org/join"
    assert not store.accounts.check("olga", "")
    assert store.accounts.accept(token, "olga's own words") == "olga"
    assert store.accounts.known("olga").role == "owner"
    assert store.accounts.check("olga", "olga's own words")
    with pytest.raises(InputError, match="was used"):
        store.accounts.accept(token, "somebody else's")
    refused(dubench_review("invite", "o lga", "--dataset", "du"), "a name is 1 to 40 letters")


def test_an_invitation_changes_no_role(store: ReviewStore, dubench_review: Run) -> None:
    run = dubench_review("invite", "Ada", "--dataset", "du", "--owner")
    refused(run, "ada is there already as reviewer, and stays so: invite the owner by another name")
    assert not store.accounts.known("ada").invited
    store.accounts.add("olga", PASSWORD, "owner")
    assert "/join#" in dubench_review("invite", "olga", "--dataset", "du").stdout
    assert store.accounts.known("olga").role == "owner"


def test_another_password(store: ReviewStore, dubench_review: Run) -> None:
    run = dubench_review("set-password", "Ada", "--dataset", "du", password="another one")
    assert run.stdout == "ada has another password\n"
    assert store.accounts.check("ada", "another one")
    assert not store.accounts.check("ada", PASSWORD)
    short = dubench_review("set-password", "bo", "--dataset", "du", password="short")
    refused(short, "8 characters")
    assert store.accounts.check("bo", PASSWORD)
    unknown = dubench_review("set-password", "eve", "--dataset", "du", password="another one")
    refused(unknown, "no reviewer 'eve'")


def test_disabled_and_enabled(store: ReviewStore, dubench_review: Run) -> None:
    lease = store.lease("bo")
    assert lease
    store.submit(lease.token, "bo", "accept")
    assert dubench_review("disable", "bo", "--dataset", "du").stdout == (
        "bo may not log in any more\n"
    )
    assert not store.accounts.check("bo", PASSWORD)
    with pytest.raises(InputError):
        store.lease("bo")
    assert len(store.verdicts()) == 1
    refused(dubench_review("invite", "bo", "--dataset", "du"), "enable the account first")
    assert dubench_review("enable", "bo", "--dataset", "du").stdout == "bo may log in again\n"
    assert store.accounts.check("bo", PASSWORD)
    for command in ("disable", "enable"):
        refused(dubench_review(command, "eve", "--dataset", "du"), "no reviewer 'eve'")


def test_back_to_a_backup(store: ReviewStore, dubench_review: Run, in_memory: Path) -> None:
    judge(store, "ada")
    before = store.verdicts()
    run = dubench_review("backup", "du", "--out", "kept.sqlite")
    assert run.stdout.startswith("kept.sqlite: 5 verdicts; ")
    kept = in_memory / "kept.sqlite"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert integrity(kept) == "ok"
    assert sorted(path.name for path in in_memory.iterdir()) == ["du.review", "kept.sqlite"]

    content = kept.read_bytes()
    refused(dubench_review("backup", "du", "--out", "kept.sqlite"), "is there already")
    assert kept.read_bytes() == content

    judge(store, "bo")
    store.rulings.discard("ada")
    assert store.verdicts() != before
    run = dubench_review("restore", "du", "kept.sqlite")
    assert run.stdout == "du: 5 verdicts, as in kept.sqlite\n"
    assert review_of(in_memory / "du").verdicts() == before

    (in_memory / "text").write_text("no database")
    refused(dubench_review("restore", "du", "text"), "text")
    other = review(in_memory / "other", [sample(0)], ["ada"])
    with sqlite3.connect(in_memory / "other.review" / "review.sqlite") as db:
        db.execute("UPDATE plan SET value = '\"2025-01-01T00:00:00+00:00\"' WHERE key = 'created'")
    other.backup(in_memory / "others.sqlite")
    refused(dubench_review("restore", "du", "others.sqlite"), "a backup of another review")
    refused(dubench_review("restore", "du", "missing"), "missing")
    assert review_of(in_memory / "du").verdicts() == before
