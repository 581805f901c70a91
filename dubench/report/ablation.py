"""The ablation's tables, its verdicts, and Figure 7 of arXiv 2602.04565."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from dubench.duvlm.ablation.arms import ARMS, BASE, TABLES, WRITTEN
from dubench.duvlm.ablation.estimates import Estimate
from dubench.duvlm.ablation.result import DECIDES, SCORES, Ablation
from dubench.report import paper
from dubench.report.columns import metric_column, parameter_column, share_column
from dubench.report.figures.plotting import (
    FAINT,
    PAGE,
    legend,
    line_style,
    panels,
    print_style,
    render,
    sheet,
)
from dubench.report.formats import (
    Block,
    Cell,
    Column,
    Row,
    Table,
    comma_separated,
    latex,
    markdown,
)
from dubench.report.terminal import widened
from dubench.scoring.result import AVERAGE
from generators.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {arm.name: arm.title for arm in ARMS}
WORDS = {"yes": "holds", "no": "does not hold", "not separable": "not separable here"}
FIGURE = "figure7_delta"
_ROOM = 130

_COLUMNS = (
    share_column("j_acc", "J-Acc"),
    parameter_column("p_rel", AVERAGE, "P-Rel"),
    metric_column("psnr", AVERAGE, "PSNR (dB)"),
)
_IN_RESULT = dict(zip((column.name for column in _COLUMNS), SCORES, strict=True))
"""The names of the columns' scores in `ArmResult.scores`."""


def write(result: Ablation, out: Path) -> list[Path]:
    """Write each table as Markdown, LaTeX and CSV, and Figure 7 as PNG and PDF where the grid is
    compared; returns the files.

    Raises:
        InputError: `out` cannot be written.
    """
    files: dict[str, str] = {}
    for table in tables(result):
        files |= {
            f"{table.name}.md": markdown(table),
            f"{table.name}.tex": latex(table),
            f"{table.name}.csv": comma_separated(table),
        }
    drawn: dict[str, bytes] = {}
    if result.rounding:
        with print_style():
            figure = against_delta(result)
        drawn = {f"{FIGURE}.{suffix}": render(figure, suffix) for suffix in ("png", "pdf")}
    contents: dict[str, str | bytes] = {**files, **drawn}
    for name, content in contents.items():
        write_whole(out / name, content)
    return [out / name for name in contents]


def tables(result: Ablation) -> list[Table]:
    """Views and rationale, training, grid, and what that says of each claim."""
    spans = (
        f"In brackets: 95 % intervals over {result.photographs} photographs and "
        f"{_seeds(result)}; {result.samples} crops."
    )
    known = {
        "views": lambda: _scores(result, "views", "Views and rationale", 4, TITLES, spans),
        "training": lambda: _scores(
            result, "training", "Training", 5, TITLES | {BASE: "SFT"}, spans
        ),
        "grid": lambda: _grid(result, spans),
    }
    there = [name for name in known if set(TABLES[name]) <= result.arms.keys()]
    return [*(known[name]() for name in there), _verdicts(result, spans)]


def _scores(
    result: Ablation, name: str, title: str, number: int, titles: Mapping[str, str], spans: str
) -> Table:
    rows = (*_rows(result, TABLES[name], _COLUMNS, titles), *_papers(number))
    return Table(name, f"{title} (the paper's Table {number})", _COLUMNS, rows, (spans,))


def _seeds(result: Ablation) -> str:
    return "one seed" if result.seeds == 1 else f"{result.seeds} seeds"


def _rows(
    result: Ablation, names: Sequence[str], columns: Sequence[Column], titles: Mapping[str, str]
) -> tuple[Row, ...]:
    rows = []
    for name in names:
        arm = result.arms[name]
        cells = tuple(
            _cell(arm.scores.get(_IN_RESULT.get(column.name, column.name))) for column in columns
        )
        effort = f"{arm.cpu_seconds:.0f} CPU-seconds, {arm.images:,.0f} crops, {_seeds(result)}"
        if arm.valid is not None:
            effort += f", {100 * arm.valid:.0f} % of sampled answers valid"
        rows.append(Row(titles[name], "score", cells, effort))
    return tuple(rows)


def _papers(number: int) -> tuple[Row, ...]:
    return tuple(
        Row(row.method, "paper", tuple(Cell(row.scores.get(c.name)) for c in _COLUMNS))
        for row in paper.reported(number).rows
    )


def _cell(estimate: Estimate | None) -> Cell:
    return Cell(estimate.value, estimate.interval) if estimate else Cell(None)


