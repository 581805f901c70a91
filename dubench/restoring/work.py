"""What a worker does of restoring a split: a few pictures of one row group at a time."""

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from dubench.dataset import RowGroup, Split
from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import SIMPLE, Restore, Settings, open_method
from dubench.ddnm.priors import ignore
from dubench.ddnm.tiling import in_tiles
from dubench.ddnm.transmission import of_degradation
from dubench.restoring.steps import FOLDER, Steps
from generators.engines import Report
from generators.errors import InputError
from generators.files import write_whole
from generators.images import encode_rgb
from generators.taxonomy import Degradation

RUN = "restore.json"
"""The file beside the images that says what the run was."""
NOTHING = Degradation("none", {})
Degradations = Mapping[str, Degradation]
"""What the images are degraded by, by id; those that are not there are left as they are."""

_AT_ONCE, _SIMPLE_AT_ONCE = 8, 256
"""Pictures of a task, and of one of a method that is fast: seconds, beside which it costs little
to start a worker, and to read the row group."""


@dataclass(frozen=True)
class Task:
    """Some pictures of one row group, and what they are degraded by."""

    group: RowGroup
    degradations: Degradations


def tasks_of(
    split: Split, wanted: Collection[str], degradations: Degradations, method: str
) -> list[Task]:
    """The pictures of these ids, in tasks for a method."""
    at_once = _SIMPLE_AT_ONCE if method in ("identity", *SIMPLE) else _AT_ONCE
    return [
        Task(replace(group, ids=ids), {name: degradations.get(name, NOTHING) for name in ids})
        for group in (split.row_groups(wanted) if wanted else ())
        for start in range(0, len(group.ids), at_once)
        for ids in [group.ids[start : start + at_once]]
    ]


@dataclass(frozen=True)
class RestorePictures:
    """Writes ID.png for the pictures of a task.

    Attributes:
        split, method, settings, out, save_steps: see `restore_split`.
        maps: take the true maps of transmission, else make them from their mean.
    """

    split: Split
    method: str
    settings: Settings
    out: Path
    maps: bool
    save_steps: bool

    def __call__(self, task: Task, report: Report) -> None:
        """Write the pictures of a task that are missing; report the ids of all."""
        if not (self.out / RUN).exists():
            raise InputError(
                f"{self.out} is not to be seen from {platform.node()}: give an --out that all "
                "machines see under one name"
            )
        missing = set()
        for name in task.group.ids:  # a worker that was lost has left what it had written
            if (self.out / f"{name}.png").exists():
                report(name)
            else:
                missing.add(name)
        if missing:
            self._restore(missing, task, report)

    def _restore(self, missing: Collection[str], task: Task, report: Report) -> None:
        restore, steps = opened(self.method, self.settings, self.save_steps)
        hazy = {name for name in missing if task.degradations[name].type == "haze"}
        # In the files' order, as the images: one map in memory at a time.
        true_maps = self.split.maps(hazy, task.group) if self.maps and hazy else None
        for name, image in self.split.images("degraded", only=missing, group=task.group):
            degradation = task.degradations[name]
            transmission = None
            if name in hazy:
                transmission = (
                    next(true_maps)[1]["transmission"]
                    if true_maps
                    else of_degradation(image, degradation)
                )
            restored = in_tiles(restore, Degraded(image, degradation, transmission))
            if steps is not None:
                steps.write(image, restored, self.out / FOLDER / f"{name}.png")
            write_whole(self.out / f"{name}.png", encode_rgb(restored))
            report(name)


@lru_cache(maxsize=1)
def opened(method: str, settings: Settings, save_steps: bool) -> tuple[Restore, Steps | None]:
    """A method, which is kept, and what it reports its estimates to, if to anything.

    Raises:
        InputError: as `open_method`.
    """
    steps = Steps() if save_steps else None
    return open_method(method, settings, steps.add if steps else ignore), steps
