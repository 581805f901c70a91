"""Dots with 95 % intervals: a row per score, a dot per model, so that none hides another."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubench.report.figures.plotting import line_style, short
from dubench.scoring.result import ScoreResult


def dot_rows(axis: Any, names: Sequence[str], scores: Mapping[str, ScoreResult]) -> float:
    """Draw scores in percent against their place in `names`, the first on top.

    Returns:
        the lowest end of an interval, or dot, in percent; 100 where there is none.
    """
    lowest = 100.0
    for place, (label, result) in enumerate(scores.items()):
        style = line_style(place) | {"linestyle": "none"}
        offset = 0.6 * ((place + 0.5) / len(scores) - 0.5)
        points = []
        for row, name in enumerate(names):
            share = result.scores.get(name)
            if share is None:
                continue
            points.append((100 * share, row + offset))
            ends = [100 * end for end in result.intervals.get(name) or (share, share)]
            lowest = min(lowest, *ends)
            axis.plot(ends, [row + offset] * 2, color=style["color"], linewidth=0.9)
        x, y = zip(*points, strict=True) if points else ((), ())
        axis.plot(x, y, label=short(label), clip_on=False, **style)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    return lowest
