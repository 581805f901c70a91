"""Who may log in: reviewers, and owners, who see what reviewers said."""

import hashlib
import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

from annotation_ui.store import passwords
from annotation_ui.store.records import Account, AccountRole
from annotation_ui.store.tables import stamp, transaction
from generators.errors import InputError

# Letters and digits of any script.
NAME = re.compile(r"([^\W_]|[._-]){1,40}")
INVITED = timedelta(days=7)

_COLUMNS = "name, folded, role, salt, hash, disabled, invitation, invited_until, created"


class Accounts:
    """The accounts of one review. Names that look alike but for capitals are one name, everywhere:
    lest one person reviews as two."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], clock: Callable[[], datetime]
    ) -> None:
        """`connect` gives the calling thread's connection."""
        self._connect = connect
        self._clock = clock

    def add(self, name: str, password: str, role: AccountRole = "reviewer") -> None:
        """Let someone in; InputError if the name is taken or odd, or the password too short."""
        self._check_free(name)
        self._insert(name, role, *passwords.new_hash(name, password))

    def invite(self, name: str, role: AccountRole | None = None) -> str:
        """A token with which somebody chooses their own password, once, within a week.

        Adds the account, a reviewer's by default, if there is none of this name; where there is,
        its password stays until the token is used. An earlier token of this name ends. InputError
        if the name is odd, or its account disabled or of another role.
        """
        there = self.find(name)
        if there is None:
            self._check_free(name)
            self._insert(name, role or "reviewer", b"", b"")
        elif role and role != there.role:
            raise InputError(
                f"{there.name} is there already as {there.role}, and stays so: invite the {role} "
                "by another name"
            )
        elif there.disabled:
            raise InputError(f"reviewer {there.name} is disabled; enable the account first")
        token = secrets.token_urlsafe(24)
        until = stamp(self._clock() + INVITED)
        self._connect().execute(
            "UPDATE reviewers SET invitation = ?, invited_until = ? WHERE folded = ?",
            (_digest(token), until, fold(name)),
        )
        return token

    def accept(self, token: str, password: str) -> str:
        """Set the password of who was invited with `token`, which ends it; returns the name.

        InputError if it is no invitation that stands, or the password is too short.
        """
        db = self._connect()
        row = db.execute(
            "SELECT name FROM reviewers "
            "WHERE invitation = ? AND invited_until > ? AND NOT disabled",
            (_digest(token), stamp(self._clock())),
        ).fetchone()
        if row is None:
            raise InputError("this invitation was used, replaced or ran out: ask for another one")
        if not self._replace_password(row["name"], password, _digest(token)):
            raise InputError("this invitation was used a moment ago")
        return row["name"]

    def set_password(self, name: str, password: str) -> None:
        """Give the account another password, which ends its sessions and its invitation."""
        self._replace_password(self.known(name).name, password)

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Let the account log in no more, or again; what it judged stays.

        What a disabled account holds is free for others at once.
        """
        account = self.known(name)
        with transaction(self._connect()) as db:
            db.execute(
                "UPDATE reviewers SET disabled = ? WHERE name = ?", (int(disabled), account.name)
            )
            if disabled:
                now = stamp(self._clock())
                db.execute("UPDATE leases SET expires = ? WHERE reviewer = ?", (now, account.name))

    def check(self, name: str, password: str) -> bool:
        """Whether `password` is this account's; an unknown name takes as long as a known one.

        Throttled after too many wrong ones; see `passwords.count_try`. The right password, or five
        minutes of quiet, clears the count.
        """
        if not NAME.fullmatch(unicodedata.normalize("NFC", name)):
            return False
        db, folded = self._connect(), fold(name)
        passwords.count_try(db, folded, self._clock())
        row = db.execute(
            "SELECT salt, hash FROM reviewers WHERE folded = ? AND NOT disabled", (folded,)
        ).fetchone()
        salt, expected = row or (bytes(16), b"")
        right = passwords.is_right(password, salt or bytes(16), expected)
        if right:
            passwords.forgive(db, folded)
        return right

    def find(self, name: str) -> Account | None:
        """The account of this name, however it is written; None if there is none."""
        if not NAME.fullmatch(unicodedata.normalize("NFC", name)):
            return None
        row = (
            self._connect()
            .execute(f"SELECT {_COLUMNS} FROM reviewers WHERE folded = ?", (fold(name),))
            .fetchone()
        )
        return None if row is None else _account(row)

    def known(self, name: str) -> Account:
        """The account of this name; InputError, with those there are, if there is none."""
        account = self.find(name)
        if account is None:
            there = ", ".join(one.name for one in self.all()) or "nobody"
            raise InputError(f"no reviewer {name!r}; there is {there}")
        return account

    def all(self) -> list[Account]:
        """All accounts, in the order they were added."""
        rows = self._connect().execute(f"SELECT {_COLUMNS} FROM reviewers ORDER BY rowid")
        return [_account(row) for row in rows]

    def reviewers(self) -> list[str]:
        """The names of those who judge, in the order they were added, disabled ones too."""
        return [account.name for account in self.all() if account.role == "reviewer"]

    def copy_from(self, other: "Accounts") -> int:
        """Take over the accounts of another review, with their passwords; returns how many."""
        rows = other._connect().execute(f"SELECT {_COLUMNS} FROM reviewers ORDER BY rowid")
        places = ", ".join("?" * len(_COLUMNS.split(", ")))
        taken = self._connect().executemany(
            f"INSERT INTO reviewers ({_COLUMNS}) VALUES ({places})", [tuple(row) for row in rows]
        )
        return taken.rowcount

    def _check_free(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise InputError(f"reviewer {name!r}: a name is 1 to 40 letters, digits, dots, - or _")
        if taken := self.find(name):
            raise InputError(f"reviewer {name}: {taken.name} is there already; take another name")

    def _replace_password(self, name: str, password: str, invitation: bytes | None = None) -> bool:
        """End the account's invitation by a new password; False if `invitation` is no longer it."""
        salt, hashed = passwords.new_hash(name, password)
        db = self._connect()
        replaced = db.execute(
            "UPDATE reviewers SET salt = ?, hash = ?, invitation = NULL, invited_until = NULL "
            "WHERE name = ? AND invitation IS coalesce(?, invitation)",
            (salt, hashed, name, invitation),
        )
        if replaced.rowcount:
            passwords.forgive(db, fold(name))
        return bool(replaced.rowcount)

    def _insert(self, name: str, role: str, salt: bytes, hashed: bytes) -> None:
        try:
            self._connect().execute(
                "INSERT INTO reviewers (name, folded, role, salt, hash, created) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (name, fold(name), role, salt, hashed, stamp(self._clock())),
            )
        except sqlite3.IntegrityError:
            raise InputError(f"reviewer {name}: was added a moment ago") from None


def fold(name: str) -> str:
    """What names are compared by: without capitals, accents in one form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _account(row: sqlite3.Row) -> Account:
    return Account(
        name=row["name"],
        role=row["role"],
        disabled=bool(row["disabled"]),
        invited=row["invitation"] is not None,
        epoch=hashlib.sha256(row["salt"] + row["hash"]).hexdigest()[:16],
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
