"""Who may log in: hashed passwords, and patience with wrong ones."""

import hashlib
import hmac
import re
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
# Letters and digits of any script.
NAME = re.compile(r"([^\W_]|[._-]){1,40}")

FREE = 5
QUIET = timedelta(minutes=5)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)


def add(db: sqlite3.Connection, name: str, password: str, now: datetime) -> None:
    """Add a reviewer; InputError if the name is taken or odd, or the password too short.

    Names that differ in capitals alone are the same name, lest one person reviews as two.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"reviewer {name!r}: a name is 1 to 40 letters, digits, dots, - or _")
    if len(password) < PASSWORD_LENGTH:
        raise InputError(
            f"reviewer {name}: the password needs {PASSWORD_LENGTH} characters or more"
        )
    salt = secrets.token_bytes(16)
    row = (name, salt, _hash(password, salt), stamp(now))
    with transaction(db):
        for (taken,) in db.execute("SELECT name FROM reviewers"):
            if taken.casefold() == name.casefold():
                raise InputError(f"reviewer {name}: {taken} is there already; take another name")
        db.execute("INSERT INTO reviewers (name, salt, hash, created) VALUES (?, ?, ?, ?)", row)


def check(db: sqlite3.Connection, name: str, password: str, now: datetime) -> bool:
    """Whether `password` is this reviewer's; an unknown name takes as long as a known one.

    After five wrong passwords with less than five minutes between them, every further one must
    wait twice as long, up to a quarter of an hour: Throttled. What is tried meanwhile is neither
    looked at nor counted, so nobody can lengthen another's wait by it. The right password, or
    five minutes of quiet, clears the count.
    """
    if not NAME.fullmatch(name):
        return False
    _count(db, name, now)
    row = db.execute("SELECT salt, hash FROM reviewers WHERE name = ?", (name,)).fetchone()
    salt, expected = row or (bytes(16), b"")
    right = hmac.compare_digest(_hash(password, salt), expected)
    if right:
        db.execute("DELETE FROM failures WHERE name = ?", (name,))
    return right


def _count(db: sqlite3.Connection, name: str, now: datetime) -> None:
    """Count a try as wrong before looking at it, so that many at once are not looked at."""
    with transaction(db):
        db.execute("DELETE FROM failures WHERE until <= ?", (stamp(now - QUIET),))
        row = db.execute("SELECT count, until FROM failures WHERE name = ?", (name,)).fetchone()
        count, until = row or (0, stamp(now))
        if until > stamp(now):
            raise Throttled((datetime.fromisoformat(until) - now).total_seconds())
        count += 1
        wait = timedelta()
        if count >= FREE:
            wait = min(FIRST_WAIT * 2 ** min(count - FREE, 10), LONGEST_WAIT)
        db.execute(
            "INSERT OR REPLACE INTO failures (name, count, until) VALUES (?, ?, ?)",
            (name, count, stamp(now + wait)),
        )


def _hash(password: str, salt: bytes) -> bytes:
    # One form for what looks the same, whichever keyboard typed it.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, **SCRYPT)
