"""A comparison as `dubench compare` prints it."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dubench.report.terminal import widened
from dubench.scoring.compare import Comparison, Difference

_ROOM = 120
_DECIMALS = 4


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print every score of both models, their difference with its interval, and who is better."""
    console = console or Console()
    a, b = comparison.models
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("score", f"A: {a}", f"B: {b}", "B − A", "95 % interval", "better"):
        table.add_column(name, justify="left" if name == "score" else "right", no_wrap=True)
    for difference in comparison.differences:
        table.add_row(*map(Text, _cells(difference)))
    with widened(console, _ROOM) as width:
        console.print(table)
        for note in comparison.notes:
            console.print(Text(f"note: {note}"), width=width)
    print(_verdict(comparison))


def _verdict(comparison: Comparison) -> str:
    better = {side: [d.name for d in comparison.differences if d.better == side] for side in "ab"}
    if comparison.worse:
        return f"B is worse in {', '.join(comparison.worse)}"
    if all(difference.interval is None for difference in comparison.differences):
        return "nothing can be told: no difference has an interval"
    if better["b"]:
        return f"B is better in {', '.join(better['b'])}, and worse in no headline score"
    return "no headline score tells the two apart"


def _cells(difference: Difference) -> list[str]:
    interval = "–"
    if difference.interval:
        low, high = difference.interval
        interval = f"[{low:+.{_DECIMALS}f}, {high:+.{_DECIMALS}f}]"
    return [
        difference.name,
        f"{difference.a:.{_DECIMALS}f}",
        f"{difference.b:.{_DECIMALS}f}",
        f"{difference.b - difference.a:+.{_DECIMALS}f}",
        interval,
        {"a": "A", "b": "B", None: "no telling"}[difference.better],
    ]
