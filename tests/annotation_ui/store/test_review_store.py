import inspect
import itertools
import shutil
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation_ui.store import passwords
from annotation_ui.store.assignment import GOLD_GAP, REPEAT_GAP
from annotation_ui.store.items import Item
from annotation_ui.store.records import (
    NOTE_LENGTH,
    REASONS,
    Answer,
    OwnProgress,
    StaleLeaseError,
)
from annotation_ui.store.review_store import LEASE, ReviewStore
from generators.errors import InputError
from tests.annotation_ui.plans import (
    Clock,
    gold,
    integrity,
    name,
    repeat,
    review_plan,
    sample,
    samples,
)

PASSWORD = "correct horse"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tmp_path(in_memory: Path) -> Path:
    return in_memory


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here passwords are not the point; test_accounts.py has them at full strength."""
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)


def opened(folder: Path, items: list[Item], clock: Clock, people: str = "ab") -> ReviewStore:
    path = folder / "review.sqlite"
    ReviewStore.create(path, review_plan(), items)
    store = ReviewStore(path, clock)
    for person in people:
        store.accounts.add(person, PASSWORD)
    return store


def judge(store: ReviewStore, person: str, verdict: str = "accept", note: str = "") -> str:
    """Lease and submit; returns the item."""
    lease = store.lease(person)
    assert lease is not None
    store.submit(lease.token, person, verdict, (), note, 1.5)
    return lease.item.item


def drain(store: ReviewStore, person: str) -> list[str]:
    """Judge until nothing is left; returns the items in order."""
    order = []
    while store.lease(person):
        order.append(judge(store, person))
    return order


# Making and opening


def test_gives_back_plan_and_items(tmp_path: Path, clock: Clock) -> None:
    items = [sample(2), gold(1), repeat(0, of=2)]  # A repeat may stand before its original.
    plan = replace(
        review_plan((("test", "none", "", "folder", 3),)),
        content_ids={"test": "3f9c"},
        fraction=0.1,
    )
    store = ReviewStore.create(tmp_path / "review.sqlite", plan, items)
    assert store.plan() == plan
    assert store.items() == sorted(items, key=lambda item: item.rank)
    assert store.item(name(1)) == gold(1)
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    with pytest.raises(InputError, match="no item 'nothing'"):
        store.item("nothing")


def test_never_writes_over_a_review(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    judge(store, "a")
    with pytest.raises(InputError, match="there is a review already"):
        ReviewStore.create(tmp_path / "review.sqlite", review_plan(), [])
    assert len(store.verdicts()) == 1


def test_half_a_plan_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ReviewStore.create(tmp_path / "review.sqlite", review_plan(), [sample(0), sample(0)])
    with pytest.raises(sqlite3.IntegrityError):
        ReviewStore.create(tmp_path / "review.sqlite", review_plan(), [repeat(0, of=1)])
    assert list(tmp_path.iterdir()) == []


def test_what_a_deleted_review_left_behind_is_not_read(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1]), clock)
    judge(store, "a")
    path = tmp_path / "review.sqlite"
    shutil.copy(f"{path}-wal", tmp_path / "kept")
    del store
    path.unlink()
    shutil.move(tmp_path / "kept", f"{path}-wal")
    again = ReviewStore.create(path, review_plan(), samples([1]))
    assert (again.accounts.reviewers(), list(again.events())) == ([], [])
    assert integrity(path) == "ok"


@pytest.mark.parametrize("what", ["missing", "text", "foreign", "newer", "folder"])
def test_opens_nothing_but_reviews(tmp_path: Path, what: str) -> None:
    path = tmp_path / "review.sqlite"
    if what == "text":
        path.write_text("not a database, but long enough to have a header " * 40)
    elif what == "folder":
        path.mkdir()
    elif what == "newer":
        ReviewStore.create(path, review_plan(), [])
    if what in ("foreign", "newer"):
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 1")
        db.close()
    with pytest.raises(InputError, match=r"review\.sqlite: ") as caught:
        ReviewStore(path)
    assert "\n" not in str(caught.value)
    assert path.exists() == (what != "missing")


def test_writes_ahead_and_reaches_the_disk_before_it_returns(tmp_path: Path, clock: Clock) -> None:
    db = opened(tmp_path, [], clock)._db()
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_events_cannot_be_changed_even_by_hand(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    judge(store, "a")
    before = list(store.events())
    db = sqlite3.connect(tmp_path / "review.sqlite")
    for change in ("DELETE FROM events", "UPDATE events SET note = 'other'"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            db.execute(change)
    db.close()
    assert list(store.events()) == before


def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1] * 100), clock)
    db = store._db()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 20}")  # As if the disk had room for no more.
    saved: list[str] = []
    with pytest.raises(sqlite3.OperationalError, match="full"):
        saved.extend(judge(store, "a", note="x" * NOTE_LENGTH) for _ in range(100))
    assert 0 < len(saved) < 100
    assert [verdict.item for verdict in store.verdicts()] == saved
    assert integrity(tmp_path / "review.sqlite") == "ok"
    db.execute("PRAGMA max_page_count = 1000000")
    assert judge(store, "a") == name(len(saved))


# Leases


def test_items_come_by_rank_and_once(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, [sample(3), sample(1), sample(2)], clock)
    assert drain(store, "a") == [name(1), name(2), name(3)]
    assert store.lease("a") is None
    assert store.lease("b") is None


def test_an_open_lease_comes_back_in_every_tab(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1]), clock)
    first = store.lease("a")
    clock.passes(9)
    again = ReviewStore(tmp_path / "review.sqlite", clock).lease("a")
    assert first
    assert again
    assert (again.token, again.item) == (first.token, first.item)
    assert again.expires == clock() + LEASE
    assert again.expires.tzinfo is UTC
    other = store.lease("b")
    assert other
    assert other.item.item == name(1)


def test_who_leaves_blocks_nobody_for_long(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    assert store.lease("a")
    assert store.lease("b") is None
    clock.passes(10)
    taken = store.lease("b")
    assert taken
    assert taken.item.item == name(0)
    assert store.lease("a") is None
    assert [event.action for event in store.events()] == ["lease", "lease", "expire"]


def test_a_renewed_lease_holds(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    lease = store.lease("a")
    assert lease
    for _ in range(5):
        clock.passes(9)
        assert store.renew(lease.token, "a") == clock() + LEASE
        assert store.lease("b") is None
    store.submit(lease.token, "a", "accept")
    with pytest.raises(StaleLeaseError, match="judged this item already") as caught:
        store.renew(lease.token, "a")
    assert caught.value.answer is None


def test_renewing_what_another_window_left_is_stale(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1]), clock)
    judge(store, "a")
    left = store.lease("a")
    assert left
    undone = store.undo("a")
    assert undone
    with pytest.raises(StaleLeaseError, match="another window"):
        store.renew(left.token, "a")
    assert store.lease("a") == undone
    # Its answer is welcome all the same: nobody else has the item.
    store.submit(left.token, "a", "accept", note="from the other window")
    assert [verdict.note for verdict in store.verdicts()] == ["from the other window"]


def test_leases_may_differ_in_length(tmp_path: Path, clock: Clock) -> None:
    opened(tmp_path, samples([1]), clock)
    lease = ReviewStore(tmp_path / "review.sqlite", clock, timedelta(seconds=3)).lease("a")
    assert lease
    assert lease.expires == clock() + timedelta(seconds=3)


def test_running_leases_are_those_not_run_out(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1, 1]), clock)
    mine = store.lease("a")
    clock.passes(5)
    theirs = store.lease("b")
    assert store.running_leases() == {"a": mine, "b": theirs}
    clock.passes(5)
    assert store.running_leases() == {"b": theirs}


def test_upcoming_is_what_comes_next_and_is_not_held(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 2, 1]), clock)
    first = store.upcoming("a")
    assert first == store.item(name(0))
    seen = []
    while store.lease("a"):
        before = list(store.events())
        upcoming = store.upcoming("a")
        assert list(store.events()) == before
        seen.append((judge(store, "a"), upcoming.item if upcoming else None))
    assert seen == [(name(0), name(1)), (name(1), name(2)), (name(2), None)]
    assert store.upcoming("b") == store.item(name(1))


# Stale leases


def test_a_stale_lease_is_refused_and_gives_the_text_back(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    slow = store.lease("a")
    assert slow
    clock.passes(10)
    judge(store, "b")
    note = "halo around the roof,\nsee \x00 <b>left</b> "
    with pytest.raises(StaleLeaseError, match="ran out and somebody else") as caught:
        store.submit(slow.token, "a", "reject", ["other", "unnatural look"], note)
    assert caught.value.answer == Answer("reject", ("unnatural look", "other"), note)
    assert [verdict.reviewer for verdict in store.verdicts()] == ["b"]
    with pytest.raises(StaleLeaseError, match="somebody else"):
        store.renew(slow.token, "a")


def test_a_stale_lease_is_refused_while_another_looks(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    slow = store.lease("a")
    assert slow
    clock.passes(10)
    assert store.lease("b")
    with pytest.raises(StaleLeaseError, match="somebody else"):
        store.submit(slow.token, "a", "accept")
    clock.passes(10)  # b left as well: there is room again.
    store.submit(slow.token, "a", "accept")
    assert [verdict.reviewer for verdict in store.verdicts()] == ["a"]


def test_an_expired_lease_that_nobody_took_still_counts(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    lease = store.lease("a")
    assert lease
    clock.passes(60 * 24)
    store.submit(lease.token, "a", "accept")
    assert store.lease("b") is None


def test_an_expired_lease_counts_while_the_item_has_room(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([2]), clock, "abc")
    lease = store.lease("a")
    assert lease
    clock.passes(10)
    judge(store, "b")
    store.submit(lease.token, "a", "reject")
    assert [verdict.reviewer for verdict in store.verdicts()] == ["b", "a"]
    assert store.lease("c") is None


def test_a_token_is_good_for_its_own_reviewer_alone(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    lease = store.lease("a")
    assert lease
    for token, person in ((lease.token, "b"), ("0" * 32, "a"), ("", "a")):
        with pytest.raises(StaleLeaseError, match="out of date"):
            store.submit(token, person, "accept")
        with pytest.raises(StaleLeaseError, match="out of date"):
            store.renew(token, person)
    assert store.verdicts() == []


def test_the_same_click_twice_is_one_verdict(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1]), clock)
    lease = store.lease("a")
    assert lease
    store.submit(lease.token, "a", "reject", ["inconsistent"], "n", 2.0)
    before = list(store.events())
    store.submit(lease.token, "a", "reject", ["inconsistent", "inconsistent"], "n", 9.0)
    assert list(store.events()) == before
    with pytest.raises(StaleLeaseError, match="judged this item already"):
        store.submit(lease.token, "a", "accept", [], "n", 2.0)
    assert list(store.events()) == before


# Several reviewers, planted items


def test_an_item_that_needs_two_goes_to_two(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([2, 1, 2]), clock, "abc")
    assert drain(store, "a") == [name(0), name(1), name(2)]
    assert drain(store, "b") == [name(0), name(2)]
    assert drain(store, "c") == []


def test_two_may_look_at_once_and_a_third_may_not(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([2]), clock, "abc")
    assert store.lease("a")
    assert store.lease("b")
    assert store.lease("c") is None


def test_gold_goes_to_everybody_once(tmp_path: Path, clock: Clock) -> None:
    items = [sample(0), gold(1), *(sample(rank) for rank in range(2, 9)), gold(9)]
    store = opened(tmp_path, items, clock, "abc")
    assert drain(store, "a") == [name(rank) for rank in range(10)]
    assert drain(store, "b") == [name(1), name(9)]
    assert drain(store, "c") == [name(1), name(9)]


def test_gold_does_not_come_in_a_row(tmp_path: Path, clock: Clock) -> None:
    early = [item for rank in range(0, 8, 2) for item in (gold(rank), sample(rank + 1))]
    store = opened(tmp_path, [*early, *(sample(rank) for rank in range(8, 40))], clock)
    assert [judge(store, "a") for _ in range(5)] == [name(rank) for rank in (0, 1, 3, 5, 7)]
    seen = drain(store, "b")  # Joins late: all early samples are taken, the gold is not.
    places = [place for place, item in enumerate(seen) if store.item(item).role == "gold"]
    assert len(places) == 4
    assert min(b - a for a, b in itertools.pairwise(places)) == GOLD_GAP + 1


def test_a_repeat_comes_later_and_to_the_same_reviewer(tmp_path: Path, clock: Clock) -> None:
    items = [sample(0), repeat(1, of=0), *(sample(rank) for rank in range(2, 40))]
    store = opened(tmp_path, items, clock)
    assert judge(store, "a") == name(0)
    others = [judge(store, "b") for _ in range(REPEAT_GAP + 3)]
    assert name(1) not in others
    mine = drain(store, "a")
    assert mine.index(name(1)) == REPEAT_GAP
    assert drain(store, "b") == []


def test_a_repeat_waits_for_an_original_taken_back(tmp_path: Path, clock: Clock) -> None:
    rest = [sample(rank) for rank in range(2, 2 + REPEAT_GAP)]
    store = opened(tmp_path, [sample(0), *rest, repeat(99, of=0)], clock)
    for _ in range(REPEAT_GAP + 1):
        judge(store, "a")
    due = store.lease("a")
    assert due
    assert due.item.role == "repeat"
    for _ in range(REPEAT_GAP + 1):
        assert store.undo("a")
    assert judge(store, "a") == name(0)
    assert drain(store, "a") == [*(item.item for item in rest), name(99)]


# Undo


def test_undo_gives_verdict_reasons_and_note_back(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1]), clock)
    first = store.lease("a")
    assert first
    assert first.answer is None
    given = Answer("reject", ("broken image", "other"), " zwölf \n\t'; DROP TABLE events; -- 🌫")
    store.submit(first.token, "a", given.verdict, given.reasons, given.note, 4.25)
    following = store.lease("a")
    assert following
    undone = store.undo("a")
    assert undone
    assert undone.answer == given
    assert undone.item == first.item
    assert undone.token not in (first.token, following.token)
    assert store.verdicts() == []
    assert store.history("a") == []
    # A reload of the page, or a new server, has it too; the item that was open is free again.
    assert ReviewStore(tmp_path / "review.sqlite", clock).lease("a") == undone
    taken = store.lease("b")
    assert taken
    assert taken.item == following.item
    with pytest.raises(StaleLeaseError, match="took this verdict back"):
        store.submit(first.token, "a", given.verdict, given.reasons, given.note)
    store.submit(undone.token, "a", "accept")
    assert [verdict.verdict for verdict in store.verdicts()] == ["accept"]
    assert [event.action for event in store.events()] == [
        "lease", "submit", "lease", "release", "undo", "lease", "renew", "lease", "submit",
    ]  # fmt: skip


def test_undo_goes_back_as_far_as_there_are_verdicts(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1, 1, 1]), clock)
    assert store.undo("a") is None
    for note in "xyz":
        judge(store, "a", note=note)
    judged = []
    while undone := store.undo("a"):
        assert undone.answer
        judged.append((undone.item.item, undone.answer.note))
    assert judged == [(name(2), "z"), (name(1), "y"), (name(0), "x")]
    # Each comes again by rank, filled in as it was.
    for note in "xyz":
        lease = store.lease("a")
        assert lease
        assert lease.answer == Answer("accept", (), note)
        store.submit(lease.token, "a", "accept", (), note)


def test_undo_takes_back_only_ones_own(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([2]), clock)
    judge(store, "a", "accept")
    judge(store, "b", "reject")
    undone = store.undo("a")
    assert undone
    assert undone.answer == Answer("accept", (), "")
    assert [verdict.reviewer for verdict in store.verdicts()] == ["b"]


def test_undo_when_others_took_the_item_meanwhile(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    judge(store, "a", "reject", note="first thought")
    undone = store.undo("a")
    assert undone
    assert store.lease("b") is None  # Taking back leaves no gap for others.
    clock.passes(10)
    judge(store, "b")
    with pytest.raises(StaleLeaseError, match="somebody else") as caught:
        store.submit(undone.token, "a", "reject", ["inconsistent"], "second thought")
    assert caught.value.answer
    assert caught.value.answer.note == "second thought"
    assert [verdict.reviewer for verdict in store.verdicts()] == ["b"]
    assert store.undo("a") is None


# Answers


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    note=st.text(
        st.characters(codec="utf-8") | st.sampled_from("\x00\n\r\u2028'\"\\<>&"),
        max_size=NOTE_LENGTH,
    ),
    reasons=st.lists(st.sampled_from(REASONS)),
)
def test_notes_are_kept_to_the_character(
    shared: ReviewStore, note: str, reasons: list[str]
) -> None:
    if "other" in reasons and not note.strip():
        note += "."
    note = note[:NOTE_LENGTH]
    lease = shared.lease("a")
    assert lease
    shared.submit(lease.token, "a", "reject", reasons, note)
    (judged,) = shared.history("a", limit=1)
    ordered = tuple(reason for reason in REASONS if reason in reasons)
    assert judged.answer == Answer("reject", ordered, note)
    assert shared.verdicts()[-1].note == note
    undone = shared.undo("a")
    assert undone
    assert undone.answer == judged.answer


@pytest.fixture
def shared(tmp_path: Path, clock: Clock) -> ReviewStore:
    return opened(tmp_path, samples([1]), clock)


@pytest.mark.parametrize(
    ("verdict", "reasons", "note", "seconds", "message"),
    [
        ("maybe", [], "", None, "verdict 'maybe'"),
        ("", [], "", None, "verdict ''"),
        ("reject", ["ugly"], "", None, "reason 'ugly'"),
        ("reject", ["other"], " \n", None, "say in the note"),
        ("accept", ["inconsistent"], "", None, "an accept takes no reasons"),
        ("accept", [], "x" * (NOTE_LENGTH + 1), None, "2,001 characters; 2,000 fit"),
        ("accept", [], "ab\ud800", None, "character 3"),
        ("accept", [], "", -1.0, "seconds=-1.0"),
        ("accept", [], "", float("nan"), "seconds=nan"),
        ("accept", [], "", float("inf"), "seconds=inf"),
    ],
)
def test_refuses_what_is_no_answer(
    shared: ReviewStore,
    verdict: str,
    reasons: list[str],
    note: str,
    seconds: float | None,
    message: str,
) -> None:
    lease = shared.lease("a")
    assert lease
    with pytest.raises(InputError, match=message) as raised:
        shared.submit(lease.token, "a", verdict, reasons, note, seconds)
    assert "\n" not in str(raised.value)
    assert shared.verdicts() == []
    shared.submit(lease.token, "a", "accept", [], "x" * NOTE_LENGTH, 0.0)


def test_strangers_are_refused(shared: ReviewStore) -> None:
    for call in (
        lambda: shared.lease("eve"),
        lambda: shared.undo("eve"),
        lambda: shared.renew("0" * 32, "eve"),
        lambda: shared.submit("0" * 32, "eve", "accept"),
    ):
        with pytest.raises(InputError, match="no reviewer 'eve'"):
            call()


# What one sees


def test_reviewers_see_nothing_of_each_others_verdicts(tmp_path: Path, clock: Clock) -> None:
    """Whatever is asked in a reviewer's name is the same whatever another answered."""

    def seen_by_b(folder: Path, verdict: str, reasons: list[str], note: str) -> list[object]:
        folder.mkdir()
        store = opened(folder, samples([2, 2, 1]), Clock())
        for _ in range(2):
            lease = store.lease("a")
            assert lease
            store.submit(lease.token, "a", verdict, reasons, note, 1.0)
        lease = store.lease("b")
        assert lease
        seen: list[object] = [lease.item, lease.expires, lease.answer]
        seen += [store.history("b"), store.own_progress("b"), store.undo("b")]
        store.submit(lease.token, "b", "accept")
        undone = store.undo("b")
        assert undone
        return [*seen, undone.item, undone.answer, store.history("b"), store.own_progress("b")]

    accepted = seen_by_b(tmp_path / "accepted", "accept", [], "")
    rejected = seen_by_b(tmp_path / "rejected", "reject", ["other"], "a secret")
    assert accepted == rejected
    # Of what names no reviewer, only these tell verdicts; they are not for the app.
    open_to_all = {
        call
        for call, code in inspect.getmembers(ReviewStore, inspect.isfunction)
        if not call.startswith("_") and "reviewer" not in inspect.signature(code).parameters
    }
    assert open_to_all == {
        "create", "plan", "items", "item", "sample", "examples", "set_needs", "broken", "counted",
        "progress", "verdicts", "running_leases", "events", "snapshot", "backup", "replace_by",
    }  # fmt: skip


