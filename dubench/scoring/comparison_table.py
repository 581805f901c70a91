"""A comparison as `dubench compare` prints it."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dubench.scoring.compare import Comparison, Difference

_ROOM = 120
_DECIMALS = 4


def show(found: Comparison, console: Console | None = None) -> None:
    """Print every score of both models, their difference with its interval, and who is better."""
    console = console or Console()
    width, console.width = console.width, max(_ROOM, console.width)
    a, b = found.models
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("score", f"A: {a}", f"B: {b}", "B − A", "95 % interval", "better"):
        table.add_column(name, justify="left" if name == "score" else "right", no_wrap=True)
    for difference in found.differences:
        table.add_row(*map(Text, _cells(difference)))
    console.print(table)
    for note in found.notes:
        console.print(Text(f"note: {note}"), width=width)
    told = ", ".join(found.worse)
    print(f"B is worse in {told}" if found.worse else "B is not worse in any headline score")
    console.width = width


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
