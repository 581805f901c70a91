"""What the review store takes and gives: items, leases, answers, verdicts, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["sample", "gold", "repeat"]
Choice = Literal["accept", "reject"]

CHOICES: tuple[Choice, ...] = ("accept", "reject")
REASONS = (
    "unnatural look",
    "impossible for this scene",
    "inconsistent",
    "broken image",
    "other",
)
OTHER = "other"
EVERYBODY = 1_000_000
NOTE_LENGTH = 2000


@dataclass(frozen=True)
class Item:
    """One thing to look at. Only `item`, `shown`, `flags`, `residual` and the images may reach a
    reviewer: `kind`, `expected`, `of_item`, `needs` and `sample_id` would give planted items away.

    Attributes:
        item: random name, 16 hexadecimal digits.
        sample_id: the dataset's row, `du-00000042`.
        split, type, severity, source: the row's; severity is None for type `none`.
        kind: `sample`; `gold`, with a known answer; `repeat`, shown again to one who judged it.
        needs: how many reviewers judge it: 1, 2, or, for gold that all are to see, `EVERYBODY`.
        rank: place in the order of assignment; no two items share one.
        shown: what the reviewer reads, in JSON's types: type, tuples, size, depth_source, source.
        clean_image, degraded_image, depth_image, transmission_image: file names in `images/`.
        of_item: for a repeat, the item it repeats.
        expected: for gold, the right verdict and why.
        flags: what machine checks say, each {"flag": …, "text": …}.
        residual: largest difference in levels between the stored and the re-rendered image.
    """

    item: str
    sample_id: str
    split: str
    type: str
    severity: str | None
    source: str
    kind: Kind
    needs: int
    rank: int
    shown: Mapping[str, Any]
    clean_image: str
    degraded_image: str
    depth_image: str | None = None
    transmission_image: str | None = None
    of_item: str | None = None
    expected: Mapping[str, Any] | None = None
    flags: tuple[Mapping[str, str], ...] = ()
    residual: float | None = None


@dataclass(frozen=True)
class Answer:
    """What a reviewer said of an item."""

    verdict: Choice
    reasons: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Lease:
    """An item held for one reviewer until `expires` (UTC).

    `answer` is what this reviewer said of it before taking it back, to fill the form with.
    """

    token: str
    item: Item
    expires: datetime
    answer: Answer | None = None


@dataclass(frozen=True)
class Judged:
    """One of a reviewer's own verdicts."""

    item: Item
    answer: Answer
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """The current verdict of one reviewer on one item; `at` in UTC."""

    item: str
    sample_id: str
    kind: Kind
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
    """Too many wrong passwords for this name; `seconds` until the next try is heard."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong passwords: try again in {seconds:.0f} s")
        self.seconds = seconds