def test_history_is_ones_own_last_first(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([2, 2, 2]), clock)
    for note in "xyz":
        judge(store, "a", note=note)
        clock.passes(1)
    judge(store, "b", note="b's")
    notes = [judged.answer.note for judged in store.history("a")]
    assert notes == ["z", "y", "x"]
    (last,) = store.history("a", limit=1)
    assert last.item == store.item(name(2))
    assert last.at == clock() - timedelta(minutes=1)


def test_own_progress_does_not_give_planted_items_away(tmp_path: Path, clock: Clock) -> None:
    middle = [sample(rank) for rank in range(2, 14)]
    store = opened(tmp_path, [sample(0), gold(1), *middle, repeat(14, of=0)], clock, "a")
    total = 15
    for done in range(total):
        own = store.own_progress("a")
        assert (own.done, own.left) == (done, total - done)
        judge(store, "a")
    assert store.lease("a") is None
    assert store.own_progress("a").left == 0


def test_nothing_is_left_when_others_did_it(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, [*samples([1] * 12), repeat(12, of=0), repeat(13, of=11)], clock)
    # Too little came after item 11 to hide its repeat; it comes once nothing else is left.
    assert drain(store, "a")[-1] == name(13)
    assert store.own_progress("a") == OwnProgress(done=14, left=0)
    assert store.lease("b") is None
    assert store.own_progress("b") == OwnProgress(done=0, left=0)


