"""The paper's figures of understanding: radar, confusion, predicted keys, and error against Δ."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dubench.report.figures.dots import dot_rows
from dubench.report.figures.plotting import (
    COLUMN,
    GREY,
    INK,
    PAGE,
    Drawing,
    key_colours,
    legend,
    line_style,
    panels,
    print_style,
    sheet,
    short,
)
from dubench.report.tables import Scores, types_of
from dubench.scoring.result import AVERAGE, Counts, ScoreResult
from dubench.scoring.sample_scores import OTHER, keys_of
from dubench.text import words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawings(scores: Scores, *, as_radar: bool = False) -> list[Drawing]:
    """The paper's Figures 4, 8, 9 and 7, each drawn or with the reason why not.

    Args:
        as_radar: draw Figure 4 as the paper does, where near models hide each other.
    """
    caption = "T-Acc, F1 and J-Acc of each type and of all types, in percent"
    caption += "." if as_radar else "; bars are 95 % intervals."
    with print_style():
        return [
            Drawing(
                "figure4_by_type",
                "Figure 4: type, F1 and keys by type",
                caption,
                radar(scores) if as_radar else by_type(scores),
            ),
            Drawing(
                "figure8_confusion",
                "Figure 8: confusion matrices",
                "Counts; shaded by their share of the row. «other»: no answer, an unreadable one, "
                "or one that names no known type.",
                confusion(scores),
            ),
            Drawing(
                "figure9_keys",
                "Figure 9: predicted keys per true type",
                "Shares of all keys answered, whose number stands at the right. One hue per type, "
                "one shade per key.",
                predicted_keys(scores),
            ),
            _against_delta(scores),
        ]


_BY_TYPE = (("t_acc", "T-Acc, %"), ("f1", "F1, %"), ("j_acc", "J-Acc, %"))


def by_type(scores: Scores) -> "Figure":
    """T-Acc, F1 and J-Acc by type and over all, a dot per model (for the paper's Figure 4)."""
    type_names = types_of(scores)
    rows = len(type_names) + 1
    figure = sheet(PAGE, 0.5 + rows * (0.16 + 0.09 * len(scores)))
    axes = panels(figure, 3, 3, sharey=True)
    for axis, (metric, title) in zip(axes, _BY_TYPE, strict=True):
        names = [f"by_type.{name}.{metric}" for name in type_names]
        lowest = dot_rows(axis, [*names, "t_f1" if metric == "f1" else metric], scores)
        axis.set_xlim(max(0.0, min(90.0, lowest - 2)), 100)
        axis.set_title(title)
    axes[0].set_yticks(range(rows), [*map(words, type_names), "all"])
    legend(figure, *axes[0].get_legend_handles_labels())
    return figure


def radar(scores: Scores) -> "Figure":
    """T-Acc, F1 and J-Acc by type and over all, one line per model (Figure 4)."""
    figure = sheet(PAGE, 2.55)
    type_names = types_of(scores)
    spokes = [f"by_type.{name}." for name in type_names]
    angles = [2 * math.pi * i / (len(spokes) + 1) for i in range(len(spokes) + 2)]
    axes = panels(figure, 3, 3, subplot_kw={"projection": "polar"})
    for axis, (metric, title) in zip(axes, _BY_TYPE, strict=True):
        whole = "t_f1" if metric == "f1" else metric
        for place, (label, score) in enumerate(scores.items()):
            shares = [_percent(score.scores[spoke + metric]) for spoke in spokes]
            shares.append(_percent(score.scores[whole]))
            style = line_style(place)
            axis.plot(angles, [*shares, shares[0]], label=short(label), clip_on=False, **style)
        _polar(axis, angles[:-1], [*map(words, type_names), "all"])
        axis.set_title(title, pad=16)
    legend(figure, *axes[0].get_legend_handles_labels())
    return figure


def _polar(axis: Any, angles: list[float], labels: list[str]) -> None:
    axis.set_theta_offset(math.pi / 2)
    axis.set_theta_direction(-1)
    axis.set_ylim(0, 100)
    axis.set_yticks([25, 50, 75, 100], ["25", "50", "75", ""], color=GREY, fontsize=6)
    axis.set_rlabel_position(180 / len(angles))
    axis.set_xticks(angles, [""] * len(angles))
    for angle, label in zip(angles, labels, strict=True):
        side = round(math.sin(angle), 6)
        align = "center" if side == 0 else "left" if side > 0 else "right"
        upright = "bottom" if side == 0 else "top" if math.cos(angle) < 0 else "center"
        axis.text(angle, 106, label.replace(" ", "\n"), ha=align, va=upright, linespacing=1)
    axis.grid(color="#d5d5d5", linewidth=0.5)
    axis.spines["polar"].set_color("#bbbbbb")


def confusion(scores: Scores) -> "Figure":
    """True type by answer, counts in cells shaded by their share of the row (Figure 8)."""
    tables = {label: score.understanding.confusion for label, score in scores.items()}
    columns = _answered(tables.values())
    across = min(3, len(scores))
    width = {1: COLUMN, 2: 5.2, 3: PAGE}[across]
    down = -(-len(scores) // across)
    rows = max(len(table) for table in tables.values())
    figure = sheet(width, 0.35 + down * (0.85 + 0.3 * rows))
    axes = panels(figure, len(scores), across)
    for place, (axis, (label, table)) in enumerate(zip(axes, tables.items(), strict=True)):
        _matrix(axis, table, columns)
        axis.set_title(short(label))
        if place % across == 0:
            axis.set_ylabel("true type")
        else:
            axis.set_yticklabels([])
        if place + across >= len(scores):
            axis.set_xlabel("answer")
    return figure


def _answered(tables: Iterable[Counts]) -> list[str]:
    """Columns in score.json's order, without types that are neither true nor answered."""
    tables = list(tables)
    used = {name for table in tables for name in table} | _counted(tables)
    return [name for name in _columns(tables) if name in used or name == OTHER]


def _columns(tables: Iterable[Counts]) -> list[str]:
    return list({name: None for table in tables for row in table.values() for name in row})


def _counted(tables: Iterable[Counts]) -> set[str]:
    return {name for table in tables for row in table.values() for name, n in row.items() if n}


def _matrix(axis: Any, table: Counts, columns: list[str]) -> None:
    counts = [[row.get(name, 0) for name in columns] for row in table.values()]
    shares = [[n / max(1, sum(row.values())) for n in ns]
              for ns, row in zip(counts, table.values(), strict=True)]  # fmt: skip
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for y, (ns, row) in enumerate(zip(counts, shares, strict=True)):
        for x, (n, share) in enumerate(zip(ns, row, strict=True)):
            colour = "white" if share > 0.55 else INK if n else "#aaaaaa"
            axis.text(x, y, f"{n:,}", ha="center", va="center", color=colour, fontsize=6.5)
    axis.set_xticks(range(len(columns)), [words(c) for c in columns], rotation=35, ha="right")
    axis.set_yticks(range(len(table)), [words(name) for name in table])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks([x - 0.5 for x in range(1, len(columns))], minor=True)
    axis.set_yticks([y - 0.5 for y in range(1, len(table))], minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="minor", length=0)
    axis.set_xticklabels(axis.get_xticklabels(), rotation_mode="anchor")


def predicted_keys(scores: Scores) -> "Figure":
    """Which keys were answered for each true type, as stacked shares (Figure 9)."""
    tables = {label: score.understanding.predicted_keys for label, score in scores.items()}
    rows = max(len(table) for table in tables.values())
    across = min(2, len(scores))
    down = -(-len(scores) // across)
    figure = sheet(PAGE, 0.4 + down * (0.5 + 0.2 * rows))
    axes = panels(figure, len(scores), across, sharex=True)
    shown = {*keys_of(types_of(scores)), OTHER, *_counted(tables.values())}
    palette = {**key_colours(), OTHER: GREY}
    colours = {key: palette[key] for key in _columns(tables.values()) if key in shown}
    for place, (axis, (label, table)) in enumerate(zip(axes, tables.items(), strict=True)):
        for y, row in enumerate(table.values()):
            left, total = 0.0, sum(row.values())
            for key, colour in colours.items():
                share = 100 * row.get(key, 0) / max(1, total)
                bar = {"edgecolor": "white", "linewidth": 0.4}
                axis.barh(y, share, 0.72, left, color=colour, label="" if y else words(key), **bar)
                left += share
            axis.text(101.5, y, f"{total:,}", va="center", fontsize=6.5, color=GREY)
        axis.set(xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
        axis.set_yticks(range(len(table)), [words(name) for name in table])
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        axis.set_title(short(label))
        if place + across >= len(scores):
            axis.set_xlabel("share of answered keys, %")
            axis.xaxis.set_tick_params(labelbottom=True)
    legend(figure, *axes[0].get_legend_handles_labels())
    return figure


def _against_delta(scores: Scores) -> Drawing:
    series: dict[str, dict[float, ScoreResult]] = {}
    for score in scores.values():
        if score.delta is not None:
            series.setdefault(score.model, {})[score.delta] = score
    kept = {model: steps for model, steps in series.items() if len(steps) > 1}
    title = "Figure 7: error against the grid's step Δ"
    caption = "Averages over the keys; bars are 95 % intervals."
    if kept:
        return Drawing("figure7_delta", title, caption, against_delta(kept))
    why = (
        "no model is here with scores at two values of Δ (`delta` in the meta line of its "
        "predictions)"
    )
    return Drawing("figure7_delta", title, caption, None, why)


def against_delta(series: Mapping[str, Mapping[float, ScoreResult]]) -> "Figure":
    """P-Abs, P-Rel and J-Acc against the step of the value grid (Figure 7): model → Δ → score."""
    figure = sheet(PAGE, 1.9)
    steps = sorted({step for scores in series.values() for step in scores})
    axes = panels(figure, 3, 3)
    drawn = (
        (f"p_abs.{AVERAGE}", "P-Abs", 1),
        (f"p_rel.{AVERAGE}", "P-Rel", 1),
        ("j_acc", "J-Acc, %", 100),
    )
    for axis, (name, title, factor) in zip(axes, drawn, strict=True):
        for place, (model, scores) in enumerate(series.items()):
            points = [
                (step, factor * value, _bar(scores[step], name, factor))
                for step in steps
                if step in scores and (value := scores[step].scores[name]) is not None
            ]
            x, y, bars = zip(*points, strict=True) if points else ((), (), ())
            axis.errorbar(
                x, y, list(zip(*bars, strict=True)) or None,
                label=short(model), capsize=2, elinewidth=0.8, **line_style(place),
            )  # fmt: skip
        axis.set_xlabel("Δ, share of a key's range")
        axis.set_ylabel(title)
        axis.set_xticks(steps, [f"{step:g}" for step in steps])
        axis.margins(x=0.08, y=0.12)
    legend(figure, *axes[0].get_legend_handles_labels())
    return figure


def _bar(score: ScoreResult, name: str, factor: float) -> tuple[float, float]:
    """How far the interval of a score reaches below and above it."""
    value, interval = score.scores[name], score.intervals.get(name)
    if value is None or interval is None:
        return 0, 0
    return factor * (value - interval[0]), factor * (interval[1] - value)


def _percent(share: float | None) -> float:
    return math.nan if share is None else 100 * share
