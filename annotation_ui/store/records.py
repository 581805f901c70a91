"""What the review store takes and gives beside items: answers, leases, verdicts, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from annotation_ui.store.items import Choice, Item, Role
from annotation_ui.store.review_plan import ReviewPlan

REASONS = (
    "unnatural look",
    "impossible for this scene",
    "inconsistent",
    "broken image",
    "other",
)
OTHER = "other"
NOTE_LENGTH = 2000

AccountRole = Literal["reviewer", "owner"]


@dataclass(frozen=True)
class Account:
    """Somebody who may log in.

    Attributes:
        role: a reviewer judges, an owner sees and settles what reviewers said.
        disabled: may not log in any more.
        invited: has an invitation that was not used yet.
        epoch: another one after every change of the password; a session is of one epoch.
    """

    name: str
    role: AccountRole
    disabled: bool
    invited: bool
    epoch: str


@dataclass(frozen=True)
class Answer:
    """A reviewer's verdict on an item, with reasons and a note; None: skipped."""

    verdict: Choice | None
    reasons: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Lease:
    """An item held for one reviewer until `expires` (UTC).

    `answer` is this reviewer's of before, which was taken back: the form is filled with it.
    """

    token: str
    item: Item
    expires: datetime
    answer: Answer | None = None


@dataclass(frozen=True)
class JudgedItem:
    """One of a reviewer's own verdicts, or an item that they skipped."""

    item: Item
    answer: Answer
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """The current verdict of one reviewer on one item; `at` in UTC."""

    item: str
    sample_id: str
    role: Role
    type: str
    reviewer: str
    verdict: Choice
    reasons: tuple[str, ...]
    note: str
    at: datetime


@dataclass(frozen=True)
class Event:
    """One line of the record that is never changed; `at` in UTC.

    Actions: `lease`, `renew`; `expire`, a lease lost to somebody else; `release`, a lease given
    back; `submit`; `skip`, left to others; `broken`, put aside because its pictures cannot be
    shown; `undo`, which takes back the submit or skip of the same token; `discard`, the submit of
    the same token made void by the owner. `verdict`, `reasons` and `seconds` (spent looking)
    belong to `submit`, `note` to `skip` as well.
    """

    n: int
    at: datetime
    reviewer: str
    item: str
    action: str
    token: str
    verdict: Choice | None
    reasons: tuple[str, ...]
    note: str
    seconds: float | None


@dataclass(frozen=True)
class Ruling:
    """What the owner decided of an item, over its reviewers; `at` in UTC.

    `owner` is the account's name, empty on the command line.
    """

    item: str
    verdict: Choice
    note: str
    owner: str
    at: datetime


@dataclass(frozen=True)
class Progress:
    """How far the review is, in verdicts on samples; for whoever runs it, not for reviewers: a
    count that stands still would tell them that an item was planted.

    Attributes:
        done, needed: verdicts given and wanted; what the owner settled wants no more.
        by_type: type → (done, needed).
        by_reviewer: name → verdicts given on anything, planted items included.
    """

    done: int
    needed: int
    by_type: Mapping[str, tuple[int, int]]
    by_reviewer: Mapping[str, int]


@dataclass(frozen=True)
class Snapshot:
    """All of a review at one moment; for whoever runs it, never the app.

    Attributes:
        at: the moment, in UTC.
        plan: what was planned.
        items: by rank.
        verdicts: the current ones, in the order given.
        events: everything that happened, in order.
        accounts: in the order they were added.
        progress: how far it is.
        leases: those that run, by reviewer.
        rulings: the owner's that stand, by item.
        broken: items put aside because their pictures cannot be shown.
    """

    at: datetime
    plan: ReviewPlan
    items: tuple[Item, ...]
    verdicts: tuple[Verdict, ...]
    events: tuple[Event, ...]
    accounts: tuple[Account, ...]
    progress: Progress
    leases: Mapping[str, Lease]
    rulings: Mapping[str, Ruling]
    broken: frozenset[str]

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Names of those who judge, in the order they were added."""
        return tuple(account.name for account in self.accounts if account.role == "reviewer")


@dataclass(frozen=True)
class OwnProgress:
    """What one reviewer has judged or skipped, and at most has left; planted items count like any
    other."""

    done: int
    left: int


class StaleLeaseError(Exception):
    """A lease that no longer counts; the message is for the reviewer.

    `answer` is what was to be submitted, so that nothing typed is lost (None from `renew`).
    """

    def __init__(self, message: str, answer: Answer | None = None) -> None:
        super().__init__(message)
        self.answer = answer


class Throttled(Exception):
    """Too many wrong passwords for this name; `seconds` until the next try counts."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong passwords: try again in {seconds:.0f} s")
        self.seconds = seconds
