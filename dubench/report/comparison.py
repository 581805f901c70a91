"""A comparison as `dubench compare` prints it."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dubench.report.columns import metric_name
from dubench.report.terminal import widened
from dubench.scoring.compare import Comparison, Difference
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE
from dubench.text import words

_ROOM = 160
_NAMES = {
    "t_acc": "T-Acc",
    "t_f1": "T-F1",
    "j_acc": "J-Acc",
    "p_rel": "P-Rel",
    "p_rel_capped": "capped P-Rel",
    "brier": "Brier score",
    "false_alarms": "false alarms on undegraded",
}
_DECIMALS = 4


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print every score of both models, their difference with its interval, and who is better."""
    console = console or Console()
    a, b = comparison.models
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("score", f"A: {a}", f"B: {b}", "B − A", "95 % interval", "better"):
        # A model's name is a stranger's: text, not markup.
        table.add_column(Text(name), justify="left" if name == "score" else "right", no_wrap=True)
    for difference in comparison.differences:
        table.add_row(*map(Text, _cells(difference)))
    with widened(console, _ROOM) as width:
        console.print(table)
        for note in comparison.notes:
            console.print(Text(f"note: {note}"), width=width)
    print(_verdict(comparison))


def _verdict(comparison: Comparison) -> str:
    """Who is better in what, in words: all scores in which the two can be told apart."""
    measured = [d for d in comparison.differences if d.interval is not None]
    if not measured:
        return "nothing can be told: no difference has an interval"
    better = {side: [_words(d.name) for d in measured if d.better == side] for side in "ba"}
    lines = [
        f"B is {word} in {', '.join(better[side])}"
        for side, word in (("b", "better"), ("a", "worse"))
        if better[side]
    ]
    if even := sum(d.better is None for d in measured):
        lines.append(f"{even} of {len(measured)} scores do not tell the two apart")
    if unknown := len(comparison.differences) - len(measured):
        lines.append(f"{unknown} have no interval, and tell nothing")
    return "\n".join(lines)


def _words(name: str) -> str:
    """A score's name as people write it: `P-Rel of sigma`, `T-Acc`, `PSNR`."""
    score, _, part = name.partition(".")
    title = _NAMES.get(score) or (metric_name(score) if score in METRICS else words(score))
    return title if part in ("", AVERAGE) else f"{title} of {words(part)}"


def _cells(difference: Difference) -> list[str]:
    interval = "–"
    if difference.interval:
        low, high = difference.interval
        interval = f"[{low:+.{_DECIMALS}f}, {high:+.{_DECIMALS}f}]"
    return [
        _words(difference.name),
        f"{difference.a:.{_DECIMALS}f}",
        f"{difference.b:.{_DECIMALS}f}",
        f"{difference.b - difference.a:+.{_DECIMALS}f}",
        interval,
        {"a": "A", "b": "B", None: "no telling"}[difference.better],
    ]
