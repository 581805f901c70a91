"""How a review stands.

For whoever runs the review, not for reviewers: it counts planted items and everybody's verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation_ui.figures.compute import compute_figures
from annotation_ui.figures.outcomes import sample_outcomes
from annotation_ui.figures.people import People, people_of
from annotation_ui.figures.reject_hotspots import part_text, range_parts
from annotation_ui.figures.reviewers import careless_reviewers
from annotation_ui.store.records import Progress, Snapshot
from annotation_ui.store.review_plan import ReviewPlan
from generators.dataset.review_figures import RangePart, ReviewFigures
from generators.taxonomy import TYPES
from generators.typed_json import to_json


@dataclass(frozen=True)
class ReviewStatus:
    """How a review stands; docs/review-statistics.md says what each figure means.

    Attributes:
        plan, progress: of the review; `progress.by_type` in the order of the taxonomy.
        figures: so far, reviewers by their names.
        people: who is needed and who is there.
        careless: by name, what to say of who let gold pass.
        ranges: every key's range in parts, see `reject_hotspots.range_parts`.
    """

    plan: ReviewPlan
    progress: Progress
    figures: ReviewFigures
    people: People
    careless: Mapping[str, str]
    ranges: tuple[tuple[RangePart, ...], ...]

    def stands_out(self, part: RangePart) -> bool:
        """Whether a part of `ranges` belongs to a hotspot."""
        return any(part in hotspot.pieces for hotspot in self.figures.hotspots)

    def to_json(self) -> dict[str, Any]:
        """As `dubench review status --json` prints it."""
        figures = to_json(self.figures)
        ranges = [
            [
                {"text": part_text(part), **to_json(part), "stands_out": self.stands_out(part)}
                for part in parts
            ]
            for parts in self.ranges
        ]
        return {
            "plan": to_json(self.plan),
            "progress": to_json(self.progress),
            "people": to_json(self.people),
            **{name: figures[name] for name in ("disputed", "settled", "open")},
            **{name: figures[name] for name in ("agreement", "reviewers")},
            "careless": dict(self.careless),
            **{name: figures[name] for name in ("rejected", "reasons", "concentrations")},
            "ranges": ranges,
            "residual": figures["residual"],
        }


def review_status(snapshot: Snapshot) -> ReviewStatus:
    """How the review in a snapshot of its store stands."""
    outcomes = sample_outcomes(snapshot.items, snapshot.verdicts, snapshot.rulings)
    ranges = range_parts(outcomes)
    figures = compute_figures(snapshot, outcomes, ranges)
    progress = snapshot.progress
    by_type = {t: progress.by_type[t] for t in TYPES if t in progress.by_type}
    return ReviewStatus(
        plan=snapshot.plan,
        progress=Progress(progress.done, progress.needed, by_type, progress.by_reviewer),
        figures=figures,
        people=people_of(snapshot),
        careless=careless_reviewers(figures.reviewers),
        ranges=ranges,
    )
