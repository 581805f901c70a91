"""How a long run looks in the terminal: one bar on stderr."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

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

from generators.produce import Progress as Heard
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
        self._before: TaskID | None = None
        self._make: TaskID | None = None
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> "GenerateBar":
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def inspected(self, files: int, total: int) -> None:
        """Show the looking at photographs."""
        self._prepare("photographs", files, total)

    def spooled(self, images: int, most: int) -> None:
        """Show the arriving of streamed images."""
        self._prepare("images", images, most)

    def depths(self, maps: int, total: int) -> None:
        """Show the preparing of depth maps."""
        self._prepare("depth maps", maps, total)

    def _prepare(self, what: str, done: int, total: int) -> None:
        if self._before is None:
            self._before = self._bar.add_task(what, note="")
        self._bar.update(self._before, completed=done, total=total)
        if done == total:
            self._bar.remove_task(self._before)
            self._before = None

    def planned(self, recipe: Recipe, done: int) -> None:
        """Start the bar of pairs where an earlier run left off."""
        self._make = self._bar.add_task(
            "pairs", total=recipe.n, completed=done, before=done, note=""
        )

    def made(self, counts: Mapping[str, int]) -> None:
        """Move it."""
        assert self._make is not None
        self._counts.update(counts)
        note = ", ".join(f"{name} {count:,}" for name, count in sorted(self._counts.items()))
        self._bar.update(self._make, advance=sum(counts.values()), note=note)


@contextmanager
def counting(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears once it is told of `done` of `of` units."""
    with bar(unit) as shown:
        task: TaskID | None = None

        def heard(done: int, of: int) -> None:
            nonlocal task
            if task is None:
                task = shown.add_task(unit, total=of, completed=done, before=done, note="")
            shown.update(task, completed=done, total=of)

        yield heard
