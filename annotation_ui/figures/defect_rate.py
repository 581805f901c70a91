"""How many defects are left among the rows that nobody looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from annotation_ui.figures.outcomes import Outcome
from dubench.scoring.intervals import CONFIDENCE, wilson
from generators.dataset.review_figures import DefectRate

Stratum = tuple[str, str, str, str]
"""Split, type, severity (empty for type `none`) and source."""


_DEPTHS = (4, 3, 2)  # entries of a stratum that make rows alike: best all, at least split and type


def estimate_defect_rate(outcomes: Iterable[Outcome], rows: Mapping[Stratum, int]) -> DefectRate:
    """Estimate the defect rate of what is unreviewed, post-stratified.

    The unreviewed rows of a stratum are shared out evenly among its reviewed samples (where it has
    none: among those of its split, type and severity, or else of its split and type). Weighted
    samples are worth n = (Σw)² / Σw² equal ones (L. Kish, "Survey sampling", 1965), which
    goes into Wilson's interval; that the strata also narrow it is left out, on the safe side.

    Args:
        outcomes: all of them. Samples that replaced a reject stand for themselves alone; the others
            were drawn at random within their strata.
        rows: how many rows of each stratum nobody had reviewed when the review was planned.
    """
    listed = list(outcomes)
    seen = Counter(_home(outcome) for outcome in listed)
    left = {home: count - seen[home] for home, count in rows.items() if seen[home] < count}
    like = _kin(outcome for outcome in listed if not outcome.replaces)
    weights: dict[str, float] = defaultdict(float)
    splits: dict[str, None] = {}
    bare: dict[str, None] = {}
    for home, count in left.items():
        kin = next((like[home[:depth]] for depth in _DEPTHS if home[:depth] in like), [])
        for outcome in kin:
            weights[outcome.sample_id] += count / len(kin)
        (splits if kin else bare)[home[0] if kin else f"{home[1]} in {home[0]}"] = None
    unreviewed, covered = sum(left.values()), round(sum(weights.values()))
    if not covered:
        why = "no unreviewed row has a reviewed one like it" if unreviewed else "all is reviewed"
        return DefectRate(unreviewed, 0, 0, 0, None, None, None, None, None, why)
    rejected = [o.sample_id for o in listed if o.rejected and o.sample_id in weights]
    rate = min(1.0, sum(weights[sample] for sample in rejected) / covered)
    n = covered**2 / sum(weight**2 for weight in weights.values())
    upper = wilson(rate * n, n, 2 * CONFIDENCE - 1)[1]
    speaks_for = f"unreviewed rows of {', '.join(splits)}"
    if bare:
        speaks_for += f"; not for {', '.join(bare)}, where nothing was reviewed yet"
    return DefectRate(
        unreviewed, covered, len(weights), len(rejected), rate, wilson(rate * n, n), upper,
        rate * covered, upper * covered, speaks_for,
    )  # fmt: skip


def _home(outcome: Outcome) -> Stratum:
    return outcome.split, outcome.type, outcome.severity or "", outcome.source


def _kin(drawn: Iterable[Outcome]) -> dict[tuple[str, ...], list[Outcome]]:
    """Outcomes by stratum, and by what strata have in common."""
    like: dict[tuple[str, ...], list[Outcome]] = defaultdict(list)
    for outcome in drawn:
        for depth in _DEPTHS:
            like[_home(outcome)[:depth]].append(outcome)
    return like
