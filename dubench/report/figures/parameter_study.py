"""The tolerance study's figures and its table: one parameter of each image was off."""

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dubench.report.columns import metric_name
from dubench.report.figures.plotting import print_style, render
from dubench.report.figures.tolerance import FIGURES, Correlation, correlation, points, tolerance
from dubench.scoring.sample_scores import SampleScores
from dubench.text import words
from generators.files import write_whole

Correlations = Mapping[str, Mapping[str, Correlation]]
"""Pearson's r by metric and key."""


def correlations(rows: SampleScores) -> Correlations:
    """How each metric of the restored images goes with the error of each key."""
    return {
        metric: {key: correlation(*points(rows, metric, key)) for key in rows.keys}
        for metric in FIGURES
        if metric in rows.quality
    }


def write(rows: SampleScores, out: Path) -> list[Path]:
    """Draw one figure per metric to `out`, as PNG and PDF; returns the files.

    Raises:
        InputError: `out` cannot be written.
    """
    files = []
    for metric, number in FIGURES.items():
        if metric not in rows.quality:
            continue
        with print_style():
            figure = tolerance(rows, metric)
        for suffix in ("png", "pdf"):
            file = out / f"figure{number}_{metric}.{suffix}"
            write_whole(file, render(figure, suffix))
            files.append(file)
    return files


def show(table: Correlations, console: Console | None = None) -> None:
    """Print r with its interval, a row per key and a column per metric."""
    console = console or Console()
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("r with the error of", no_wrap=True)
    grid.add_column("images", justify="right", no_wrap=True)
    for metric in table:
        grid.add_column(metric_name(metric), justify="right", no_wrap=True)
    first = next(iter(table.values()))
    for key in first:
        cells = [_text(of_key[key]) for of_key in table.values()]
        grid.add_row(*map(Text, (words(key), f"{first[key].n:,}", *cells)))
    console.print(grid)
    console.print(Text("[low, high]: 95 % intervals, by resampling photographs"))


def _text(one: Correlation) -> str:
    if one.r is None:
        return "–"
    span = f" [{one.interval[0]:.2f}, {one.interval[1]:.2f}]" if one.interval else ""
    return f"{one.r:.2f}{span}"
