"""What runs when, on a cluster of numbers: bounded, in order, and again where it is lost."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulated_cluster import SimulatedCluster
from generators.engines.scheduling import TRIES, LostError, Schedule
from generators.errors import InputError


@dataclass
class Numbers:
    """Squares its tasks, ends them in a random order, and loses some."""

    seed: int
    loss: float
    size: int
    always: int = -1
    most: int = 0
    begun: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def room(self) -> int:
        return int(self.rng.integers(1, self.size + 1))  # machines come and go

    def submit(self, task: int) -> Hashable:
        self.begun.append(task)
        return len(self.begun) - 1

    def wait(self, running: Sequence[Hashable]) -> Sequence[Hashable]:
        self.most = max(self.most, len(running))
        some = self.rng.permutation(len(running))[: self.rng.integers(1, len(running) + 1)]
        return [running[i] for i in some]

    def result(self, ended: Hashable) -> int:
        assert isinstance(ended, int)
        task = self.begun[ended]
        if task == self.always or self.rng.random() < self.loss:
            raise LostError("gone")
        return task**2


@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(1, 8))
def test_every_task_once_in_order_and_no_more_at_once_than_there_is_room(
    seed: int, tasks: int, size: int
) -> None:
    cluster, seen = Numbers(seed, 0.02, size), list[int]()
    schedule = Schedule(cluster, range(tasks), seen.append)
    try:
        results = list(schedule.results())
    except InputError:  # one in three hundred million, but it may
        return
    assert results == [i**2 for i in range(tasks)]
    assert sorted(seen) == results  # no result of a lost task is counted
    assert cluster.most <= size
    assert len(cluster.begun) == tasks + schedule.lost


def test_what_was_lost_comes_before_what_was_not_begun() -> None:
    class LosesFirst(Numbers):
        def room(self) -> int:
            return 2

        def wait(self, running: Sequence[Hashable]) -> Sequence[Hashable]:
            return running[:1]

        def result(self, ended: Hashable) -> int:
            if ended == 0:
                raise LostError("gone")
            return 0

    cluster = LosesFirst(0, 0, 2)
    assert len(list(Schedule(cluster, range(4)).results())) == 4
    assert cluster.begun == [0, 1, 0, 2, 3]


def test_a_task_that_takes_every_worker_down_ends_the_run() -> None:
    cluster = Numbers(0, 0, 2, always=2)
    with pytest.raises(InputError, match=f"task 3 of 6 was begun {TRIES} times"):
        list(Schedule(cluster, range(6)).results())
    assert cluster.begun.count(2) == TRIES


SECONDS = st.floats(0, 20)


@given(
    st.lists(SECONDS, max_size=30),
    st.lists(SECONDS, max_size=12),
    st.lists(st.sampled_from([1.0, 4.0]), min_size=1, max_size=4),
    st.integers(1, 3),
    SECONDS,
    SECONDS,
)
def test_whenever_nodes_die_every_shard_ends_once_and_a_death_costs_what_ran_there(
    seconds: list[float],
    lives: list[float],
    slowness: list[float],
    cores: int,
    repair: float,
    notice: float,
) -> None:
    left = iter(lives)
    cluster = SimulatedCluster(cores, slowness, lambda: next(left, float("inf")), repair, notice)
    ended = list[None]()
    schedule = Schedule(cluster, seconds, ended.append)
    try:
        assert len(list(schedule.results())) == len(seconds)
    except InputError:
        assert cluster.deaths >= TRIES  # a shard was on each of these nodes
        return
    assert len(ended) == len(seconds)
    assert schedule.lost <= cluster.deaths * cores
    assert cluster.most_lost <= cores
    assert cluster.wasted <= schedule.lost * 4 * max(seconds, default=0) + 1e-9
    least, most = (sum(factor * s for s in seconds) for factor in (min(slowness), max(slowness)))
    assert least - 1e-6 <= cluster.done <= most + 1e-6
    assert cluster.most_queued <= 2 * cores * len(slowness)
