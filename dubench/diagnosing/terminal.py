"""Diagnoses as `dubench diagnose` prints them: fit for 80 columns, and for `grep`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dubench.diagnosing.diagnosis import Diagnosis, Finding
from dubench.text import percent, words
from generators.errors import one_line
from generators.taxonomy import TYPES, Key

NOTHING = "nothing"
_SHADES = {"slight": "green", "moderate": "yellow", "severe": "red"}
_NAMES, _LABELS = 40, 25  # columns at most of paths, and of what is wrong
_KEYS = max(len(key.name) for entry in TYPES.values() for key in entry.keys)
_SIDE = 3  # of the matrix that a vector of 9 is


def show(diagnoses: Sequence[tuple[Path, Diagnosis]], console: Console | None = None) -> None:
    """Print each: path, what is wrong, how severe and how probable; then its values, a line each,
    with their 90 % ranges and units; then cautions."""
    console = console or Console()
    names = [one_line(str(path)) for path, _ in diagnoses]
    width = min(max(map(len, names)), _NAMES)
    for name, (_, diagnosis) in zip(names, diagnoses, strict=True):
        label = _label(diagnosis)
        label.pad_right(_LABELS - len(label))
        probability = f"{percent(diagnosis.probability):>6}"
        console.print(Text.assemble(f"{name:<{width}}  ", label, probability), soft_wrap=True)
        for line in _details(diagnosis):
            console.print(Text("    ") + line, soft_wrap=True)


def _label(diagnosis: Diagnosis) -> Text:
    """Types and severities on one line."""
    label = Text("" if diagnosis.findings else NOTHING)
    for finding in diagnosis.findings:
        label.append(" and " if label else "").append(words(finding.type), "bold")
        if finding.severity:
            label.append(", ").append(finding.severity, _SHADES[finding.severity])
    return label


def _details(diagnosis: Diagnosis) -> Iterator[Text]:
    for finding in diagnosis.findings:
        for key in TYPES[finding.type].keys:
            if key.name in finding.parameters:
                yield from _values(finding, key)
    for caution in diagnosis.cautions:
        yield Text(f"! {one_line(caution)}", "yellow")


def _values(finding: Finding, key: Key) -> Iterator[Text]:
    """One line; of a 3×3 matrix three, without ranges, for which `--json` has more room."""
    value, ends = finding.parameters[key.name], finding.ranges.get(key.name)
    name = f"{words(key.name):<{_KEYS}}  "
    if isinstance(value, tuple):
        for row in range(0, key.size, _SIDE):
            entries = "".join(f"{entry:8.3f}" for entry in value[row : row + _SIDE])
            yield Text(f"{'' if row else name:<{_KEYS + 2}}{entries}")
        return
    span = f"[{', '.join(f'{end:.3g}' for end in ends)}]" if ends else ""
    unit = key.unit.partition(",")[0]
    yield Text.assemble(f"{name}{value:<8.3g}{span:<18}", (unit, "dim"))
