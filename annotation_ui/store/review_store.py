"""The review's store: who may look at what, and their verdicts. One SQLite file, no browser."""

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from annotation_ui.store import assignment, leases
from annotation_ui.store.accounts import Accounts
from annotation_ui.store.answer_check import checked_answer, checked_note, checked_seconds
from annotation_ui.store.items import Example, Item
from annotation_ui.store.records import (
    Answer,
    Event,
    JudgedItem,
    Lease,
    OwnProgress,
    Progress,
    Snapshot,
    StaleLeaseError,
    Verdict,
)
from annotation_ui.store.review_plan import PlanCounts, ReviewPlan
from annotation_ui.store.row_mapping import (
    INSERT_ITEM,
    add_event,
    answer_of,
    event_of,
    item_of,
    row_of,
    verdict_of,
)
from annotation_ui.store.rulings import Rulings
from annotation_ui.store.tables import (
    create_database,
    one_moment,
    open_database,
    transaction,
)
from generators.errors import InputError
from generators.files import whole
from generators.typed_json import from_json, to_json

LEASE = timedelta(minutes=10)


class ReviewStore:
    """The review in one file, which any number of threads, servers and processes use together.

    The file must be on a disk of this machine: SQLite's write-ahead log needs shared memory.
    A forked process opens its own. Who is no reviewer gets InputError from all that would write. A
    full or failing disk raises sqlite3.Error, and then nothing of the call was kept.

    Attributes:
        accounts: who may log in.
        rulings: what the owner decides over reviewers.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        length: timedelta = LEASE,
    ) -> None:
        """Open the store at `path`; InputError if it is missing, not ours, or another version's.

        Args:
            path: the file.
            clock: tells the time, with its zone.
            length: how long a lease runs from when it was given or renewed.
        """
        self._path = path
        self._clock = clock
        self._length = length
        self._local = threading.local()
        open_database(path).close()
        self.accounts = Accounts(self._db, clock)
        self.rulings = Rulings(self._db, clock)

    @staticmethod
    def create(
        path: Path, plan: ReviewPlan, items: Sequence[Item], examples: Sequence[Example] = ()
    ) -> "ReviewStore":
        """Write a new store, whole or not at all; InputError if there is one at `path`.

        Args:
            path: the file.
            plan: what to keep of the plan.
            items: everything to look at; a repeat's original may come after it.
            examples: what to show of each type in the page's guide.
        """
        with create_database(path) as db:
            pairs = [(key, json.dumps(value)) for key, value in to_json(plan).items()]
            db.executemany("INSERT INTO plan (key, value) VALUES (?, ?)", pairs)
            db.executemany(INSERT_ITEM, map(row_of, items))
            texts = [(json.dumps(to_json(example)),) for example in examples]
            db.executemany("INSERT INTO examples (example) VALUES (?)", texts)
        return ReviewStore(path)

    def plan(self) -> ReviewPlan:
        """The plan that `create` kept; InputError if another version of dubench wrote it."""
        rows = self._db().execute("SELECT key, value FROM plan ORDER BY rowid")
        fields = {key: json.loads(value) for key, value in rows}
        return from_json(ReviewPlan, fields, f"{self._path}: plan")

    def items(self) -> list[Item]:
        """All items, by rank."""
        return [item_of(row) for row in self._db().execute("SELECT * FROM items ORDER BY rank")]

    def sample(self, sample_id: str) -> Item:
        """The item that shows the dataset's row of this id; InputError if it is not in the plan."""
        row = (
            self._db()
            .execute("SELECT * FROM items WHERE sample_id = ? AND kind = 'sample'", (sample_id,))
            .fetchone()
        )
        if row is None:
            raise InputError(f"no sample {sample_id!r} in {self._path}")
        return item_of(row)

    def replace_by(self, backup: Path) -> int:
        """Let everything be as in a backup of this review; returns how many verdicts that is.

        Raises:
            InputError: `backup` is no review, or another one's.
        """
        other = ReviewStore(backup)
        if other.plan().created != self.plan().created:
            raise InputError(f"{backup}: a backup of another review")
        other._db().backup(self._db())
        return self.counted()

    def examples(self) -> list[Example]:
        """What the page's guide shows."""
        rows = self._db().execute("SELECT example FROM examples ORDER BY n")
        return [from_json(Example, json.loads(text), "the review's example") for (text,) in rows]

    def item(self, item: str) -> Item:
        """The item of this name; InputError if there is none."""
        row = self._db().execute("SELECT * FROM items WHERE item = ?", (item,)).fetchone()
        if row is None:
            raise InputError(f"no item {item!r} in {self._path}")
        return item_of(row)

    def lease(self, reviewer: str) -> Lease | None:
        """The reviewer's open lease, renewed, or else the next item; None if nothing is left.

        The open lease is the same in all of a reviewer's tabs, and comes back after it expired if
        nobody took the item meanwhile.
        """
        with transaction(self._db()) as db:
            now = self._now(db, reviewer)
            mine = leases.open_lease(db, reviewer)
            if mine and assignment.has_room(db, mine.item.item, reviewer, now):
                leases.extend(db, mine, now, self._length)
                return leases.open_lease(db, reviewer)
            leases.drop(db, reviewer, "expire", now)
            item = assignment.next_item(db, reviewer, now)
            if item is not None:
                leases.give(db, reviewer, item, now, self._length)
            return leases.open_lease(db, reviewer)

    def upcoming(self, reviewer: str) -> Item | None:
        """What will likely come after the open lease, to fetch ahead; nothing is held by it."""
        db = self._db()
        now = self._now(db, reviewer)
        mine = leases.open_lease(db, reviewer)
        item = assignment.next_item(db, reviewer, now, mine.item.item if mine else "")
        return None if item is None else self.item(item)

    def renew(self, token: str, reviewer: str) -> datetime:
        """Hold the item for longer, and say until when; StaleLeaseError if it is gone."""
        with transaction(self._db()) as db:
            now = self._now(db, reviewer)
            leases.item_of_token(db, token, reviewer, now)
            mine = leases.open_lease(db, reviewer)
            if mine is None or mine.token != token:
                raise StaleLeaseError(leases.ELSEWHERE)
            return leases.extend(db, mine, now, self._length)

    def submit(
        self,
        token: str,
        reviewer: str,
        verdict: str,
        reasons: Sequence[str] = (),
        note: str = "",
        seconds: float | None = None,
    ) -> None:
        """Keep a verdict; when this returns it survives a crash. The same again changes nothing.

        A lease that expired is still good while the item has room.

        Raises:
            StaleLeaseError: others took the item after the lease expired, or the lease was
                answered or taken back; carries the answer.
            InputError: the answer is not one; see `annotation_ui.store.answer_check`.
        """
        answer = checked_answer(verdict, reasons, note)
        seconds = checked_seconds(seconds)
        with transaction(self._db()) as db:
            now = self._now(db, reviewer)
            given = db.execute(
                "SELECT * FROM verdicts WHERE token = ? AND reviewer = ?", (token, reviewer)
            ).fetchone()
            if given and answer_of(given) == answer:
                return
            item = leases.item_of_token(db, token, reviewer, now, answer)
            db.execute("DELETE FROM leases WHERE reviewer = ? AND item = ?", (reviewer, item))
            add_event(db, now, reviewer, item, "submit", token, answer, seconds)

    def skip(self, token: str, reviewer: str, note: str = "") -> None:
        """Leave the item to others: this reviewer is not sure. The same again changes nothing."""
        self._pass_on(token, reviewer, "skip", Answer(None, (), checked_note(note)))

    def report_broken(self, token: str, reviewer: str) -> None:
        """Put the item aside for the owner: its pictures cannot be shown to anybody."""
        self._pass_on(token, reviewer, "broken", Answer(None, (), ""))

    def _pass_on(self, token: str, reviewer: str, action: str, answer: Answer) -> None:
        with transaction(self._db()) as db:
            now = self._now(db, reviewer)
            there = db.execute(
                "SELECT 1 FROM events WHERE token = ? AND reviewer = ? AND action = ?",
                (token, reviewer, action),
            ).fetchone()
            if there:
                return
            item = leases.item_of_token(db, token, reviewer, now, answer)
            db.execute("DELETE FROM leases WHERE reviewer = ? AND item = ?", (reviewer, item))
            add_event(db, now, reviewer, item, action, token, answer)

    def undo(self, reviewer: str, item: str | None = None) -> Lease | None:
        """Take a verdict or skip of the reviewer's back: its item leased anew, with what was given.

        An open lease is given back. None if there is nothing to take back.

        Args:
            item: the one to reopen; the last one unless given. What was put aside or settled
                meanwhile cannot be reopened.
        """
        with transaction(self._db()) as db:
            now = self._now(db, reviewer)
            last = db.execute(
                "SELECT given.item, token FROM given JOIN items USING (item) "
                "WHERE reviewer = :reviewer AND closed IS NULL "
                f"{'' if item is None else 'AND item = :item'} ORDER BY given.n DESC LIMIT 1",
                {"reviewer": reviewer, "item": item},
            ).fetchone()
            if last is None:
                return None
            leases.drop(db, reviewer, "release", now)
            add_event(db, now, reviewer, last["item"], "undo", last["token"])
            leases.give(db, reviewer, last["item"], now, self._length)
            return leases.open_lease(db, reviewer)

    def history(self, reviewer: str, limit: int = 50, skip: int = 0) -> list[JudgedItem]:
        """What the reviewer judged or skipped, last first, after leaving out the last `skip`.

        While the reviewer holds a repeat, its original is not among them.
        """
        rows = self._db().execute(
            "SELECT * FROM given JOIN items USING (item) WHERE reviewer = :reviewer "
            "AND NOT EXISTS (SELECT 1 FROM leases JOIN items AS held USING (item) "
            "  WHERE leases.reviewer = :reviewer AND held.of_item = items.item) "
            "ORDER BY n DESC LIMIT :limit OFFSET :skip",
            {"reviewer": reviewer, "limit": limit, "skip": skip},
        )
        return [
            JudgedItem(item_of(row), answer_of(row), datetime.fromisoformat(row["at"]))
            for row in rows
        ]

    def own_progress(self, reviewer: str) -> OwnProgress:
        """What this reviewer has done and has left: the only progress to show to reviewers."""
        return assignment.own_progress(self._db(), reviewer)

    def waiting_for_others(self, reviewer: str) -> int:
        """How many samples want another person still, after this reviewer has judged them."""
        return assignment.waiting_for_others(self._db(), reviewer)

    def set_needs(self, overlap: float, doubled: Collection[str]) -> PlanCounts:
        """Let the samples `doubled` be looked at by two people and all others by one; returns the
        plan's counts. Verdicts stay: what more have judged already counts as such.

        Args:
            overlap: what the plan says from now on.
        """
        with transaction(self._db()) as db:
            db.execute("UPDATE items SET needs = max(judged, 1) WHERE kind = 'sample'")
            db.executemany(
                "UPDATE items SET needs = max(judged, 2) WHERE kind = 'sample' AND item = ?",
                [(item,) for item in doubled],
            )
            (count,) = db.execute(
                "SELECT count(*) FROM items WHERE kind = 'sample' AND needs > 1"
            ).fetchone()
            plan = self.plan()
            changed = replace(plan, overlap=overlap, counts=replace(plan.counts, overlap=count))
            db.executemany(
                "UPDATE plan SET value = ? WHERE key = ?",
                [(json.dumps(value), key) for key, value in to_json(changed).items()],
            )
        return changed.counts

    def progress(self) -> Progress:
        """How far the review is."""
        db = self._db()
        types = db.execute(
            "SELECT type, sum(judged), sum(iif(closed = 'settled', judged, needs)) FROM items "
            "WHERE kind = 'sample' GROUP BY type ORDER BY type"
        )
        by_type = {name: (done, needed) for name, done, needed in types}
        reviewers = db.execute(
            "SELECT name, (SELECT count(*) FROM verdicts WHERE reviewer = name) FROM reviewers "
            "WHERE role = 'reviewer' ORDER BY rowid"
        )
        return Progress(
            done=sum(done for done, _ in by_type.values()),
            needed=sum(needed for _, needed in by_type.values()),
            by_type=by_type,
            by_reviewer=dict(reviewers.fetchall()),
        )

    def verdicts(self) -> list[Verdict]:
        """All current verdicts, in the order given; for agreement and finalize, never the app."""
        rows = self._db().execute("SELECT * FROM verdicts JOIN items USING (item) ORDER BY n")
        return [verdict_of(row) for row in rows]

    def running_leases(self) -> dict[str, Lease]:
        """The leases that run now, by reviewer; for whoever runs the review, never the app."""
        now, db = self._clock(), self._db()
        by_name = {name: leases.open_lease(db, name) for name in self.accounts.reviewers()}
        return {name: lease for name, lease in by_name.items() if lease and lease.expires > now}

    def broken(self) -> frozenset[str]:
        """Items put aside because their pictures cannot be shown."""
        rows = self._db().execute("SELECT item FROM items WHERE closed = 'broken'")
        return frozenset(item for (item,) in rows)

    def snapshot(self) -> Snapshot:
        """All of the review at this moment."""
        with one_moment(self._db()):
            return Snapshot(
                at=self._clock(),
                plan=self.plan(),
                items=tuple(self.items()),
                verdicts=tuple(self.verdicts()),
                events=tuple(self.events()),
                accounts=tuple(self.accounts.all()),
                progress=self.progress(),
                leases=self.running_leases(),
                rulings=self.rulings.standing(),
                broken=self.broken(),
            )

    def backup(self, out: Path) -> int:
        """Write all that is kept, as of now, into the file `out`, whole or not at all; returns how
        many verdicts. Others may write meanwhile.

        A copy of the database's file alone would lack what still lies in its write-ahead log.

        Raises:
            InputError: `out` is there, or cannot be written to.
        """
        if out.exists():
            raise InputError(f"--out {out} is there already; give another file")
        try:
            with whole(out) as part:
                part.touch(0o600)
                with closing(sqlite3.connect(part)) as target:
                    self._db().backup(target)
                    target.execute("PRAGMA journal_mode = DELETE")
                return ReviewStore(part).counted()
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"--out {out} cannot be written to ({error})") from None

    def counted(self) -> int:
        """How many verdicts there are, planted items included."""
        return self._db().execute("SELECT count(*) FROM verdicts").fetchone()[0]

    def events(self) -> Iterator[Event]:
        """Everything that happened up to now, in order."""
        return map(event_of, self._db().execute("SELECT * FROM events ORDER BY n").fetchall())

    def _db(self) -> sqlite3.Connection:
        """This thread's connection; closed when the thread ends."""
        if not hasattr(self._local, "db"):
            self._local.db = open_database(self._path)
        return self._local.db

    def _now(self, db: sqlite3.Connection, reviewer: str) -> datetime:
        """The time, for a reviewer that is one."""
        row = db.execute(
            "SELECT 1 FROM reviewers WHERE name = ? AND role = 'reviewer' AND NOT disabled",
            (reviewer,),
        ).fetchone()
        if row is None:
            raise InputError(f"no reviewer {reviewer!r} in {self._path}; add one first")
        return self._clock()
