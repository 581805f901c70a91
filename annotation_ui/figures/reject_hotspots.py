"""Where in the parameters' ranges rejects concentrate."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, inf, lgamma

import numpy as np

from annotation_ui.figures.outcomes import Outcome
from generators.taxonomy import TYPES, Value

SIGNIFICANT = 0.05
_PARTS = 5
_SHOWN = 2  # entries of a vector that are told


@dataclass(frozen=True)
class Part:
    """Part of a parameter's range and the samples of the type that fall in it.

    `low` ≤ value < `high`, None where the range is open; or `only`, the one value of the part.
    """

    type: str
    key: str
    low: float | None
    high: float | None
    only: Value | None
    rejected: int
    n: int

    def __str__(self) -> str:
        if self.only is not None:
            return f"{self.key} = {_tell(self.only)}"
        if self.low is None:
            return f"{self.key} < {self.high:g}"
        if self.high is None:
            return f"{self.key} ≥ {self.low:g}"
        return f"{self.low:g} ≤ {self.key} < {self.high:g}"


@dataclass(frozen=True)
class Concentration:
    """A part of a range with more rejects than elsewhere in the type, beyond chance.

    `pieces` are the neighbouring parts that make up `part`; `p` is the largest of theirs, each by
    Fisher's exact test, one-sided, corrected after Holm for all parts of all keys.
    """

    part: Part
    pieces: tuple[Part, ...]
    elsewhere_rejected: int
    elsewhere_n: int
    p: float

    def __str__(self) -> str:
        here, there = self.part.rejected / self.part.n, self.elsewhere_rejected / self.elsewhere_n
        return (
            f"{self.part.type.replace('_', ' ')}: rejects concentrate at {self.part}: {here:.0%} "
            f"({self.part.rejected} of {self.part.n}) against {there:.1%} elsewhere"
        )


def parts(judged: Iterable[Outcome]) -> list[list[Part]]:
    """Every key's range in parts, in order: one list per type and key.

    Up to five different values are a part each; more are parted at their quintiles, rounded to
    three digits. Vectors of more than five different values (mixtures of cameras) are left out.
    """
    by_type: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in judged:
        by_type[outcome.type].append(outcome)
    made = []
    for kind in TYPES.values():
        for key in kind.keys:
            having = [o for o in by_type[kind.name] if key.name in o.values]
            pairs = [(o.values[key.name], o.rejected) for o in having]
            if found := _part(kind.name, key.name, pairs):
                made.append(found)
    return made


def concentrations(judged: Iterable[Outcome]) -> list[Concentration]:
    """Where rejects concentrate: parts against the rest of their type, significant at 5 %.

    Neighbouring parts of a range that both stand out are told as one.
    """
    ranges = parts(judged)
    found = [(part, *_elsewhere(part, whole)) for whole in ranges for part in whole]
    corrected = iter(holm([fisher_greater(p.rejected, p.n, bad, n) for p, bad, n in found]))
    made = []
    for whole in ranges:
        ps = [next(corrected) for _ in whole]
        start = 0
        while start < len(whole):
            end = start + 1
            if ps[start] <= SIGNIFICANT:
                while end < len(whole) and ps[end] <= SIGNIFICANT and whole[end].only is None:
                    end += 1
                run = tuple(whole[start:end])
                part = _together(run)
                made.append(Concentration(part, run, *_elsewhere(part, whole), max(ps[start:end])))
            start = end
    return made


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


def _part(type_: str, key: str, pairs: Sequence[tuple[Value, bool]]) -> list[Part]:
    values = [value for value, _ in pairs]
    distinct = sorted(
        set(values), key=lambda value: value if isinstance(value, tuple) else (value,)
    )
    if len(distinct) <= _PARTS:
        counts = [[bad for value, bad in pairs if value == only] for only in distinct]
        return [
            Part(type_, key, None, None, only, sum(bad), len(bad))
            for only, bad in zip(distinct, counts, strict=True)
        ]
    if any(isinstance(value, tuple) for value in values):
        return []
    numbers = np.array(values, np.float64)
    quintiles = np.quantile(numbers, np.arange(1, _PARTS) / _PARTS)
    edges = sorted({float(f"{edge:.3g}") for edge in quintiles})
    places = np.digitize(numbers, edges)
    bad = np.array([bad for _, bad in pairs])
    bounds = [None, *edges, None]
    made = [
        Part(type_, key, low, high, None, int(bad[places == i].sum()), int((places == i).sum()))
        for i, (low, high) in enumerate(pairwise(bounds))
    ]
    return [part for part in made if part.n]


def _elsewhere(part: Part, whole: Sequence[Part]) -> tuple[int, int]:
    return sum(p.rejected for p in whole) - part.rejected, sum(p.n for p in whole) - part.n


def _together(run: Sequence[Part]) -> Part:
    return replace(
        run[0], high=run[-1].high, rejected=sum(p.rejected for p in run), n=sum(p.n for p in run)
    )


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -inf
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _entries(value: Value) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


def _tell(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    told = ", ".join(f"{entry:.3g}" for entry in value[:_SHOWN])
    return f"({told}, …)"
