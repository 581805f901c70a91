"""Restorations as `dubench restore` prints them: fit for 80 columns, and for `grep`."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from dubench.restoring.report import Restoration
from dubench.text import words
from generators.errors import one_line
from generators.taxonomy import TYPES

_SHADES = {"good": "green", "fair": "yellow", "poor": "red"}
_NAMES = 32  # columns at most of paths


def show(restorations: Sequence[Restoration], console: Console | None = None) -> None:
    """Print each on a line: path, what was undone by which values, and how far to trust that; or
    that it was left, and why."""
    console = console or Console()
    names = [one_line(one.photograph) for one in restorations]
    width = min(max(map(len, names)), _NAMES)
    for name, one in zip(names, restorations, strict=True):
        console.print(Text(f"{name:<{width}}  ") + _outcome(one), soft_wrap=True)
        if one.restored and one.doubt:
            console.print(Text(f"    ! {one_line(one.doubt)}", "yellow"), soft_wrap=True)


def describe(one: Restoration) -> str:
    """What was undone, by which values, and how far to trust that, as a line."""
    values = ", ".join(_values(one))
    return f"{words(one.type)}: {values}; consistency {one.consistency or 0:.2g}; trust {one.trust}"


def _outcome(one: Restoration) -> Text:
    if not one.restored:
        return Text.assemble(("left", "bold"), f": {one_line(one.doubt or '')}")
    before, _, after = describe(one).rpartition(" ")
    return Text.assemble(before, " ", (after, _SHADES.get(after, "")))


def _values(one: Restoration) -> Iterator[str]:
    for key in TYPES[one.type].keys:
        value, ends = one.parameters.get(key.name), one.ranges.get(key.name)
        if isinstance(value, float | int):
            span = f" [{', '.join(f'{end:.3g}' for end in ends)}]" if ends else ""
            yield f"{words(key.name)} {value:.3g}{span}"
