"""Small drawings as inline SVG: they follow the page's colours, and nothing has to be fetched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

Span = tuple[float, float]

_ROW, _LABEL = 24, 210


@dataclass(frozen=True)
class Dot:
    """A score with its interval. `css_class` colours it; `text` is what stands at its right."""

    label: str
    value: float
    span: Span | None
    css_class: str = ""
    text: str = ""


def forest(dots: Sequence[Dot], title: str, tick: Callable[[float], str], plot: int = 520) -> str:
    """Scores one below the other, each with its 95 % interval.

    Args:
        title: what the figure shows, for those who cannot see it.
        tick: writes a number of the axis.
        plot: width of the plot proper.
    """
    ends = [end for dot in dots for end in (dot.span or (dot.value, dot.value))]
    at, ticks = _scale(min(ends), max(ends), plot)
    width, height = _LABEL + plot + 90, _ROW * len(dots) + 28
    parts = [
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 24}"/>'
        f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{tick(t)}</text>'
        for t in ticks
        for x in [_LABEL + at(t)]
    ]
    for place, dot in enumerate(dots):
        y = _ROW * (place + 0.5)
        x = _LABEL + at(dot.value)
        low, high = (_LABEL + at(end) for end in dot.span or (dot.value, dot.value))
        parts.append(
            f'<g class="{dot.css_class}"><text x="{_LABEL - 12}" y="{y + 4:.1f}" '
            f'text-anchor="end">{_text(_short(dot.label))}</text>'
            f'<line class="span" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
            f'<text class="value" x="{_LABEL + plot + 14}" y="{y + 4:.1f}">'
            f"{_text(dot.text)}</text></g>"
        )
    return _svg(width, height, title, parts, "forest")


def matrix(counts: Mapping[str, Mapping[str, int]], columns: Sequence[str], title: str) -> str:
    """True type by answer: counts, shaded by their share of the row."""
    cell, left, top = 66, 118, 34
    width, height = left + cell * len(columns) + 4, top + 40 * len(counts) + 4
    parts = [
        f'<text class="tick" x="{left + cell * (x + 0.5):.0f}" y="22" text-anchor="middle">'
        f"{_text(_words(name, 11))}</text>"
        for x, name in enumerate(columns)
    ]
    for y, (name, row) in enumerate(counts.items()):
        total = max(1, sum(row.values()))
        middle = top + 40 * y + 20
        parts.append(_row_name(left, middle, name))
        for x, column in enumerate(columns):
            count = row.get(column, 0)
            share = count / total
            strong = " strong" if share > 0.5 else "" if count else " none"
            parts.append(
                f'<rect class="cell" x="{left + cell * x + 1}" y="{top + 40 * y + 1}" '
                f'width="{cell - 2}" height="38" rx="4" fill-opacity="{0.06 + 0.94 * share:.3f}"/>'
                f'<text class="count{strong}" x="{left + cell * (x + 0.5):.0f}" y="{middle + 4}" '
                f'text-anchor="middle">{count:,}</text>'
            )
    return _svg(width, height, title, parts, "matrix")


def stacked(counts: Mapping[str, Mapping[str, int]], colours: Mapping[str, str], title: str) -> str:
    """Which keys were answered for each true type, as shares of a bar."""
    left, bar = 118, 440
    height = 30 * len(counts) + 4
    parts = []
    for y, (name, row) in enumerate(counts.items()):
        total, x = sum(row.values()), float(left)
        middle = 30 * y + 15
        parts.append(_row_name(left, middle, name))
        for key, colour in colours.items():
            share = bar * row.get(key, 0) / max(1, total)
            if share:
                parts.append(
                    f'<rect x="{x:.1f}" y="{30 * y + 4}" width="{share:.1f}" height="22" '
                    f'fill="{colour}"><title>{_text(_words(key, 40))}: {row[key]:,}</title></rect>'
                )
            x += share
        parts.append(f'<text class="value" x="{left + bar + 8}" y="{middle + 4}">{total:,}</text>')
    used = [k for k in colours if any(row.get(k) for row in counts.values())]
    for place, key in enumerate(used):
        x, y = left + 150 * (place % 3), height + 8 + 20 * (place // 3)
        parts.append(
            f'<rect x="{x}" y="{y}" width="11" height="11" rx="2" fill="{colours[key]}"/>'
            f'<text class="tick" x="{x + 17}" y="{y + 10}">{_text(_words(key, 20))}</text>'
        )
    return _svg(left + bar + 60, height + 14 + 20 * -(-len(used) // 3), title, parts, "stacked")


def reliability(points: Sequence[tuple[float, float, int]], title: str) -> str:
    """Stated confidence against the share of right answers: (stated, right, samples) each."""
    side, left, bottom = 260, 44, 36
    most = max((n for _, _, n in points), default=1)
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = left + side * share, 8 + side * (1 - share)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{left + side}" y1="{y:.0f}" y2="{y:.0f}"/>'
            f'<text class="tick" x="{left - 8}" y="{y + 4:.0f}" '
            f'text-anchor="end">{share:.0%}</text>'
            f'<text class="tick" x="{x:.0f}" y="{side + 26}" '
            f'text-anchor="middle">{share:.0%}</text>'
        )
    parts.append(f'<line class="even" x1="{left}" y1="{side + 8}" x2="{left + side}" y2="8"/>')
    for stated, right, n in points:
        parts.append(
            f'<circle cx="{left + side * stated:.1f}" cy="{8 + side * (1 - right):.1f}" '
            f'r="{3 + 5 * (n / most) ** 0.5:.1f}"><title>stated {stated:.1%}, right {right:.1%}, '
            f"{n:,} samples</title></circle>"
        )
    return _svg(left + side + 14, side + bottom, title, parts, "reliability")


def _row_name(left: float, middle: float, name: str) -> str:
    """The name of a row whose bars or cells begin at `left`."""
    words = _text(_words(name, 16))
    return f'<text x="{left - 10}" y="{middle + 4}" text-anchor="end">{words}</text>'


def _svg(width: float, height: float, title: str, parts: Sequence[str], css_class: str) -> str:
    return (
        f'<svg class="{css_class}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{_text(title)}">{"".join(parts)}</svg>'
    )


def _scale(low: float, high: float, length: float) -> tuple[Callable[[float], float], list[float]]:
    """Where a number lies on an axis of `length`, and four to eight round numbers on it."""
    spread = (high - low) or abs(high) or 1.0
    step = 10 ** floor(log10(spread / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if spread / (step * factor) <= 6)
    first = floor(low / step)
    last = max(first + 1, -floor(-high / step))
    start, stop = first * step, last * step
    ticks = [place * step for place in range(first, last + 1)]
    return (lambda value: length * (value - start) / (stop - start)), ticks


def _short(label: str, most: int = 28) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _words(name: str, most: int) -> str:
    return _short(name.replace("_", " "), most)


def _text(text: str) -> str:
    return escape(text)
