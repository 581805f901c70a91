"""What recipe.json says of human reviews, as types: nobody's name and nobody's notes are in it.

docs/review-statistics.md says what each figure means. `annotation_ui.figures` computes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generators.taxonomy import Value
from generators.typed_json import JSON_NAME, from_json, to_json

Interval = tuple[float, float]


@dataclass(frozen=True)
class Proportion:
    """`count` of `n`: the share in [0, 1] and Wilson's 95 % interval, None where n is 0."""

    count: int
    n: int
    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; `why` says why one is None, and is empty if neither is."""

    value: float | None
    interval: Interval | None
    why: str


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree over `items` items that two or more of them judged."""

    items: int
    verdicts: int
    percent: Estimate
    alpha: Estimate
    ac1: Estimate


@dataclass(frozen=True)
class ReviewerFigures:
    """One reviewer in figures.

    Attributes:
        reviewer: the name; r1, r2, … where it is published.
        verdicts: on samples; planted items are not among them.
        rejected: the share of those that are rejects.
        gold: verdicts on gold items that are the expected one.
        repeats: verdicts on hidden repeats that are the reviewer's own first one.
        seconds: median over all items of the time from seeing one to its verdict.
    """

    reviewer: str
    verdicts: int
    rejected: Proportion
    gold: Proportion
    repeats: Proportion
    seconds: float | None


@dataclass(frozen=True)
class DefectRate:
    """The defect rate of unreviewed rows, as the reviewed ones among their like foretell it.

    Attributes:
        unreviewed: rows without a verdict.
        covered: those of them for which the rate speaks; in the splits and types of the others
            nothing was reviewed.
        reviewed, rejected: the samples that the rate rests on.
        rate: the share rejected, each sample weighted by the unreviewed rows it stands for.
        interval: Wilson's 95 %, two-sided.
        upper: Wilson's bound that the rate stays under with 95 % confidence, one-sided.
        defects, most_defects: how many that is among the covered rows: at the rate, at `upper`.
        speaks_for: the same in words, or why there is no rate.
    """

    unreviewed: int
    covered: int
    reviewed: int
    rejected: int
    rate: float | None
    interval: Interval | None
    upper: float | None
    defects: float | None
    most_defects: float | None
    speaks_for: str


@dataclass(frozen=True)
class RangePart:
    """Part of a key's range and the samples of the type that fall in it.

    `low` ≤ value < `high`, None where the range is open; or `only`, the one value of the part.
    """

    type: str
    key: str
    low: float | None
    high: float | None
    only: Value | None
    rejected: int
    n: int


@dataclass(frozen=True)
class RejectHotspot:
    """A part of a range with more rejects than elsewhere in the type, beyond chance.

    `pieces` are the neighbouring parts that make up `part`; `p` is the largest of theirs, each by
    Fisher's exact test, one-sided, corrected after Holm for all parts of all keys. `text` says all
    this in words.
    """

    text: str
    part: RangePart
    pieces: tuple[RangePart, ...]
    elsewhere_rejected: int
    elsewhere_n: int
    p: float


@dataclass(frozen=True)
class RejectedShares:
    """The share of samples that their reviewers reject."""

    overall: Proportion
    by_type: Mapping[str, Proportion]


@dataclass(frozen=True)
class AgreementFigures:
    """How far reviewers agree, overall and per type."""

    overall: Agreement
    by_type: Mapping[str, Agreement]


@dataclass(frozen=True)
class DefectRates:
    """Defects left in what nobody looked at."""

    overall: DefectRate
    by_type: Mapping[str, DefectRate]
    by_split: Mapping[str, DefectRate]


@dataclass(frozen=True)
class ReviewFigures:
    """One review.

    Attributes:
        content_ids: of the splits looked at.
        verdicts: given on samples.
        disputed: samples that some accepted and some rejected.
        settled: samples that whoever ran the review decided.
        open: samples of the plan that nobody has judged; they stay unreviewed.
        rejected: samples, by the majority.
        reasons: how often each was given, by type and in `all`.
        agreement: between reviewers.
        reviewers: each of them.
        defect_rates: what the unreviewed rows are likely to hold.
        hotspots: where in the keys' ranges rejects concentrate.
    """

    content_ids: Mapping[str, str]
    verdicts: int
    disputed: int
    settled: int
    open: int
    rejected: RejectedShares
    reasons: Mapping[str, Mapping[str, int]]
    agreement: AgreementFigures
    reviewers: tuple[ReviewerFigures, ...]
    defect_rates: DefectRates = field(metadata={JSON_NAME: "residual"})
    hotspots: tuple[RejectHotspot, ...] = field(metadata={JSON_NAME: "concentrations"})


@dataclass(frozen=True)
class ReviewSummary:
    """`review` in recipe.json: what people found in all reviews so far.

    Attributes:
        fraction: of the last plan: the share of all rows that people are to accept.
        wanted: rows that is.
        accepted: rows that people accepted.
        replaced: rows that took a rejected one's place.
        waiting: those of them that nobody has looked at.
        rounds: the reviews, the first one first.
    """

    fraction: float
    wanted: int
    accepted: int
    replaced: int
    waiting: int
    rounds: tuple[ReviewFigures, ...]

    @property
    def met(self) -> bool:
        """Whether people accepted as many rows as the plan wanted."""
        return self.accepted >= self.wanted

    def to_json(self) -> dict[str, Any]:
        """As recipe.json holds it."""
        return to_json(self)

    @staticmethod
    def from_json(data: object, where: str) -> "ReviewSummary":
        """What `to_json` wrote; InputError, with the file `where`, if a field is not as it was."""
        return from_json(ReviewSummary, data, where)
