"""Passwords: hashed, and patience with wrong ones."""

import hashlib
import hmac
import secrets
import sqlite3
import unicodedata
from datetime import datetime, timedelta

from annotation_ui.store.records import Throttled
from annotation_ui.store.tables import stamp, transaction
from generators.errors import InputError

# One of the settings that OWASP's password storage cheat sheet recommends for scrypt.
SCRYPT = {"n": 2**14, "r": 8, "p": 5, "maxmem": 2**25}
PASSWORD_LENGTH = 8

FREE = 5
QUIET = timedelta(minutes=5)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)


def new_hash(name: str, password: str) -> tuple[bytes, bytes]:
    """A salt, and the password hashed with it; InputError if the password is too short."""
    if len(password) < PASSWORD_LENGTH:
        raise InputError(
            f"reviewer {name}: the password needs {PASSWORD_LENGTH} characters or more"
        )
    salt = secrets.token_bytes(16)
    return salt, _hash(password, salt)


def is_right(password: str, salt: bytes, expected: bytes) -> bool:
    """Whether this is the password; nothing is if `expected` is empty, and that takes as long."""
    return hmac.compare_digest(_hash(password, salt), expected)


def count_try(db: sqlite3.Connection, folded: str, now: datetime) -> None:
    """Count a try as wrong before looking at it, so that many at once are not looked at.

    After five with less than five minutes between them, every further one must wait twice as long,
    up to a quarter of an hour: Throttled. What is tried meanwhile is not counted, so nobody can
    lengthen another's wait by it.
    """
    with transaction(db):
        # An end beyond the longest wait is of a clock that was set back since.
        db.execute(
            "DELETE FROM failures WHERE until <= ? OR until > ?",
            (stamp(now - QUIET), stamp(now + LONGEST_WAIT)),
        )
        row = db.execute("SELECT count, until FROM failures WHERE folded = ?", (folded,)).fetchone()
        count, until = row or (0, stamp(now))
        if until > stamp(now):
            raise Throttled((datetime.fromisoformat(until) - now).total_seconds())
        count += 1
        wait = timedelta()
        if count >= FREE:
            wait = min(FIRST_WAIT * 2 ** min(count - FREE, 10), LONGEST_WAIT)
        db.execute(
            "INSERT OR REPLACE INTO failures (folded, count, until) VALUES (?, ?, ?)",
            (folded, count, stamp(now + wait)),
        )


def forgive(db: sqlite3.Connection, folded: str) -> None:
    """Forget the wrong tries."""
    db.execute("DELETE FROM failures WHERE folded = ?", (folded,))


def _hash(password: str, salt: bytes) -> bytes:
    # One form for what looks the same, whichever keyboard typed it.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, **SCRYPT)
