"""Workers: in order, single-threaded, and their errors reach the caller."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from generators import engines
from generators.errors import InputError


def square(task: int, report: Callable[[int], None]) -> tuple[int, str | None, int]:
    import cv2

    report(task)
    return task**2, os.environ.get("OPENBLAS_NUM_THREADS"), cv2.getNumThreads()


def fail(task: int, report: Callable[[int], None]) -> None:
    raise InputError(f"task {task} is impossible")


def die(task: int, report: Callable[[int], None]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def torch_imported(task: int, report: Callable[[int], None]) -> bool:
    import sys

    import generators.build.shards  # noqa: F401

    return "torch" in sys.modules


def test_results_come_in_order_and_reports_arrive() -> None:
    reports: list[int] = []
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    others = set(threading.enumerate())
    results = list(engines.run(square, list(range(20)), 3, reports.append))
    assert [value for value, _, _ in results] == [i**2 for i in range(20)]
    assert all(threads == "1" and opencv == 1 for _, threads, opencv in results)
    assert sorted(reports) == list(range(20))
    assert os.environ.get("OPENBLAS_NUM_THREADS") == before
    for thread in set(threading.enumerate()) - others:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_an_error_of_a_worker_is_raised_here() -> None:
    with pytest.raises(InputError, match="is impossible"):
        list(engines.run(fail, [1, 2], 2))


def test_a_killed_worker_is_named() -> None:
    with pytest.raises(InputError, match="a worker process was killed"):
        list(engines.run(die, [1, 2], 2))


def test_the_exit_code_of_a_killed_worker_may_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    collect = os.waitpid

    def collect_late(pid: int, options: int) -> tuple[int, int]:
        if threading.current_thread() is threading.main_thread():
            time.sleep(0.1)  # the pool's thread comes first
            return collect(pid, options)
        result = collect(pid, options)
        time.sleep(1)  # and knows the code late: who asks meanwhile finds nothing to collect
        return result

    monkeypatch.setattr(os, "waitpid", collect_late)
    with pytest.raises(InputError, match="a worker process was killed"):
        list(engines.run(die, [1, 2], 2))


UNGUARDED = """
from pathlib import Path
from generators import SourceSpec, generate
generate(8, Path("d"), [SourceSpec("dead-leaves")], size=32, workers=1)
"""


def test_a_script_without_a_main_guard_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(UNGUARDED)
    script = [sys.executable, str(tmp_path / "script.py")]
    run = subprocess.run(script, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1
    assert "put its calls below `if __name__ == '__main__':`" in run.stderr.splitlines()[-1]
    assert run.stderr.count("Traceback") <= 2  # of this process, and none of its workers
    assert "memory" not in run.stderr


def test_workers_do_not_import_torch() -> None:
    assert list(engines.run(torch_imported, [1], 1)) == [False]


def test_nothing_to_do() -> None:
    assert list(engines.run(square, [], 2)) == []


def test_no_workers() -> None:
    with pytest.raises(InputError, match="--workers 0: choose at least one"):
        list(engines.run(square, [1], 0))


INTERRUPTED = """
import multiprocessing, os, signal, sys, threading
from generators import engines

def work(task, report):
    if task == 60:
        os.kill(multiprocessing.parent_process().pid, signal.SIGINT)
        threading.Event().wait()

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        list(engines.run(work, range(4000), 1))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.slow
def test_ctrl_c_ends_a_run_wherever_its_results_are_being_collected(tmp_path: Path) -> None:
    """It came at another moment each time; one in eight was where the command then never ended."""
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    for _ in range(25):
        run = subprocess.run([sys.executable, script], capture_output=True, timeout=60)
        assert run.returncode == 130, run.stderr
