"""Leases: who holds which item, and whether that still counts. All inside a transaction."""

import secrets
import sqlite3
from datetime import datetime, timedelta

from annotation_ui.store.assignment import has_room
from annotation_ui.store.records import Answer, Lease, StaleLeaseError
from annotation_ui.store.row_mapping import add_event, answer_of, item_of
from annotation_ui.store.tables import stamp

UNKNOWN = "This page is out of date: reload it."
ELSEWHERE = "You went on to another item in another window: reload this one."
TAKEN_BACK = "You took this verdict back: reload the page to judge the item again."
ANSWERED = "You judged this item already: take that verdict back to change it."
SKIPPED = "You skipped this item already: reopen it under “My verdicts” to judge it."
CLOSED = "This item was set aside meanwhile, or settled. Your verdict was not saved."
DISCARDED = "This verdict was made void by whoever runs the review."
LOST = "Your time for this item ran out and somebody else took it. Your verdict was not saved."


def open_lease(db: sqlite3.Connection, reviewer: str) -> Lease | None:
    """The reviewer's lease, run out or not, with their answer of before it was taken back."""
    row = db.execute(
        "SELECT * FROM leases JOIN items USING (item) WHERE reviewer = ?", (reviewer,)
    ).fetchone()
    if row is None:
        return None
    before = db.execute(
        "SELECT * FROM events WHERE action IN ('submit', 'skip') AND item = ? AND reviewer = ? "
        "ORDER BY n DESC LIMIT 1",
        (row["item"], reviewer),
    ).fetchone()
    expires = datetime.fromisoformat(row["expires"])
    return Lease(row["token"], item_of(row), expires, answer_of(before) if before else None)


def give(
    db: sqlite3.Connection, reviewer: str, item: str, now: datetime, length: timedelta
) -> None:
    """Lease the item to a reviewer who has no lease."""
    token = secrets.token_hex(16)
    db.execute(
        "INSERT INTO leases (reviewer, item, token, expires) VALUES (?, ?, ?, ?)",
        (reviewer, item, token, stamp(now + length)),
    )
    add_event(db, now, reviewer, item, "lease", token)


def extend(db: sqlite3.Connection, lease: Lease, now: datetime, length: timedelta) -> datetime:
    """Let the lease run anew from `now`."""
    expires = now + length
    (reviewer,) = db.execute(
        "UPDATE leases SET expires = ? WHERE token = ? RETURNING reviewer",
        (stamp(expires), lease.token),
    ).fetchone()
    add_event(db, now, reviewer, lease.item.item, "renew", lease.token)
    return expires


def drop(db: sqlite3.Connection, reviewer: str, action: str, now: datetime) -> None:
    """End the reviewer's lease, if there is one, by `expire` or `release`."""
    lease = open_lease(db, reviewer)
    if lease:
        db.execute("DELETE FROM leases WHERE token = ?", (lease.token,))
        add_event(db, now, reviewer, lease.item.item, action, lease.token)


def item_of_token(
    db: sqlite3.Connection,
    token: str,
    reviewer: str,
    now: datetime,
    answer: Answer | None = None,
) -> str:
    """The item that this reviewer may judge with this token, run out or not.

    StaleLeaseError, with `answer`, if it was never theirs, was answered, was taken back, or if
    others have taken the item's last room.
    """
    leased = db.execute(
        "SELECT item FROM events WHERE action = 'lease' AND token = ? AND reviewer = ?",
        (token, reviewer),
    ).fetchone()
    if leased is None:
        raise StaleLeaseError(UNKNOWN, answer)
    back = db.execute(
        "SELECT action FROM events WHERE action IN ('undo', 'discard') AND token = ?", (token,)
    ).fetchone()
    if back:
        raise StaleLeaseError(TAKEN_BACK if back["action"] == "undo" else DISCARDED, answer)
    item = leased["item"]
    given = db.execute(
        "SELECT action FROM given WHERE item = ? AND reviewer = ?", (item, reviewer)
    ).fetchone()
    if given:
        raise StaleLeaseError(ANSWERED if given["action"] == "submit" else SKIPPED, answer)
    if db.execute("SELECT closed FROM items WHERE item = ?", (item,)).fetchone()["closed"]:
        raise StaleLeaseError(CLOSED, answer)
    if not has_room(db, item, reviewer, now):
        raise StaleLeaseError(LOST, answer)
    return item
