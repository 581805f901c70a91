"""What the owner decides over reviewers: items settled or handed out again, verdicts void."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime

from annotation_ui.store.answer_check import checked_note
from annotation_ui.store.items import CHOICES
from annotation_ui.store.records import Ruling
from annotation_ui.store.row_mapping import add_event, ruling_of
from annotation_ui.store.tables import stamp, transaction
from generators.errors import InputError

_INSERT = "INSERT INTO rulings (at, owner, item, verdict, note) VALUES (?, ?, ?, ?, ?)"
_ONE_MORE = "UPDATE items SET needs = max(needs, judged + 1) WHERE item = ?"


class Rulings:
    """The owner's decisions in one review; all of them are kept, with when and who."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], clock: Callable[[], datetime]
    ) -> None:
        """`connect` gives the calling thread's connection."""
        self._connect = connect
        self._clock = clock

    def settle(self, item: str, verdict: str, note: str = "", owner: str = "") -> None:
        """Decide an item over its reviewers; nobody is given it any more.

        Args:
            owner: the account's name; empty on the command line.

        Raises:
            InputError: no such sample, or no such verdict.
        """
        if verdict not in CHOICES:
            raise InputError(f"verdict {verdict!r}: it is accept or reject")
        self._rule(item, verdict, checked_note(note), owner)

    def hand_out(self, item: str, owner: str = "") -> None:
        """Let reviewers have the item that was settled, put aside or disputed: one more of them
        where it has all its verdicts, which count again."""
        self._rule(item, None, "", owner)

    def _rule(self, item: str, verdict: str | None, note: str, owner: str) -> None:
        with transaction(self._connect()) as db:
            row = db.execute("SELECT kind FROM items WHERE item = ?", (item,)).fetchone()
            if row is None:
                raise InputError(f"no item {item!r} in this review")
            if verdict and row["kind"] != "sample":
                raise InputError(f"item {item!r} was planted: there is nothing to settle")
            db.execute(_INSERT, (stamp(self._clock()), owner, item, verdict, note))
            if verdict is None:
                db.execute(_ONE_MORE, (item,))

    def discard(self, reviewer: str) -> int:
        """Make all verdicts of the reviewer void; others are given the items; returns how many.

        The reviewer is not given them again.
        """
        with transaction(self._connect()) as db:
            now = self._clock()
            rows = db.execute(
                "SELECT item, token FROM verdicts WHERE reviewer = ? ORDER BY n", (reviewer,)
            ).fetchall()
            for row in rows:
                add_event(db, now, reviewer, row["item"], "discard", row["token"])
        return len(rows)

    def standing(self) -> Mapping[str, Ruling]:
        """The rulings that stand, by item."""
        rows = self._connect().execute(
            "SELECT * FROM rulings WHERE verdict IS NOT NULL AND n = "
            "(SELECT max(n) FROM rulings AS last WHERE last.item = rulings.item) ORDER BY n"
        )
        return {row["item"]: ruling_of(row) for row in rows}
