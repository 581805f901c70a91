"""The figures of one review, computed from a snapshot of its store."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from annotation_ui.figures.agreement import counts_by_item, measure_agreement
from annotation_ui.figures.defect_rate import Stratum, estimate_defect_rate
from annotation_ui.figures.outcomes import Outcome
from annotation_ui.figures.proportions import proportion
from annotation_ui.figures.reject_hotspots import find_hotspots
from annotation_ui.figures.reviewers import reviewer_figures
from annotation_ui.store.records import REASONS, Snapshot, Verdict
from generators.dataset.review_figures import (
    AgreementFigures,
    DefectRate,
    DefectRates,
    Proportion,
    RangePart,
    RejectedShares,
    ReviewFigures,
)
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES


def compute_figures(
    snapshot: Snapshot, outcomes: Sequence[Outcome], ranges: Sequence[Sequence[RangePart]]
) -> ReviewFigures:
    """The figures, reviewers by their names: for whoever runs the review alone.

    Args:
        outcomes: of the snapshot's samples.
        ranges: their `reject_hotspots.range_parts`.
    """
    samples = [verdict for verdict in snapshot.verdicts if verdict.role == "sample"]
    rows = {row[:4]: row[4] for row in snapshot.plan.unreviewed}
    return ReviewFigures(
        content_ids=snapshot.plan.content_ids,
        verdicts=snapshot.progress.done,
        disputed=len(disputed_items(samples)),
        settled=len(snapshot.rulings),
        open=sum(item.role == "sample" for item in snapshot.items) - len(outcomes),
        rejected=_rejected(outcomes),
        reasons=_reasons(samples),
        agreement=_agreement(samples),
        reviewers=reviewer_figures(snapshot.items, snapshot.verdicts, snapshot.events),
        defect_rates=_defect_rates(outcomes, rows),
        hotspots=find_hotspots(ranges),
    )


def disputed_items(verdicts: Iterable[Verdict]) -> set[str]:
    """The items that some accept and some reject."""
    given: dict[str, set[str]] = defaultdict(set)
    for verdict in verdicts:
        given[verdict.item].add(verdict.verdict)
    return {item for item, kinds in given.items() if len(kinds) > 1}


def anonymous(figures: ReviewFigures, reviewers: Sequence[str]) -> ReviewFigures:
    """The figures as a dataset publishes them, reviewers as r1, r2, …

    Args:
        reviewers: everybody's name, in the order they were added to the review.
    """
    by_name = {one.reviewer: one for one in figures.reviewers}
    numbered = tuple(
        replace(by_name[name], reviewer=f"r{number}")
        for number, name in enumerate(reviewers, 1)
        if name in by_name
    )
    return replace(figures, reviewers=numbered)


def _agreement(samples: Sequence[Verdict]) -> AgreementFigures:
    by_type = {
        t: measure_agreement(counts_by_item(mine))
        for t in TYPES
        if (mine := [verdict for verdict in samples if verdict.type == t])
    }
    return AgreementFigures(measure_agreement(counts_by_item(samples)), by_type)


def _rejected(outcomes: Sequence[Outcome]) -> RejectedShares:
    def share(some: Sequence[Outcome]) -> Proportion:
        return proportion(sum(outcome.rejected for outcome in some), len(some))

    by_type = {t: share(mine) for t in TYPES if (mine := [o for o in outcomes if o.type == t])}
    return RejectedShares(share(outcomes), by_type)


def _reasons(samples: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How often each reason was given, in all and per type; a reject may have several."""
    counts = Counter((reason, verdict.type) for verdict in samples for reason in verdict.reasons)
    return {
        reason: {
            "all": sum(counts[reason, t] for t in TYPES),
            **{t: counts[reason, t] for t in TYPES},
        }
        for reason in REASONS
    }


def _defect_rates(outcomes: Sequence[Outcome], rows: Mapping[Stratum, int]) -> DefectRates:
    def of(place: int, name: str) -> DefectRate:
        mine = {home: count for home, count in rows.items() if home[place] == name}
        return estimate_defect_rate(outcomes, mine)

    return DefectRates(
        overall=estimate_defect_rate(outcomes, rows),
        by_type={t: of(1, t) for t in TYPES if any(home[1] == t for home in rows)},
        by_split={s: of(0, s) for s in SPLITS if any(home[0] == s for home in rows)},
    )
