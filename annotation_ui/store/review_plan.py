"""What a review keeps of its plan."""

from collections.abc import Mapping
from dataclasses import dataclass

StratumRows = tuple[str, str, str, str, int]
"""Split, type, severity (empty for type `none`) and source, and how many rows have them."""


@dataclass(frozen=True)
class PlanCounts:
    """What a plan holds.

    Attributes:
        splits: samples of each split.
        reviewed: samples that were reviewed before, which count towards the fraction.
        overlap: samples that two people look at.
        gold: planted items that ought to be rejected, by what is wrong with them.
        repeats: items shown a second time.
        flags: samples flagged by the machine checks, by flag.
        types: that there are, in the order of the taxonomy.
    """

    splits: Mapping[str, int]
    reviewed: int
    overlap: int
    gold: Mapping[str, int]
    repeats: int
    flags: Mapping[str, int]
    types: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many are needed at least."""
        return 2 if self.overlap else 1

    @property
    def samples(self) -> int:
        """How many there are to look at."""
        return sum(self.splits.values())


@dataclass(frozen=True)
class ReviewPlan:
    """Of what, with what, and when a review was planned.

    Attributes:
        dataset: its folder's name.
        content_ids: of its splits.
        n: its rows.
        fraction: of its rows, how many are to be accepted in the end.
        seed, overlap: as given to the plan.
        created: ISO 8601, UTC.
        counts: of the plan.
        unreviewed: rows that nobody had reviewed then.
    """

    dataset: str
    content_ids: Mapping[str, str]
    n: int
    fraction: float
    seed: int
    overlap: float
    created: str
    counts: PlanCounts
    unreviewed: tuple[StratumRows, ...]
