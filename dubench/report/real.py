"""Scores of photographs without a truth, as `dubench score --real` prints them."""

from rich.console import Console
from rich.table import Table

from dubench.report.columns import metric_column, metric_name
from dubench.report.terminal import widened
from dubench.scoring.restored.real import Change, RealScore
from dubench.scoring.result import AVERAGE

_ROOM = 80


def show(score: RealScore, console: Console | None = None) -> None:
    """Print a row before, one after, and their difference with its 95 % interval; then what was
    not computed, and the signature."""
    console = console or Console()
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{score.photographs:,} photographs")
    for name in score.metrics:
        table.add_column(metric_column(name, AVERAGE).head, justify="right")
    changes = list(score.metrics.values())
    table.add_row("before", *(_number(change.before) for change in changes))
    if any(change.after is not None for change in changes):
        table.add_row("after", *(_number(change.after) for change in changes))
        table.add_row("after − before, 95 %", *map(_span, changes))
    with widened(console, _ROOM):
        console.print(table)
    for name, change in score.metrics.items():
        if change.n < score.photographs:
            print(f"{metric_name(name)}: of the {change.n} that have a value")
    for note in score.notes:
        print(note)
    print(score.signature)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _span(change: Change) -> str:
    if change.difference is None:
        return "–"
    return f"[{', '.join(f'{end:+.3f}' for end in change.difference)}]"
