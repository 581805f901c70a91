"""How a long run looks in the terminal: one bar on stderr."""

import sys
from collections.abc import Callable, Iterator
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


class _Speed(ProgressColumn):
    """Steps per second since the start."""

    def __init__(self, unit: str) -> None:
        super().__init__(Column(no_wrap=True))
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The mean speed so far."""
        done = task.completed - task.fields.get("before", 0)
        if not task.elapsed or not done:
            return Text(f"– {self._unit}/s")
        speed = done / task.elapsed
        return Text(f"{speed:,.{0 if speed >= 10 else 1}f} {self._unit}/s")


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
        # What is printed meanwhile goes above the bar; piped into a file it stays results alone.
        redirect_stdout=sys.stdout.isatty(),
    )


@contextmanager
def counting(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of `unit`s that appears at the first call of what this yields: (done, total)."""
    progress = bar(unit)
    task: TaskID | None = None

    def on_progress(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            if not total:
                return
            progress.start()
            task = progress.add_task(unit, total=total, completed=done, before=done, note="")
        progress.update(task, completed=done, total=total)

    try:
        yield on_progress
    finally:
        if task is not None:  # a bar that never began would leave an empty line
            progress.stop()
