"""Figures of certainty: is an answer as often right as it says, a range as often?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dubench.report.figures.dots import dot_rows
from dubench.report.figures.plotting import (
    COLUMN,
    FAINT,
    GREY,
    PAGE,
    Drawing,
    legend,
    panels,
    print_style,
    sheet,
    short,
)
from dubench.report.tables import types_of
from dubench.scoring.certainty import bins, confidence
from dubench.scoring.intervals import (
    LEAST_CLUSTERS,
    Ratio,
    clusters_of,
    codes,
    draw,
    outer_interval,
    totals,
)
from dubench.scoring.sample_scores import SampleScores, keys_of
from dubench.scoring.score_files import Scored
from dubench.text import words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOT = "#0072B2"


@dataclass(frozen=True)
class Bin:
    """Answers that state much the same probability.

    Attributes:
        stated: their mean probability.
        right: the share of right ones.
        interval: of that share, 95 %; None under 30 photographs.
    """

    stated: float
    right: float
    interval: tuple[float, float] | None


def drawings(scored: Mapping[str, Scored]) -> list[Drawing]:
    """The two figures, of the models that state their certainty; nothing where none does."""
    result = []
    types = {label: score for label, score in scored.items() if score.rows.probabilities}
    ranges = {label: score for label, score in scored.items() if score.rows.ranged}
    with print_style():
        if types:
            caption = (
                "Answers in bins of equal count by the probability that they give their own type; "
                "bars: 95 % intervals of the share right, by resampling photographs. Below the "
                "diagonal a model is surer than it should be."
            )
            title = "Reliability of the types' probabilities"
            result.append(Drawing("certainty_types", title, caption, reliability(types)))
        if ranges:
            caption = (
                "Share of the values inside their stated range, where the type is right; bars: "
                "95 % intervals. Left of the line ranges are too short."
            )
            title = "How often the 90 % ranges hold"
            result.append(Drawing("certainty_ranges", title, caption, coverage(ranges)))
    return result


def reliability_bins(rows: SampleScores) -> list[Bin]:
    """The bins of the calibration error, by rising probability."""
    confidences = confidence(rows)
    masks = [mask.astype(float) for mask in bins(confidences)]
    sure = np.nan_to_num(confidences)
    stated = totals({str(i): (sure * mask, mask) for i, mask in enumerate(masks)})
    ratios: dict[str, Ratio] = {str(i): (rows.right * mask, mask) for i, mask in enumerate(masks)}
    right = totals(ratios)
    clusters = codes(rows.clusters)
    drawn = draw(ratios, clusters)
    ends = [drawn.with_one_more(dict.fromkeys(ratios, end), alike=False) for end in (0.0, 1.0)]
    result = []
    for name, ratio in ratios.items():
        share = float(right[name])
        interval = None
        if clusters_of(ratio, clusters) >= LEAST_CLUSTERS:
            interval = outer_interval(*(end[name] for end in ends))
        result.append(Bin(float(stated[name]), share, interval))
    return result


def reliability(scored: Mapping[str, Scored]) -> "Figure":
    """Share right against stated probability, one panel per model."""
    across = min(3, len(scored))
    width = {1: COLUMN, 2: 5.2, 3: PAGE}[across]
    down = -(-len(scored) // across)
    figure = sheet(width, down * 2.35)
    axes = panels(figure, len(scored), across)
    for place, (axis, (label, score)) in enumerate(zip(axes, scored.items(), strict=True)):
        _reliability(axis, reliability_bins(score.rows))
        assert score.result.certainty is not None
        types = score.result.certainty.types
        assert types is not None
        axis.set_title(short(label))
        error = "–" if types.calibration_error is None else f"{100 * types.calibration_error:.2f} %"
        text = f"calibration error {error}\nBrier score {types.brier:.4f}"
        axis.text(97, 3, text, ha="right", va="bottom", fontsize=6.5, color=FAINT)
        if place % across == 0:
            axis.set_ylabel("right, %")
        if place + across >= len(scored):
            axis.set_xlabel("stated probability, %")
    return figure


def _reliability(axis: Any, found: list[Bin]) -> None:
    axis.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    for one in found:
        if one.interval:
            ends = [100 * end for end in one.interval]
            axis.plot([100 * one.stated] * 2, ends, color=_DOT, linewidth=0.8, alpha=0.6)
    stated, right = [100 * one.stated for one in found], [100 * one.right for one in found]
    axis.plot(stated, right, "o", color=_DOT, markersize=3.2, clip_on=False, zorder=3)
    axis.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")


def coverage(scored: Mapping[str, Scored]) -> "Figure":
    """Share of values inside their range, one line per key and one dot per model."""
    results = {label: score.result for label, score in scored.items()}
    keys = keys_of(types_of(results))
    figure = sheet(COLUMN, 0.6 + len(keys) * (0.16 + 0.1 * len(scored)))
    (axis,) = panels(figure, 1, 1)
    axis.axvline(90, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    lowest = min(80.0, dot_rows(axis, [f"range_coverage.{key}" for key in keys], results))
    axis.set_xlim(max(0.0, lowest - 3), 100)
    axis.set_yticks(range(len(keys)), [words(key) for key in keys])
    axis.set_xlabel("values inside their 90 % range, %")
    legend(figure, *axis.get_legend_handles_labels())
    return figure
