"""How the review stands, in one dict that JSON holds.

For whoever runs the review, not for reviewers: it counts planted items and everybody's verdicts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from annotation_ui.figures.agreement import agreement, counts_by_item
from annotation_ui.figures.defect_rate import residual, stratum
from annotation_ui.figures.outcomes import Outcome, outcomes
from annotation_ui.figures.proportions import share
from annotation_ui.figures.reject_hotspots import concentrations, parts
from annotation_ui.figures.reviewers import careless, reviewer_figures
from annotation_ui.store.records import REASONS, Verdict
from annotation_ui.store.review_store import Store
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES


def status(store: Store) -> dict[str, Any]:
    """How the review in `store` stands; docs/review-statistics.md says what each figure means."""
    items, verdicts, plan = store.items(), store.verdicts(), store.plan()
    progress = store.progress()
    judged = outcomes(items, verdicts)
    samples = [verdict for verdict in verdicts if verdict.kind == "sample"]
    people = reviewer_figures(items, verdicts, store.events())
    concentrated = concentrations(judged)
    out = {piece for found in concentrated for piece in found.pieces}
    return {
        "plan": plan,
        "progress": {
            "done": progress.done,
            "needed": progress.needed,
            "by_type": {t: progress.by_type[t] for t in TYPES if t in progress.by_type},
            "by_reviewer": dict(progress.by_reviewer),
        },
        "agreement": _agreement(samples),
        "reviewers": [asdict(made) for made in people],
        "careless": careless(people),
        "rejected": _rejected(judged),
        "reasons": _reasons(samples),
        "concentrations": [{"text": str(one), **asdict(one)} for one in concentrated],
        "ranges": [
            [{"text": str(p), **asdict(p), "stands_out": p in out} for p in found]
            for found in parts(judged)
        ],
        "residual": _residual(judged, plan),
    }


def _agreement(samples: Sequence[Verdict]) -> dict[str, Any]:
    """Overall and per type."""
    by_type = {
        t: asdict(agreement(counts_by_item(mine)))
        for t in TYPES
        if (mine := [verdict for verdict in samples if verdict.type == t])
    }
    return {"overall": asdict(agreement(counts_by_item(samples))), "by_type": by_type}


def _rejected(judged: Sequence[Outcome]) -> dict[str, Any]:
    """The share of samples that their reviewers reject, overall and per type."""

    def of(some: Sequence[Outcome]) -> dict[str, Any]:
        return asdict(share(sum(outcome.rejected for outcome in some), len(some)))

    by_type = {t: of(mine) for t in TYPES if (mine := [o for o in judged if o.type == t])}
    return {"overall": of(judged), "by_type": by_type}


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


def _residual(judged: Sequence[Outcome], plan: dict[str, Any]) -> dict[str, Any]:
    """Overall, per type and per split."""
    rows = {stratum(*where): count for *where, count in plan["unreviewed"]}

    def of(place: int, name: str) -> dict[str, Any]:
        mine = {home: count for home, count in rows.items() if home[place] == name}
        return asdict(residual(judged, mine))

    return {
        "overall": asdict(residual(judged, rows)),
        "by_type": {t: of(1, t) for t in TYPES if any(home[1] == t for home in rows)},
        "by_split": {s: of(0, s) for s in SPLITS if any(home[0] == s for home in rows)},
    }
