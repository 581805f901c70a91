"""How many defects are left among the rows that nobody looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation_ui.figures.outcomes import Outcome
from dubench.scoring.intervals import CONFIDENCE, wilson

Stratum = tuple[str, str, str, str]
"""Split, type, severity (empty for type `none`) and source."""


_DEPTHS = (4, 3, 2)  # entries of a stratum that make rows alike: best all, at least split and type


@dataclass(frozen=True)
class Residual:
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
    interval: tuple[float, float] | None
    upper: float | None
    defects: float | None
    most_defects: float | None
    speaks_for: str


def stratum(split: str, type_: str, severity: str | None, source: str) -> Stratum:
    """The stratum of a row."""
    return split, type_, severity or "", source


def residual(judged: Iterable[Outcome], rows: Mapping[Stratum, int]) -> Residual:
    """Estimate the defect rate of what is unreviewed, post-stratified.

    The unreviewed rows of a stratum are shared out evenly among its reviewed samples (where it has
    none: among those of its split, type and severity, or else of its split and type). Weighted
    samples are worth n = (Σw)² / Σw² equal ones (L. Kish, "Survey sampling", 1965), which
    goes into Wilson's interval; that the strata also narrow it is left out, on the safe side.

    Args:
        judged: all outcomes. Samples that replaced a reject stand for themselves alone; the others
            were drawn at random within their strata.
        rows: how many rows of each stratum nobody had reviewed when the review was planned.
    """
    listed = list(judged)
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
        return Residual(unreviewed, 0, 0, 0, None, None, None, None, None, why)
    rejected = [o.sample_id for o in listed if o.rejected and o.sample_id in weights]
    rate = min(1.0, sum(weights[sample] for sample in rejected) / covered)
    n = covered**2 / sum(weight**2 for weight in weights.values())
    upper = wilson(rate * n, n, 2 * CONFIDENCE - 1)[1]
    told = f"unreviewed rows of {', '.join(splits)}"
    if bare:
        told += f"; not for {', '.join(bare)}, where nothing was reviewed yet"
    return Residual(
        unreviewed, covered, len(weights), len(rejected), rate, wilson(rate * n, n), upper,
        rate * covered, upper * covered, told,
    )  # fmt: skip


def _home(outcome: Outcome) -> Stratum:
    return stratum(outcome.split, outcome.type, outcome.severity, outcome.source)


def _kin(drawn: Iterable[Outcome]) -> dict[tuple[str, ...], list[Outcome]]:
    """Outcomes by stratum, and by what strata have in common."""
    like: dict[tuple[str, ...], list[Outcome]] = defaultdict(list)
    for outcome in drawn:
        for depth in _DEPTHS:
            like[_home(outcome)[:depth]].append(outcome)
    return like