def test_progress_counts_verdicts_on_samples(tmp_path: Path, clock: Clock) -> None:
    items = [sample(0, 2, "haze"), sample(1, 1, "blur"), gold(2), sample(3, 1, "blur")]
    store = opened(tmp_path, items, clock, "abc")
    for _ in range(3):
        judge(store, "a")
    judge(store, "b")
    progress = store.progress()
    assert (progress.done, progress.needed) == (3, 4)
    assert progress.by_type == {"blur": (1, 2), "haze": (2, 2)}
    assert progress.by_reviewer == {"a": 3, "b": 1, "c": 0}
    store.undo("b")
    assert store.progress().by_type["haze"] == (1, 2)


def test_progress_of_nothing(tmp_path: Path, clock: Clock) -> None:
    progress = opened(tmp_path, [], clock, "").progress()
    assert (progress.done, progress.needed) == (0, 0)
    assert (progress.by_type, progress.by_reviewer) == ({}, {})


def test_a_snapshot_is_all_of_it_at_one_moment(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, [sample(0, 2), gold(1)], clock)
    judge(store, "a", "reject", "n")
    lease = store.lease("b")
    snapshot = store.snapshot()
    judge(store, "b")
    assert snapshot.plan == store.plan()
    assert snapshot.items == tuple(store.items())
    assert [verdict.note for verdict in snapshot.verdicts] == ["n"]
    assert [event.action for event in snapshot.events] == ["lease", "submit", "lease"]
    assert snapshot.reviewers == ("a", "b")
    assert (snapshot.progress.done, snapshot.progress.needed) == (1, 2)
    assert snapshot.leases == {"b": lease}
    # Others may write meanwhile, and it writes nothing itself.
    assert len(store.snapshot().verdicts) == 2


