"""Whether reviewers who saw the same item say the same: percent agreement, Krippendorff's α and
Gwet's AC1, with bootstrap intervals over items.

α compares the disagreement observed with that of verdicts dealt out at random (K. Krippendorff,
"Computing Krippendorff's alpha-reliability", 2011). Where almost everything is accepted it falls
to 0 though reviewers hardly ever differ; AC1 (K. L. Gwet, "Computing inter-rater reliability and
its variance in the presence of high agreement", 2008) does not, so both are given.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from annotation_ui.store.items import CHOICES
from annotation_ui.store.records import Verdict
from dubench.scoring.intervals import Ratio, bootstrap, percentile_interval, totals
from generators.dataset.review_figures import Agreement, Estimate
from generators.errors import InputError

Floats = NDArray[np.float64]

LEAST_ITEMS = 30
"""Below this a bootstrap's interval is far too short to be given."""

_LEAST_UNLIKE = 4  # items with a verdict of each kind that an interval of α needs


def counts_by_item(verdicts: Iterable[Verdict]) -> Floats:
    """How often each sample with two verdicts or more was accepted and rejected: (items, 2).

    Planted items (gold and repeats) are left out.
    """
    counts: dict[str, list[float]] = {}
    for verdict in verdicts:
        if verdict.role == "sample":
            row = counts.setdefault(verdict.item, [0.0] * len(CHOICES))
            row[CHOICES.index(verdict.verdict)] += 1
    rows = [row for row in counts.values() if sum(row) >= 2]
    return np.array(rows, np.float64).reshape(-1, len(CHOICES))


def measure_agreement(counts: Floats, seed: int = 0) -> Agreement:
    """The three coefficients over items, each row (accepted, rejected) with a sum ≥ 2."""
    items, verdicts = len(counts), int(counts.sum())
    if not items:
        none = Estimate(None, None, "no item has two reviewers' verdicts yet")
        return Agreement(0, 0, none, none, none)
    drawn = _coefficients(bootstrap(_parts(counts), np.arange(items), seed=seed), items)
    values = percent_agreement(counts), alpha(counts), gwet_ac1(counts)
    estimates = [_estimate(v, d, items) for v, d in zip(values, drawn, strict=True)]
    rarest = int((counts > 0).sum(0).min())
    if estimates[1].interval and rarest < _LEAST_UNLIKE:
        # α is about the rarer verdict, and so few tell hardly anything of how rare it is.
        why = f"no interval: {rarest} of {items} items have a verdict of the rarer kind"
        estimates[1] = Estimate(values[1], None, why)
    return Agreement(items, verdicts, *estimates)


def percent_agreement(counts: Floats) -> float:
    """The share of agreeing pairs of verdicts, averaged over items with two verdicts or more.

    Args:
        counts: (items, categories), how many reviewers chose each category.
    """
    return float(_coefficients(totals(_parts(counts)), len(counts))[0])


def alpha(counts: Floats) -> float | None:
    """Krippendorff's nominal α over `counts` (items, categories); None if all verdicts are one.

    Items with a single verdict have nothing to disagree with and do not count.

    Raises:
        InputError: the package krippendorff is missing.
    """
    try:
        import krippendorff
    except ImportError:
        raise InputError(
            'Krippendorff\'s α needs krippendorff: pip install "dubench[review]"'
        ) from None

    paired = counts[counts.sum(1) >= 2]
    if np.count_nonzero(paired.sum(0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=paired, level_of_measurement="nominal"))


def gwet_ac1(counts: Floats) -> float:
    """Gwet's AC1 over `counts` (items, categories): (p_a − p_e) / (1 − p_e).

    p_a is the percent agreement and p_e = Σ π_k (1 − π_k) / (q − 1), π_k the mean over items of the
    share of reviewers who chose category k (Gwet 2008). With missing verdicts p_a
    runs over items with at least two and π_k over those with at least one (Gwet, "Handbook of
    inter-rater reliability", 4th edition, 2014).
    """
    return float(_coefficients(totals(_parts(counts)), len(counts))[2])


def _parts(counts: Floats) -> dict[str, Ratio]:
    """What the coefficients are made of, as sums over items: so that a resample is a sum."""
    judged = counts.sum(1)
    one = np.ones(len(counts))
    paired = (judged >= 2).astype(np.float64)
    most = np.maximum(judged, 2)
    unequal = judged**2 - (counts**2).sum(1)  # ordered pairs of unequal verdicts
    parts: dict[str, Ratio] = {
        "agreeing": (paired * (1 - unequal / (most * (most - 1))), paired),
        "disagreement": (unequal / (most - 1), one),
    }
    rated = (judged >= 1).astype(np.float64)
    for k, column in enumerate(counts.T):
        parts[f"count {k}"] = (column * paired, one)
        parts[f"share {k}"] = (column / np.maximum(judged, 1), rated)
    return parts


def _coefficients(means: Mapping[str, Floats], items: int) -> tuple[Floats, Floats, Floats]:
    """Percent agreement, α and AC1 from the means of `_parts`; NaN where undefined.

    α = 1 − (n − 1) Σ_u (disagreement of u) / (n² − Σ_c n_c²), which is Krippendorff's 1 − D_o/D_e
    with the coincidences written out.
    """
    counts = items * np.stack([v for name, v in means.items() if name.startswith("count")])
    shares = np.stack([v for name, v in means.items() if name.startswith("share")])
    n = counts.sum(0)
    expected = n**2 - (counts**2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (n - 1) * items * means["disagreement"] / expected
    by_chance = (shares * (1 - shares)).sum(0) / (len(shares) - 1)
    agreeing = means["agreeing"]
    return agreeing, 1 - apart, (agreeing - by_chance) / (1 - by_chance)


def _estimate(value: float | None, drawn: Floats, items: int) -> Estimate:
    if value is None:
        return Estimate(None, None, "undefined: all verdicts are the same")
    if items < LEAST_ITEMS:
        return Estimate(value, None, f"no interval from fewer than {LEAST_ITEMS} items")
    return Estimate(value, percentile_interval(drawn), "")
