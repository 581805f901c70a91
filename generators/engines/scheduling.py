"""Which task of many runs when, on a cluster whose machines come and go."""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from generators.errors import InputError

Task = TypeVar("Task", contravariant=True)
Result = TypeVar("Result", covariant=True)

TRIES = 5
"""How often a task is begun before it counts as what kills its worker."""


class LostError(Exception):
    """The worker of a task, or its machine, is gone; the task has left nothing behind."""


class Cluster(Protocol[Task, Result]):
    """Where tasks run."""

    def room(self) -> int:
        """How many tasks are wanted at once, those that wait for a core among them."""

    def submit(self, task: Task) -> Hashable:
        """Begin a task; returns what names it from now on."""

    def wait(self, running: Sequence[Hashable]) -> Sequence[Hashable]:
        """Those of the `running` that have ended: one at least, for which it waits."""

    def result(self, ended: Hashable) -> Result:
        """What the task gave.

        Raises:
            LostError: its worker is gone.
            Exception: what the task raised.
        """


_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class Schedule(Generic[_Task, _Result]):
    """Runs every task once, or again where it is lost, and no more at once than there is room.

    Attributes:
        lost: how many times a task was lost with its worker.
    """

    def __init__(
        self,
        cluster: Cluster[_Task, _Result],
        tasks: Sequence[_Task],
        on_result: Callable[[_Result], None] = lambda result: None,
    ) -> None:
        """Args:
        on_result: called with each result as it comes, in whatever order.
        """
        self._cluster = cluster
        self._tasks = tasks
        self._on_result = on_result
        self._waiting = deque(range(len(tasks)))
        self._running: dict[Hashable, int] = {}
        self._lost: Counter[int] = Counter()

    @property
    def lost(self) -> int:
        """How many times a task was lost with its worker."""
        return self._lost.total()

    @property
    def running(self) -> list[Hashable]:
        """What has begun and was not seen to end."""
        return list(self._running)

    def results(self) -> Iterator[_Result]:
        """Yield the results, in the tasks' order.

        Raises:
            InputError: a task was lost `TRIES` times.
            Exception: what a task raised.
        """
        ended: dict[int, _Result] = {}
        for number in range(len(self._tasks)):
            while number not in ended:
                self._fill()
                ended |= self._collect()
            yield ended.pop(number)

    def _fill(self) -> None:
        room = self._cluster.room() - len(self._running)
        for number in [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]:
            self._running[self._cluster.submit(self._tasks[number])] = number

    def _collect(self) -> dict[int, _Result]:
        """Results of the tasks that have ended; what was lost waits again, before all others."""
        results = {}
        for handle in self._cluster.wait(list(self._running)):
            number = self._running.pop(handle)
            try:
                results[number] = self._cluster.result(handle)
            except LostError as error:
                self._lost[number] += 1
                if self._lost[number] == TRIES:
                    raise InputError(
                        f"task {number + 1} of {len(self._tasks)} was begun {TRIES} times, and its "
                        f"worker was lost each time, most likely for lack of memory ({error}); "
                        "what is finished is safe: run the same command again, with fewer --workers"
                    ) from None
                self._waiting.appendleft(number)
            else:
                self._on_result(results[number])
        return results
