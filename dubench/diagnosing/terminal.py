"""Diagnoses as `dubench diagnose` prints them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dubench.diagnosing.diagnosis import Diagnosis, Finding
from dubench.text import one_line, percent, words
from generators.taxonomy import TYPES, Key, Value

NOTHING = "nothing"
_SHADES = {"slight": "green", "moderate": "yellow", "severe": "red"}
_ROOM = 100
"""Columns at least, where the output is no terminal."""


def show(diagnoses: Sequence[tuple[Path, Diagnosis]], console: Console | None = None) -> None:
    """Print a table: a block of lines per photograph, cautions below it."""
    console = console or Console()
    if not console.is_terminal:
        console.width = max(console.width, _ROOM)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("photograph", overflow="fold", max_width=36)
    table.add_column("wrong with it", no_wrap=True)
    table.add_column("probability", justify="right", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("parameters, with 90 % ranges")
    for path, diagnosis in diagnoses:
        _add(table, path, diagnosis)
    console.print(table)


def _add(table: Table, path: Path, diagnosis: Diagnosis) -> None:
    name = Text(one_line(str(path)))
    probability = percent(diagnosis.probability)
    cautions = [Text(f"! {one_line(text)}", "yellow") for text in diagnosis.cautions]
    if not diagnosis.findings:
        table.add_row(name, NOTHING, probability, "", Text("\n").join(cautions))
    for place, finding in enumerate(diagnosis.findings):
        lines = [*parameters(finding), *(cautions if place == 0 else [])]
        table.add_row(
            name if place == 0 else "",
            Text(words(finding.type), "bold"),
            probability if place == 0 else "",
            Text(finding.severity or "", _SHADES.get(finding.severity or "", "")),
            Text("\n").join(lines),
        )
    table.add_section()


def parameters(finding: Finding) -> Iterable[Text]:
    """A line per key: name, value, 90 % range and unit; three for a 3×3 matrix."""
    for key in TYPES[finding.type].keys:
        if key.name in finding.parameters:
            yield from _lines(finding, key)


def _lines(finding: Finding, key: Key) -> Iterable[Text]:
    value, ends = finding.parameters[key.name], finding.ranges.get(key.name)
    name = words(key.name)
    if isinstance(value, tuple):
        yield Text(f"{name}:")
        for row in range(0, key.size, 3):
            yield Text("   ".join(f"{entry:6.2f}" for entry in value[row : row + 3]))
        return
    span = f" [{', '.join(number(end) for end in ends)}]" if ends else ""
    yield Text.assemble(f"{name} {number(value)}{span} ", (key.unit.partition(",")[0], "dim"))


def number(value: Value) -> str:
    """Three significant digits."""
    assert not isinstance(value, tuple)
    return f"{value:.3g}"
