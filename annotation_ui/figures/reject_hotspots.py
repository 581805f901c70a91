"""Where in the parameters' ranges rejects concentrate."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import exp, inf, lgamma

import numpy as np

from annotation_ui.figures.outcomes import Outcome
from generators.dataset.review_figures import RangePart, RejectHotspot
from generators.taxonomy import TYPES, Value

SIGNIFICANT = 0.05
_PARTS = 5
_SHOWN = 2  # entries of a vector that are written out


def part_text(part: RangePart) -> str:
    """A part of a range in words: `transmission < 0.305`."""
    if part.only is not None:
        return f"{part.key} = {_value_text(part.only)}"
    if part.low is None:
        return f"{part.key} < {part.high:g}"
    if part.high is None:
        return f"{part.key} ≥ {part.low:g}"
    return f"{part.low:g} ≤ {part.key} < {part.high:g}"


def range_parts(outcomes: Iterable[Outcome]) -> tuple[tuple[RangePart, ...], ...]:
    """Every key's range in parts, in order: one tuple per type and key.

    Up to five different values are a part each; more are parted at their quintiles, rounded to
    three digits. Vectors of more than five different values (mixtures of cameras) are left out.
    """
    by_type: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_type[outcome.type].append(outcome)
    ranges = []
    for degradation in TYPES.values():
        for key in degradation.keys:
            having = [o for o in by_type[degradation.name] if key.name in o.values]
            pairs = [(o.values[key.name], o.rejected) for o in having]
            if parts := _parts(degradation.name, key.name, pairs):
                ranges.append(parts)
    return tuple(ranges)


def find_hotspots(ranges: Sequence[Sequence[RangePart]]) -> tuple[RejectHotspot, ...]:
    """Where rejects concentrate: parts against the rest of their type, significant at 5 %.

    Neighbouring parts of a range that both stand out are one hotspot.

    Args:
        ranges: all `range_parts`.
    """
    tests = [(part, *_elsewhere(part, whole)) for whole in ranges for part in whole]
    corrected = iter(holm([fisher_greater(p.rejected, p.n, bad, n) for p, bad, n in tests]))
    hotspots = []
    for whole in ranges:
        ps = [next(corrected) for _ in whole]
        start = 0
        while start < len(whole):
            end = start + 1
            if ps[start] <= SIGNIFICANT:
                while end < len(whole) and ps[end] <= SIGNIFICANT and whole[end].only is None:
                    end += 1
                hotspots.append(_hotspot(whole[start:end], whole, max(ps[start:end])))
            start = end
    return tuple(hotspots)


def fisher_greater(bad: int, n: int, other_bad: int, other_n: int) -> float:
    """Fisher's exact test, one-sided: how likely chance alone puts `bad` or more among `n`."""
    all_bad, total = bad + other_bad, n + other_n
    ways = _log_choose(total, n)
    terms = (
        exp(_log_choose(all_bad, k) + _log_choose(total - all_bad, n - k) - ways)
        for k in range(bad, min(n, all_bad) + 1)
    )
    return min(1.0, sum(terms))


def holm(ps: Sequence[float]) -> list[float]:
    """Correct the p values of a family of tests (S. Holm, "A simple sequentially rejective
    multiple test procedure", 1979)."""
    corrected = [0.0] * len(ps)
    largest = 0.0
    for place, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, (len(ps) - place) * ps[i]))
        corrected[i] = largest
    return corrected


def _parts(type_name: str, key: str, pairs: Sequence[tuple[Value, bool]]) -> tuple[RangePart, ...]:
    values = [value for value, _ in pairs]
    distinct = sorted(
        set(values), key=lambda value: value if isinstance(value, tuple) else (value,)
    )
    if len(distinct) <= _PARTS:
        counts = [[bad for value, bad in pairs if value == only] for only in distinct]
        return tuple(
            RangePart(type_name, key, None, None, only, sum(bad), len(bad))
            for only, bad in zip(distinct, counts, strict=True)
        )
    if any(isinstance(value, tuple) for value in values):
        return ()
    numbers = np.array(values, np.float64)
    quintiles = np.quantile(numbers, np.arange(1, _PARTS) / _PARTS)
    edges = sorted({float(f"{edge:.3g}") for edge in quintiles})
    places = np.digitize(numbers, edges)
    bad = np.array([bad for _, bad in pairs])
    bounds = [None, *edges, None]
    parts = (
        RangePart(
            type_name, key, low, high, None, int(bad[places == i].sum()), int((places == i).sum())
        )
        for i, (low, high) in enumerate(pairwise(bounds))
    )
    return tuple(part for part in parts if part.n)


def _elsewhere(part: RangePart, whole: Sequence[RangePart]) -> tuple[int, int]:
    return sum(p.rejected for p in whole) - part.rejected, sum(p.n for p in whole) - part.n


def _hotspot(pieces: Sequence[RangePart], whole: Sequence[RangePart], p: float) -> RejectHotspot:
    part = _together(pieces)
    bad, n = _elsewhere(part, whole)
    text = (
        f"{part.type.replace('_', ' ')}: rejects concentrate at {part_text(part)}: "
        f"{part.rejected / part.n:.0%} ({part.rejected} of {part.n}) "
        f"against {bad / n:.1%} elsewhere"
    )
    return RejectHotspot(text, part, tuple(pieces), bad, n, p)


def _together(run: Sequence[RangePart]) -> RangePart:
    return replace(
        run[0], high=run[-1].high, rejected=sum(p.rejected for p in run), n=sum(p.n for p in run)
    )


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -inf
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _value_text(value: Value) -> str:
    if not isinstance(value, tuple):
        return f"{value:g}"
    first = ", ".join(f"{entry:.3g}" for entry in value[:_SHOWN])
    return f"({first}, …)"