def test_a_plan_of_another_version_is_one_line(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    with sqlite3.connect(tmp_path / "review.sqlite") as db:
        db.execute("DELETE FROM plan WHERE key = 'unreviewed'")
    db.close()
    with pytest.raises(InputError, match=r"review\.sqlite: plan: unreviewed is missing"):
        store.plan()


def test_verdicts_tell_of_the_item(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, [gold(7)], clock)
    judge(store, "a", "reject", "n")
    (verdict,) = store.verdicts()
    assert (verdict.item, verdict.sample_id, verdict.role) == (name(7), "du-00000007", "gold")
    assert (verdict.type, verdict.reviewer, verdict.at) == ("blur", "a", clock())
    assert (verdict.verdict, verdict.reasons, verdict.note) == ("reject", (), "n")


def test_threads_of_one_store_never_get_the_same_item(tmp_path: Path, clock: Clock) -> None:
    people = "abcdefgh"
    store = opened(tmp_path, samples([1, 2] * 20), clock, people)
    errors: list[BaseException] = []

    def work(person: str) -> None:
        try:
            drain(store, person)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    pairs = [(verdict.item, verdict.reviewer) for verdict in store.verdicts()]
    assert len(pairs) == len(set(pairs)) == store.progress().needed == 60
    counts = {item.item: item.needs for item in store.items()}
    assert all(sum(item == one for item, _ in pairs) == counts[one] for one in counts)


# The owner, backups, clocks


def test_a_lease_of_a_clock_set_back_holds_nothing(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    clock.passes(60 * 24 * 3)
    assert store.lease("a")
    clock.passes(-60 * 24 * 3)
    assert judge(store, "b") == name(0)


def test_a_backup_has_what_the_file_alone_lacks(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1] * 6), clock)
    for _ in range(3):
        judge(store, "a")
    out = tmp_path / "backup.sqlite"
    assert store.backup(out) == 3
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == ["backup.sqlite"]
    shutil.copy(tmp_path / "review.sqlite", tmp_path / "copy.sqlite")
    assert len(ReviewStore(tmp_path / "copy.sqlite").verdicts()) < 3
    assert ReviewStore(out).verdicts() == store.verdicts()
    with pytest.raises(InputError, match="is there already"):
        store.backup(out)
    judge(store, "b")
    assert store.replace_by(out) == 3
    assert len(store.verdicts()) == 3
    assert judge(store, "b") == name(3)
    assert integrity(tmp_path / "review.sqlite") == "ok"


def test_seconds_are_a_day_at_most(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, samples([1]), clock)
    lease = store.lease("a")
    assert lease
    store.submit(lease.token, "a", "accept", seconds=1e300)
    assert [event.seconds for event in store.events()] == [None, 86400.0]


def test_rulings_are_never_changed_and_planted_items_are_not_ruled(
    tmp_path: Path, clock: Clock
) -> None:
    store = opened(tmp_path, [sample(0, 2), gold(1)], clock)
    store.rulings.settle(name(0), "reject", "halo", "olga")
    (ruling,) = store.rulings.standing().values()
    assert (ruling.verdict, ruling.note, ruling.owner, ruling.at) == (
        "reject", "halo", "olga", clock()
    )  # fmt: skip
    assert (store.progress().done, store.progress().needed) == (0, 0)
    for item, verdict, message in (
        (name(1), "accept", "planted"),
        (name(0), "maybe", "accept or reject"),
        ("nothing", "accept", "no item"),
    ):
        with pytest.raises(InputError, match=message):
            store.rulings.settle(item, verdict)
    db = sqlite3.connect(tmp_path / "review.sqlite")
    for change in ("DELETE FROM rulings", "UPDATE rulings SET note = 'other'"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            db.execute(change)
    db.close()
