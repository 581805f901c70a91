"""What the review store takes and gives beside items: answers, leases, verdicts, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True)
class Answer:
    """A reviewer's verdict on an item, with reasons and a note."""

    verdict: Choice
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
    """One of a reviewer's own verdicts."""

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
    back; `submit`; `undo`, which takes back the submit of the same token. `verdict`, `reasons`,
    `note` and `seconds` (spent looking) belong to `submit`.
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
class Progress:
    """How far the review is, in verdicts on samples; for whoever runs it, not for reviewers: a
    count that stands still would tell them that an item was planted.

    Attributes:
        done, needed: verdicts given and wanted.
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
        plan: what was planned.
        items: by rank.
        verdicts: the current ones, in the order given.
        events: everything that happened, in order.
        reviewers: names, in the order they were added.
        progress: how far it is.
        leases: those that run, by reviewer.
    """

    plan: ReviewPlan
    items: tuple[Item, ...]
    verdicts: tuple[Verdict, ...]
    events: tuple[Event, ...]
    reviewers: tuple[str, ...]
    progress: Progress
    leases: Mapping[str, Lease]


@dataclass(frozen=True)
class OwnProgress:
    """What one reviewer has judged, and at most has left; planted items count like any other."""

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
