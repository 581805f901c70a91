"""The numbers among the evidence: probabilities of the types, values and their ranges."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from dubench.diagnosing.diagnosis import Diagnosis, Finding
from dubench.diagnosing.evidence.style import TRACK, title, type_colours
from dubench.diagnosing.terminal import NOTHING
from dubench.report.figures.plotting import FAINT, GREY, INK
from dubench.text import percent, words
from generators.taxonomy import NONE, TYPES, Key

_START = 0.5  # where tracks begin, of their end with names


def probabilities(axes: Any, diagnosis: Diagnosis) -> None:
    """A bar per type."""
    shares = diagnosis.type_probabilities
    if not shares:
        votes = Counter(types[0] for types in diagnosis.tiles if types)
        shares = {name: votes[name] / len(diagnosis.tiles) for name in TYPES}
    names = [name for name in TYPES if name in shares]
    colours = type_colours()
    places = range(len(names))
    values = [shares[name] for name in names]
    axes.barh(places, [1] * len(names), color=TRACK, height=0.62)
    axes.barh(places, values, color=[colours[name] for name in names], height=0.62)
    axes.set_yticks(places, [words(name) if name != NONE.name else NOTHING for name in names])
    for place, value in zip(places, values, strict=True):
        axes.text(1.03, place, percent(value), va="center", fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.tick_params(left=False)
    axes.spines[:].set_visible(False)
    title(axes, "type" if diagnosis.type_probabilities else "type, share of the tiles")


def ranges(axes: Any, diagnosis: Diagnosis) -> None:
    """A track per key, from the low end of its range to the high one."""
    rows = [
        (finding, key)
        for finding in diagnosis.findings
        for key in TYPES[finding.type].keys
        if key.name in finding.parameters
    ]
    axes.set_axis_off()
    axes.set_xlim(0, 1.7)
    axes.set_ylim(max(len(rows), 3) - 0.5, -0.5)
    if not rows:
        axes.text(0, 1, "no degradation, nothing to measure", color=FAINT, va="center")
        return
    stated = any(finding.ranges for finding in diagnosis.findings)
    title(axes, "values" + (" and their 90 % ranges" if stated else ""))
    for place, (finding, key) in enumerate(rows):
        _row(axes, place, finding, key)


def _row(axes: Any, place: int, finding: Finding, key: Key) -> None:
    """A key's range as a track, its value and 90 % range on it."""
    left, width, colour = _START, 1 - _START, type_colours()[finding.type]

    def at(value: float) -> float:
        return left + width * min(max((value - key.low) / (key.high - key.low), 0), 1)

    axes.text(0, place, words(key.name), va="center", fontsize=7.5)
    axes.plot((left, 1), (place, place), color=TRACK, linewidth=9, solid_capstyle="round")
    for end, side in ((key.low, left), (key.high, 1)):
        axes.text(
            side,
            place + 0.42,
            f"{end:g}".replace("-", "−"),
            ha="center",
            va="center",
            fontsize=5.5,
            color=GREY,
        )
    entries = list(_entries(finding, key))
    for number, (value, ends) in enumerate(entries):
        height = place + (number - (len(entries) - 1) / 2) * 0.05
        thick, dot = (4.5, 5.5) if len(entries) == 1 else (1.2, 2.2)
        if ends:
            axes.plot(
                [at(end) for end in ends], (height, height), color=colour, alpha=0.55,
                linewidth=thick, solid_capstyle="butt",
            )  # fmt: skip
        axes.plot(
            at(value), height, "o", color=colour, markersize=dot, markeredgecolor="white",
            markeredgewidth=0.8 if len(entries) == 1 else 0,
        )  # fmt: skip
    if len(entries) == 1:
        value, ends = entries[0]
        span = f"  [{ends[0]:.3g}, {ends[1]:.3g}]" if ends else ""
        axes.text(1.07, place, f"{value:.3g}{span}", va="center", fontsize=7.5, color=INK)
    else:
        axes.text(1.07, place, f"{len(entries)} entries", va="center", fontsize=7, color=FAINT)


def _entries(finding: Finding, key: Key) -> Iterator[tuple[float, tuple[float, float] | None]]:
    value, ends = finding.parameters[key.name], finding.ranges.get(key.name)
    if not isinstance(value, tuple):
        yield value, (ends[0], ends[1]) if ends else None  # type: ignore[misc]
        return
    for number, entry in enumerate(value):
        yield entry, (ends[0][number], ends[1][number]) if ends else None  # type: ignore[index]
