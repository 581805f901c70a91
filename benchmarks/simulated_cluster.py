"""A cluster of nodes that die, come back and are slow, in simulated time, for the real schedule."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from generators.engines.scheduling import LostError

QUEUED = 2
"""Tasks wanted at once for each core that is there, as `generators.engines.on_ray` wants them."""


@dataclass
class SimulatedCluster:
    """A `scheduling.Cluster` whose tasks are the seconds that they take on a core of a good node.

    Tasks wait in one queue and begin on whichever core is free. With a node die the tasks that run
    there; that is noticed a while later.

    Attributes:
        cores: of each node.
        slowness: of each node, times a good one's seconds.
        life: gives seconds until a node that has come up dies; infinite for never.
        repair: seconds from a node's death until it, or another in its place, is up.
        notice: seconds from a node's death until its tasks count as lost.
        now: seconds since the beginning.
        deaths: of nodes.
        done, wasted: core seconds of tasks that ended, and of those that were lost.
        there: core seconds of the nodes that were up.
        most_lost: largest number of tasks lost with one node.
        most_queued: largest number of tasks that waited for a core.
    """

    cores: int
    slowness: Sequence[float]
    life: Callable[[], float]
    repair: float = 120.0
    notice: float = 15.0
    now: float = 0.0
    deaths: int = 0
    done: float = 0.0
    wasted: float = 0.0
    there: float = 0.0
    most_lost: int = 0
    most_queued: int = 0
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _queue: deque[tuple[int, float]] = field(default_factory=deque)
    _on_node: dict[int, dict[int, float]] = field(default_factory=dict)
    """Of the nodes that are up: handle → when it began."""
    _ended: dict[int, bool] = field(default_factory=dict)
    """Handle → whether it gave a result."""

    def __post_init__(self) -> None:
        for node in range(len(self.slowness)):
            self._come_up(node)

    def room(self) -> int:
        """How many tasks are wanted at once."""
        return max(1, QUEUED * self.cores * len(self._on_node))

    def submit(self, task: float) -> Hashable:
        """Put a task at the end of the queue; returns its handle."""
        handle = next(self._numbers)
        self._queue.append((handle, task))
        self._dispatch()
        return handle

    def wait(self, running: Sequence[Hashable]) -> Sequence[Hashable]:
        """Go on until a task has ended or counts as lost; returns all that have."""
        self.most_queued = max(self.most_queued, len(self._queue))
        while not self._ended:
            before, (self.now, _, happen) = self.now, heapq.heappop(self._events)
            self.there += self.cores * len(self._on_node) * (self.now - before)
            happen()
            self._dispatch()
        return list(self._ended)

    def result(self, ended: Hashable) -> None:
        """Nothing; LostError where the task's node died."""
        assert isinstance(ended, int)
        if not self._ended.pop(ended):
            raise LostError("its node died")

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        if seconds < float("inf"):
            heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen))

    def _dispatch(self) -> None:
        while self._queue and (node := self._free_node()) is not None:
            handle, seconds = self._queue.popleft()
            tasks = self._on_node[node]
            tasks[handle] = self.now

            def end(tasks: dict[int, float] = tasks, handle: int = handle) -> None:
                if handle in tasks:  # else its node has died meanwhile
                    self.done += self.now - tasks.pop(handle)
                    self._ended[handle] = True

            self._after(seconds * self.slowness[node], end)

    def _free_node(self) -> int | None:
        least = min(self._on_node, key=lambda node: len(self._on_node[node]), default=None)
        return least if least is not None and len(self._on_node[least]) < self.cores else None

    def _come_up(self, node: int) -> None:
        self._on_node[node] = {}
        self._after(self.life(), lambda: self._die(node))

    def _die(self, node: int) -> None:
        tasks = self._on_node.pop(node)
        self.deaths += 1
        self.most_lost = max(self.most_lost, len(tasks))
        self.wasted += sum(self.now - began for began in tasks.values())
        lost = dict.fromkeys(tasks, False)
        tasks.clear()
        self._after(self.notice, lambda: self._ended.update(lost))
        self._after(self.repair, lambda: self._come_up(node))
