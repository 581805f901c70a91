"""A real Ray with several worker processes: the same bytes, and a killed worker costs its shard."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from generators import engines
from generators.build import produce
from generators.build.generate import generate
from generators.build.job import Progress
from generators.build.produce import _make_shard as make_shard
from generators.build.verify import verify
from generators.dataset import identity
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.on_disk import hashes

pytest.importorskip("ray")
pytestmark = pytest.mark.slow  # Ray takes ten seconds to start

Report = Callable[[Any], None]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Three workers, whatever the machine has."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def describe(task: int, report: Report) -> tuple[int, int, str, int]:
    import cv2

    report(task)
    return task**2, os.getpid(), os.environ["OPENBLAS_NUM_THREADS"], cv2.getNumThreads()


def fail(task: int, report: Report) -> None:
    raise InputError(f"task {task} is impossible")


def die(task: int, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_workers_are_several_single_threaded_and_of_this_run_alone() -> None:
    reports: list[int] = []
    results = list(engines.run(describe, list(range(30)), None, reports.append, engine="ray"))
    assert [value for value, _, _, _ in results] == [i**2 for i in range(30)]
    assert sorted(reports) == list(range(30))
    assert {(libraries, opencv) for _, _, libraries, opencv in results} == {("1", 1)}
    again = list(engines.run(describe, [0, 1], None, engine="ray"))
    assert not {pid for _, pid, _, _ in results} & {pid for _, pid, _, _ in again}


def test_an_error_of_a_worker_is_raised_here() -> None:
    with pytest.raises(InputError, match=r"^task 1 is impossible$"):
        list(engines.run(fail, [1], 1, engine="ray"))


def test_a_task_that_kills_its_worker_every_time_is_named() -> None:
    with pytest.raises(InputError, match=r"task 1 of 1 was begun 5 times, .* lack of memory"):
        list(engines.run(die, [7], None, engine="ray"))


def test_a_cluster_without_a_gpu_says_so() -> None:
    with pytest.raises(InputError, match="the cluster has no GPU"):
        list(engines.run(describe, [1], None, engine="ray", gpu=True))


class Counts(Progress):
    def __init__(self) -> None:
        self.pairs = 0

    def rendered(self, counts: Mapping[str, int]) -> None:
        self.pairs += sum(counts.values())


def make_or_die(begun: Path, *arguments: Any) -> Counter[str]:
    """Make a shard; the first worker at the second one is killed when it is half done."""
    *rest, number, report = arguments
    (begun / f"{number}-{uuid4()}").touch()
    first = len(list(begun.glob(f"{number}-*"))) == 1

    def kill_once(message: Any) -> None:
        report(message)
        if number == 1 and first:
            os.kill(os.getpid(), signal.SIGKILL)

    return make_shard(*rest, number, kill_once)


def test_a_killed_worker_costs_its_shard_and_no_byte(
    du110k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    monkeypatch.setattr(produce, "_make_shard", partial(make_or_die, begun))
    progress = Counts()
    generate(440, tmp_path / "d", [SourceSpec("builtin")], size=64, progress=progress, engine="ray")
    assert hashes(tmp_path / "d") == hashes(du110k)
    assert progress.pairs == 440
    tries = Counter(int(file.name.partition("-")[0]) for file in begun.iterdir())
    assert tries == dict.fromkeys(range(len(hashes(du110k))), 1) | {1: 2}


def test_verify_proves_every_row_and_hashes_them_there(
    du110k: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "FEW", 0)
    audit = verify(du110k, engine="ray")
    assert audit.good
    assert audit.exact == 440
