"""The bar of `dubench generate`."""

from collections import Counter
from collections.abc import Mapping

from rich.progress import TaskID

from dubench.progress import bar
from generators.build.job import Progress
from generators.dataset.recipe import Recipe

_ROOM = 130  # columns that the bar needs beside its note on types


class GenerateBar(Progress):
    """Shows the looking at photographs, then the making of pairs, per type."""

    def __init__(self) -> None:
        self._bar = bar("pairs")
        self._before: TaskID | None = None
        self._make: TaskID | None = None
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> "GenerateBar":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar.live.is_started:  # a bar that never began would leave an empty line
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
            self._bar.start()
            self._before = self._bar.add_task(what, note="")
        self._bar.update(self._before, completed=done, total=total)
        if done == total:
            self._bar.remove_task(self._before)
            self._before = None

    def planned(self, recipe: Recipe, done: int) -> None:
        """Start the bar of pairs where an earlier run left off."""
        if not recipe.n:
            return  # the part of a blind, test-only dataset that is no test
        self._bar.start()
        self._make = self._bar.add_task(
            "pairs", total=recipe.n, completed=done, before=done, note=""
        )

    def rendered(self, counts: Mapping[str, int]) -> None:
        """Move it."""
        assert self._make is not None
        self._counts.update(counts)
        note = ", ".join(f"{name} {count:,}" for name, count in sorted(self._counts.items()))
        if self._bar.console.width < _ROOM:
            note = ""
        self._bar.update(self._make, advance=sum(counts.values()), note=note)
