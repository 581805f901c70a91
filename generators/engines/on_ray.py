"""The engine of a Ray cluster: a task wherever Ray has a core for it.

Ray is told to try nothing again: what is lost comes back through `scheduling`, which says so after
a few times. Progress comes with a task's result, so what is lost is never counted.
"""

import logging
import os
import uuid
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from generators.engines.scheduling import LostError, Schedule
from generators.engines.work import ENVIRONMENT, Report, Result, Task, single_threaded
from generators.errors import InputError, first_line, plain_errors


def run(
    work: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    workers: int | None,
    on_report: Report,
    gpu: bool,
) -> Iterator[Result]:
    """As `engines.run`; raises as `workers_of_a_run` and `RayWorkers.run`."""
    with workers_of_a_run(workers, gpu) as ours:
        yield from ours.run(work, tasks, on_report)


@contextmanager
def workers_of_a_run(most: int | None, gpu: bool) -> Iterator["RayWorkers"]:
    """Workers that one run has for itself.

    Args:
        most: of them at once; as many as the cluster has cores or GPUs unless given.
        gpu: each has a GPU beside a core.

    Raises:
        InputError: Ray is not installed, or there is no cluster, or no GPU in it.
    """
    with connected() as ray:
        yield RayWorkers(ray, most, gpu)


class RayWorkers:
    """Processes that keep what they have loaded from one `run` to the next."""

    def __init__(self, ray: Any, most: int | None, gpu: bool) -> None:
        self.ray = ray
        self._most = most
        self._resource = "GPU" if gpu else "CPU"
        if not self._there():
            raise InputError(
                f"--engine ray: the cluster has no {self._resource}; add a node that has one"
            )
        # What an earlier run left in its workers' memory is of no use to this one.
        environment = {"env_vars": ENVIRONMENT | {"DUBENCH_RUN": uuid.uuid4().hex}}
        self.call = ray.remote(
            num_cpus=1, num_gpus=int(gpu), max_retries=0, max_calls=0, runtime_env=environment
        )(_call)

    def run(
        self,
        work: Callable[[Task, Report], Result],
        tasks: Sequence[Task],
        on_report: Report = lambda message: None,
    ) -> Iterator[Result]:
        """As `engines.run`; what a task reports reaches `on_report` when it is done.

        Raises:
            InputError: a task kills its worker.
        """

        def pass_on(ended: tuple[list[Any], Result]) -> None:
            for message in ended[0]:
                on_report(message)

        schedule = Schedule(_Tasks(self, work), tasks, pass_on)
        try:
            for _, result in schedule.results():
                yield result
        finally:
            for reference in schedule.running:
                self.ray.cancel(reference, force=True)

    def room(self) -> int:
        """Twice as many as run at once: no worker waits, and a cluster that can grow does."""
        return self._most or max(1, 2 * self._there())

    def _there(self) -> int:
        return int(self.ray.cluster_resources().get(self._resource, 0))


def _call(work: Callable[[Any, Report], Any], home: str, task: Any) -> tuple[list[Any], Any]:
    """Run in a worker: what `work` reported, and its result.

    Args:
        home: the command's folder, which relative paths are of, where this machine sees it.
    """
    single_threaded()
    with suppress(OSError):
        os.chdir(home)
    reports: list[Any] = []
    with plain_errors():  # what a library raises may not travel between processes
        return reports, work(task, reports.append)


class _Tasks:
    """A `scheduling.Cluster` of Ray tasks."""

    def __init__(self, workers: RayWorkers, work: Callable[[Any, Report], Any]) -> None:
        self._ray = workers.ray
        self._call = workers.call
        self._work = self._ray.put(work)
        self._home = str(Path.cwd())
        self.room = workers.room

    def submit(self, task: Any) -> Hashable:
        return self._call.remote(self._work, self._home, task)

    def wait(self, running: Sequence[Hashable]) -> Sequence[Hashable]:
        self._ray.wait(running, num_returns=1)
        return self._ray.wait(running, num_returns=len(running), timeout=0)[0]

    def result(self, ended: Hashable) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(ended)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.TaskCancelledError:
            raise
        except errors.RayError as error:
            raise LostError(first_line(error)) from None


@contextmanager
def connected() -> Iterator[Any]:
    """Ray, connected to the cluster at hand, or to one that is started on this machine for now."""
    try:
        import ray
    except ImportError:
        raise InputError(
            '--engine ray needs the package ray: pip install "dubench[ray]", on every node'
        ) from None
    if ray.is_initialized():
        yield ray
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        place = os.environ.get("RAY_ADDRESS")
        raise InputError(
            f"--engine ray: no cluster{f' at RAY_ADDRESS {place}' if place else ''}: "
            f"{first_line(error)}; start one with ray start --head, or unset RAY_ADDRESS to use "
            "the cores of this machine"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()
