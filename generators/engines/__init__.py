"""Run a function over many tasks, on this machine's cores or on a cluster."""

import os
from collections.abc import Callable, Iterator, Sequence

from generators.engines.work import Report as Report
from generators.engines.work import Result, Task
from generators.errors import InputError
from generators.main_guard import end_second_run

ENGINES = ("local", "ray")
OnProgress = Callable[[int, int], None]
"""Called with how many are done, and of how many, now and then."""


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(workers: int | None) -> int:
    """How many workers `--workers` means, all cores if None; InputError if below one."""
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: choose at least one")
    return cores() if workers is None else workers


def check(engine: str, workers: int | None) -> None:
    """Raise InputError unless there is such an engine, and `workers` is None or at least one."""
    if engine not in ENGINES:
        raise InputError(f"--engine {engine}: the engines are {', '.join(ENGINES)}")
    processes(workers)


def run(
    work: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    workers: int | None,
    on_report: Report = lambda message: None,
    *,
    engine: str = "local",
    gpu: bool = False,
) -> Iterator[Result]:
    """Results of `work(task, report)` for every task, in the tasks' order.

    `work` and the tasks travel to other processes, so they must be picklable. What a worker hands
    to `report` reaches `on_report` here: soon, or with `ray` when its task is done. The first
    exception of a worker is raised here once the running tasks are stopped; the same goes for
    Ctrl-C.

    Args:
        workers: tasks at once; as many as cores unless given, or with `ray` as the cluster has.
        engine: `local`, or `ray`, where a task whose worker or machine is lost is run again.
        gpu: with `ray`, a task takes a GPU beside a core.

    Raises:
        InputError: `workers` is below one, a worker was killed, or there is no cluster.
    """
    end_second_run()
    check(engine, workers)
    if not tasks:
        return
    if engine == "ray":
        from generators.engines import on_ray

        yield from on_ray.run(work, tasks, workers, on_report, gpu)
    else:
        from generators.engines.local import run as run_here

        yield from run_here(work, tasks, processes(workers), on_report)
