"""Restore the images of a split on a Ray cluster: a method, and its prior, on every core or GPU."""

import platform
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from dubench.dataset import RowGroup, Split
from dubench.ddnm.methods import Restore, Settings, open_method
from dubench.ddnm.priors import ignore
from dubench.restoring.split import (
    NOTHING,
    RUN,
    TRUTH,
    Degradations,
    OnWritten,
    RestoredSplit,
    fill,
    restore_rows,
)
from dubench.restoring.steps import Steps
from generators.engines import OnProgress, Report
from generators.engines.on_ray import workers_of_a_run
from generators.errors import InputError, plain_errors

_AT_ONCE = 8
"""Pictures of a task: their row group is read for them, in much less time than they take."""


@dataclass(frozen=True)
class _Task:
    """Some pictures of one row group, and what they are degraded by."""

    group: RowGroup
    degradations: Degradations


@dataclass(frozen=True)
class _Work:
    """What all tasks have in common; see `restore_split_on_ray`."""

    split: Split
    method: str
    settings: Settings
    out: Path
    maps: bool
    save_steps: bool

    def __call__(self, task: _Task, report: Report) -> None:
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
            restore, steps = _open(self.method, self.settings, self.save_steps)
            restore_rows(
                self.split, missing, task.degradations, restore, self.out, report,
                maps=self.maps, steps=steps, group=task.group,
            )  # fmt: skip


@lru_cache(maxsize=1)
def _open(method: str, settings: Settings, save_steps: bool) -> tuple[Restore, Steps | None]:
    steps = Steps() if save_steps else None
    return open_method(method, settings, steps.add if steps else ignore), steps


@plain_errors()
def restore_split_on_ray(
    split: Split,
    params: str,
    method: str,
    settings: Settings,
    out: Path,
    *,
    scalars: bool = False,
    save_steps: bool = False,
    on_progress: OnProgress = lambda done, total: None,
) -> RestoredSplit:
    """As `restore_split`, on the cluster that RAY_ADDRESS names, whose machines all see `out`.

    A lost worker or machine costs the picture it was at.

    Args:
        method, settings: as `open_method` takes them; unless `device` is cpu, a worker has a GPU.
        save_steps: also write each picture's estimates as a strip.

    Raises:
        InputError: as `restore_split` and `open_method`; there is no cluster, or a picture kills
            its workers.
    """
    here = replace(split, files=[file.absolute() for file in split.files])
    maps = params == TRUTH and not scalars
    work = _Work(here, method, settings, out.absolute(), maps, save_steps)

    def restore_there(
        missing: Collection[str], degradations: Degradations, on_written: OnWritten
    ) -> None:
        tasks = [
            _Task(replace(group, ids=ids), {name: degradations.get(name, NOTHING) for name in ids})
            for group in split.row_groups(missing)
            for start in range(0, len(group.ids), _AT_ONCE)
            for ids in [group.ids[start : start + _AT_ONCE]]
        ]
        with workers_of_a_run(None, settings.device != "cpu") as workers:
            for _ in workers.run(work, tasks, on_written):
                pass

    return fill(split, params, out, restore_there, on_progress)
