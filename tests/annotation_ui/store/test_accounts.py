import hashlib
import multiprocessing
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation_ui.store import passwords
from annotation_ui.store.records import Throttled
from annotation_ui.store.review_store import ReviewStore
from generators.errors import InputError
from tests.annotation_ui.plans import Clock, review_plan

PASSWORD = "correct horse"
WRONG = "battery staple"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(in_memory: Path) -> Path:
    path = in_memory / "review.sqlite"
    ReviewStore.create(path, review_plan(), [])
    return path


@pytest.fixture
def store(path: Path, clock: Clock) -> ReviewStore:
    return ReviewStore(path, clock)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap hashes, for tests of many tries."""
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)


def test_the_right_password_opens_and_no_other(store: ReviewStore) -> None:
    store.accounts.add("anna", PASSWORD)
    store.accounts.add("ben", WRONG)
    assert store.accounts.reviewers() == ["anna", "ben"]
    assert store.accounts.check("anna", PASSWORD)
    for name, password in (("anna", WRONG), ("ben", PASSWORD), ("anna", ""), ("Anna", WRONG)):
        assert not store.accounts.check(name, password)
    assert not store.accounts.check("nobody", PASSWORD)
    # Capitals make no other name, here as everywhere.
    assert store.accounts.check("ANNA", PASSWORD)


def test_keeps_scrypt_hashes_with_a_salt_each(store: ReviewStore, path: Path) -> None:
    store.accounts.add("anna", PASSWORD)
    store.accounts.add("ben", PASSWORD)
    db = sqlite3.connect(path)
    rows = db.execute("SELECT salt, hash FROM reviewers").fetchall()
    db.close()
    assert rows[0] != rows[1]
    for salt, hashed in rows:
        assert len(salt) == 16
        # The strength is written out here, so that weakening it shows.
        assert hashed == hashlib.scrypt(PASSWORD.encode(), salt=salt, n=16384, r=8, p=5)
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"anna" in files
    assert PASSWORD.encode() not in files


def test_an_unknown_name_is_hashed_like_a_known_one(
    store: ReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.accounts.add("anna", PASSWORD)
    hashed = []
    scrypt = hashlib.scrypt

    def counted(*arguments: object, **options: object) -> bytes:
        hashed.append(options)
        return scrypt(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "scrypt", counted)
    for name in ("anna", "nobody"):
        assert not store.accounts.check(name, WRONG)
    known, unknown = hashed
    assert known.keys() == unknown.keys()
    assert all(known[key] == unknown[key] for key in ("n", "r", "p"))


@pytest.mark.parametrize("name", ["a", "Ärzte.2-x_y", "李雷", "Ольга", "x" * 40, "42"])
@pytest.mark.usefixtures("quick")
def test_takes_names_of_any_script(store: ReviewStore, name: str) -> None:
    store.accounts.add(name, PASSWORD)
    assert store.accounts.check(name, PASSWORD)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 41,
        "a b",
        "a/b",
        "a\n",
        "<b>",
        "a,b",
        "e\u0301",
        "\ud800",
        "a\x00",
        "🌫",
        "a\u202eb",
    ],
)
def test_refuses_odd_names(store: ReviewStore, name: str) -> None:
    with pytest.raises(InputError, match="a name is 1 to 40 letters") as caught:
        store.accounts.add(name, PASSWORD)
    assert "\n" not in str(caught.value)
    assert store.accounts.reviewers() == []
    assert not store.accounts.check(name, PASSWORD)


@pytest.mark.usefixtures("quick")
def test_refuses_a_taken_name_and_a_short_password(store: ReviewStore) -> None:
    store.accounts.add("Jürgen", PASSWORD)
    for name in ("Jürgen", "JÜRGEN", "jürgen"):
        with pytest.raises(InputError, match="Jürgen is there already"):
            store.accounts.add(name, WRONG)
    with pytest.raises(InputError, match="8 characters or more") as caught:
        store.accounts.add("ben", "1234567")
    assert "1234567" not in str(caught.value)
    assert store.accounts.reviewers() == ["Jürgen"]
    assert store.accounts.check("Jürgen", PASSWORD)
    store.accounts.add("ben", "12345678")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(password=st.text(min_size=8, max_size=200), other=st.text(max_size=200))
@pytest.mark.usefixtures("quick")
def test_any_password_works(in_memory: Path, password: str, other: str) -> None:
    path = in_memory / "review.sqlite"
    path.unlink(missing_ok=True)
    store = ReviewStore.create(path, review_plan(), [])
    store.accounts.add("anna", password)
    assert store.accounts.check("anna", password)
    if passwords._hash(other, b"") != passwords._hash(password, b""):
        assert not store.accounts.check("anna", other)


@pytest.mark.usefixtures("quick")
def test_an_accent_typed_in_two_strokes_is_the_same_password(store: ReviewStore) -> None:
    store.accounts.add("anna", "caf\u00e9 creme")
    assert store.accounts.check("anna", "cafe\u0301 creme")


# Throttling


def waits(store: ReviewStore, name: str, password: str = WRONG) -> float:
    """Seconds that a try has to wait, or 0 if it was looked at and wrong."""
    try:
        assert not store.accounts.check(name, password)
    except Throttled as throttled:
        return throttled.seconds
    return 0.0


@pytest.mark.usefixtures("quick")
def test_the_sixth_wrong_password_waits_and_each_further_twice_as_long(
    store: ReviewStore, clock: Clock
) -> None:
    store.accounts.add("anna", PASSWORD)
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    for seconds in (60, 120, 240, 480, 900, 900, 900):
        assert waits(store, "anna") == seconds
        clock.passes(seconds / 60 - 0.01)
        assert 0 < waits(store, "anna") < 1
        clock.passes(0.01)
        assert waits(store, "anna") == 0


@pytest.mark.usefixtures("quick")
def test_hammering_does_not_keep_the_owner_out(store: ReviewStore, clock: Clock) -> None:
    store.accounts.add("anna", PASSWORD)
    for _ in range(200):
        waits(store, "anna")
    with pytest.raises(Throttled, match="try again in 60 s"):
        store.accounts.check("anna", PASSWORD)
    clock.passes(1)
    assert store.accounts.check("anna", PASSWORD)
    # And everything is forgiven.
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]


@pytest.mark.usefixtures("quick")
def test_a_quiet_while_clears_the_count(store: ReviewStore, clock: Clock) -> None:
    store.accounts.add("anna", PASSWORD)
    for _ in range(3):
        assert [waits(store, "anna") for _ in range(4)] == [0] * 4
        clock.passes(5)
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    clock.passes(6)
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]


@pytest.mark.usefixtures("quick")
def test_one_name_does_not_throttle_another(store: ReviewStore, clock: Clock, path: Path) -> None:
    store.accounts.add("anna", PASSWORD)
    store.accounts.add("ben", PASSWORD)
    assert [waits(store, "nobody") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    assert store.accounts.check("ben", PASSWORD)
    # What was counted goes away again.
    clock.passes(30)
    waits(store, "other")
    db = sqlite3.connect(path)
    assert db.execute("SELECT folded FROM failures").fetchall() == [("other",)]
    db.close()


NAMES = [f"nobody-{n}" for n in range(80)]


def _guess(path: Path, together: Any, results: Any) -> None:
    passwords.SCRYPT["n"] = 2
    store = ReviewStore(path)
    looked_at = []
    for name in NAMES:
        together.wait()
        looked_at += [name for _ in range(4) if waits(store, name) == 0]
    results.put(looked_at)


def test_processes_share_the_count(store: ReviewStore, path: Path) -> None:
    """Of twelve guesses by three processes at once, five are looked at, name after name."""
    context = multiprocessing.get_context("spawn")
    results, together = context.Queue(), context.Barrier(3)
    guess = {"target": _guess, "args": (path, together, results), "daemon": True}
    processes = [context.Process(**guess) for _ in range(3)]
    for process in processes:
        process.start()
    looked_at = Counter(name for _ in processes for name in results.get(timeout=600))
    for process in processes:
        process.join()
    assert looked_at == dict.fromkeys(NAMES, 5)


# Invitations, other passwords, disabled accounts


@pytest.mark.usefixtures("quick")
def test_an_invitation_is_good_once_and_for_a_week(
    store: ReviewStore, clock: Clock, path: Path
) -> None:
    people = store.accounts
    first, token = people.invite("anna"), people.invite("Anna")
    assert people.reviewers() == ["anna"]
    assert not people.check("anna", "")
    assert token.encode() not in path.read_bytes()
    with pytest.raises(InputError, match="used, replaced or ran out"):
        people.accept(first, PASSWORD)
    with pytest.raises(InputError, match="8 characters"):
        people.accept(token, "short")
    assert people.accept(token, PASSWORD) == "anna"
    assert people.check("anna", PASSWORD)
    with pytest.raises(InputError, match="used, replaced or ran out"):
        people.accept(token, WRONG)
    # For an account that is there it is a new password; the old one holds until then.
    late, epoch = people.invite("anna"), people.known("anna").epoch
    assert people.check("anna", PASSWORD)
    clock.passes(7 * 24 * 60)
    with pytest.raises(InputError, match="ran out"):
        people.accept(late, WRONG)
    assert people.accept(people.invite("anna"), WRONG) == "anna"
    assert people.known("anna").epoch != epoch


@pytest.mark.usefixtures("quick")
def test_a_disabled_account_stays_out_until_it_is_enabled(store: ReviewStore) -> None:
    people = store.accounts
    people.add("anna", PASSWORD)
    people.set_disabled("ANNA", True)
    assert not people.check("anna", PASSWORD)
    with pytest.raises(InputError, match="no reviewer 'anna'"):
        store.lease("anna")
    with pytest.raises(InputError, match="disabled"):
        people.invite("anna")
    people.set_disabled("anna", False)
    assert people.check("anna", PASSWORD)
    people.set_password("anna", WRONG)
    assert people.check("anna", WRONG)
    assert not people.check("anna", PASSWORD)
    with pytest.raises(InputError, match="no reviewer 'ben'; there is anna"):
        people.known("ben")


@pytest.mark.usefixtures("quick")
def test_an_owner_judges_nothing(store: ReviewStore) -> None:
    store.accounts.add("olga", PASSWORD, "owner")
    assert store.accounts.reviewers() == []
    with pytest.raises(InputError, match="no reviewer 'olga'"):
        store.lease("olga")


@pytest.mark.usefixtures("quick")
def test_a_clock_set_back_locks_nobody_out(store: ReviewStore, clock: Clock) -> None:
    store.accounts.add("anna", PASSWORD)
    clock.passes(60 * 24 * 3)
    assert [waits(store, "anna") for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    clock.passes(-60 * 24 * 3)
    assert store.accounts.check("anna", PASSWORD)