def _grid(result: Ablation, spans: str) -> Table:
    scores = (
        share_column(f"{WRITTEN}j_acc", "J-Acc"),
        Column(f"{WRITTEN}p_abs.{AVERAGE}", "P-Abs", "lower"),
        Column(f"{WRITTEN}p_rel.{AVERAGE}", "P-Rel", "lower"),
        Column(f"p_rel.{AVERAGE}", "P-Rel of medians", "lower"),
    )
    titles = TITLES | {BASE: "Δ = 0.01"}
    exact = []
    for delta, rounded in result.rounding.items():
        cells = (rounded.get(column.name.removeprefix(WRITTEN)) for column in scores[:3])
        name = f"the truth, rounded to Δ = {delta}"
        exact.append(Row(name, "constant", (*map(Cell, cells), Cell(None))))
    remark = (
        "Answers as they are written, each value the likeliest step of the grid; medians of the "
        "distributions lie between steps too."
    )
    title = "The values' grid (the paper's Figure 7)"
    rows = (*_rows(result, TABLES["grid"], scores, titles), *exact)
    return Table("grid", title, scores, rows, (spans, remark))


def _verdicts(result: Ablation, spans: str) -> Table:
    columns = tuple(Column(c.name, c.title, "", c.digits, c.percent) for c in _COLUMNS)
    rows = tuple(
        Row(
            f"{verdict.claim}: {WORDS[verdict.findings[DECIDES].holds]}",
            "constant",
            tuple(_cell(verdict.findings[_IN_RESULT[c.name]].difference) for c in columns),
        )
        for verdict in result.verdicts
    )
    remark = (
        "Differences, better minus worse as claimed, paired by photograph and seed; P-Rel decides. "
        "Of values' grids: answers as they are written, PSNR with medians."
    )
    return Table("verdicts", "What the paper claims, on nano", columns, rows, (spans, remark))


def against_delta(result: Ablation) -> "Figure":
    """P-Abs, P-Rel and J-Acc against Δ as in the paper's Figure 7, and the squared error of values
    with the part of Proposition 4.2's bound that the grid causes, Δ²/4."""
    figure = sheet(PAGE, 1.9)
    axes = panels(figure, 4, 4)
    deltas = {arm.name: arm.delta for arm in ARMS}
    steps = sorted(deltas[name] for name in TABLES["grid"])
    arm_at = {deltas[name]: result.arms[name] for name in TABLES["grid"]}
    drawn = (
        (f"p_abs.{AVERAGE}", "P-Abs", 1),
        (f"p_rel.{AVERAGE}", "P-Rel", 1),
        ("j_acc", "J-Acc, %", 100),
        (f"squared.{AVERAGE}", "squared error", 1),
    )
    for axis, (name, title, factor) in zip(axes, drawn, strict=True):
        series = ((WRITTEN + name, "answers as written"), (name, "medians of the distributions"))
        for place, (score, label) in enumerate(series):
            found = {step: arm_at[step].scores.get(score) for step in steps}
            _line(axis, {step: one for step, one in found.items() if one}, factor, label, place)
        if name != "j_acc":
            rounded = [result.rounding[str(step)][name] for step in steps]
            axis.plot(steps, rounded, label="the truth, rounded", **line_style(2))
        axis.set_title(title, fontsize=7.5)
        axis.set_xlabel("Δ, of a key's range")
        axis.set_xticks(steps, [f"{step:g}" for step in steps])
        axis.margins(x=0.08, y=0.12)
    squared = axes[-1]
    bound = [step**2 / 4 for step in steps]
    squared.plot(steps, bound, color=FAINT, linestyle="--", label="Δ²/4 (Proposition 4.2)")
    squared.set_yscale("log")
    squared.yaxis.set_major_formatter("{x:g}")
    for axis in axes[:2]:
        axis.set_ylim(bottom=0)
    legend(figure, *squared.get_legend_handles_labels())
    return figure


def _line(
    axis: Any, found: Mapping[float, Estimate], factor: float, label: str, place: int
) -> None:
    values = [factor * one.value for one in found.values()]
    ends = [one.interval or (one.value, one.value) for one in found.values()]
    bars = [
        [value - factor * low for value, (low, _) in zip(values, ends, strict=True)],
        [factor * high - value for value, (_, high) in zip(values, ends, strict=True)],
    ]
    axis.errorbar(
        list(found), values, bars, label=label, capsize=2, elinewidth=0.8, **line_style(place)
    )


def show(result: Ablation, console: Console | None = None) -> None:
    """Print the tables, and what they say of each claim."""
    console = console or Console()
    with widened(console, _ROOM):
        for table in tables(result):
            grid = Grid(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD)
            grid.add_column("", no_wrap=True)
            for column in table.columns:
                grid.add_column(Text(column.head), justify="right", no_wrap=True)
            for at, row in table.block(*_shown(table)):
                cells = [
                    f"{table.text(at, place)} {column.span(row.cells[place].interval)}".strip()
                    for place, column in enumerate(table.columns)
                ]
                grid.add_row(*map(Text, (row.name, *cells)))
            console.print(grid)
        for remark in tables(result)[-1].remarks:
            console.print(Text(remark))


def _shown(table: Table) -> tuple[Block, ...]:
    return ("score", "constant", "paper") if table.name in ("views", "training") else (
        "score", "constant",
    )  # fmt: skip
