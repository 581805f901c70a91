"""How a long run looks in the terminal: one bar on stderr."""

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from generators.generate import Progress as Heard
from generators.recipe import Recipe


class _Speed(ProgressColumn):
    """Steps per second since the start."""

    def __init__(self, unit: str) -> None:
        super().__init__(Column(no_wrap=True))
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The mean speed so far."""
        if not task.elapsed or not task.completed:
            return Text(f"– {self._unit}/s")
        done = task.completed - task.fields.get("before", 0)
        return Text(f"{done / task.elapsed:,.0f} {self._unit}/s")


def bar(unit: str) -> Progress:
    """A progress bar on stderr that counts `unit`s, with speed and time left."""
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Speed(unit),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn(
            "{task.fields[note]}",
            style="dim",
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        ),
        console=Console(stderr=True),
    )


class GenerateBar(Heard):
    """Shows the looking at photographs, then the making of pairs, per type."""

    def __init__(self) -> None:
        self._bar = bar("pairs")
        self._look: TaskID | None = None
        self._make: TaskID | None = None
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> "GenerateBar":
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def inspected(self, files: int, total: int) -> None:
        """Move the first bar."""
        if self._look is None:
            self._look = self._bar.add_task("photographs", note="")
        self._bar.update(self._look, completed=files, total=total)
        if files == total:
            self._bar.remove_task(self._look)
            self._look = None

    def planned(self, recipe: Recipe, done: int) -> None:
        """Start the second bar where an earlier run left off."""
        self._make = self._bar.add_task(
            "pairs", total=recipe.n, completed=done, before=done, note=""
        )

    def made(self, counts: Mapping[str, int]) -> None:
        """Move the second bar."""
        assert self._make is not None
        self._counts.update(counts)
        note = ", ".join(f"{name} {count:,}" for name, count in sorted(self._counts.items()))
        self._bar.update(self._make, advance=sum(counts.values()), note=note)
