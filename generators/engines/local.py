"""The engine of one machine: a process per core."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from time import sleep
from typing import Any

from generators.engines.work import ENVIRONMENT, Report, Result, Task, single_threaded
from generators.errors import InputError, plain_errors
from generators.main_guard import UNGUARDED

_channel: Any = None


def run(
    work: Callable[[Task, Report], Result], tasks: Sequence[Task], workers: int, on_report: Report
) -> Iterator[Result]:
    """As `engines.run`; what a worker reports reaches `on_report` soon.

    Raises:
        InputError: a worker was killed, as by a lack of memory.
    """
    context = multiprocessing.get_context("spawn")
    channel = context.SimpleQueue()
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(channel, on_report, over), daemon=True)
    listener.start()
    with _environment():
        pool = ProcessPoolExecutor(
            min(workers, len(tasks)), context, initializer=_start, initargs=(channel,)
        )
        started = pool._processes  # a lost pool forgets it
        try:
            yield from _in_order(pool, work, tasks)
        except BrokenProcessPool:
            pool.shutdown()  # its thread collects the exit codes; two collectors would lose some
            raise InputError(_loss({worker.exitcode for worker in started.values()})) from None
        finally:
            _stop(pool)
            over.set()
            listener.join(timeout=2)


def _loss(codes: Container[int | None]) -> str:
    """What became of workers of which one was lost, by their exit codes."""
    if UNGUARDED in codes:
        return (
            "workers read the script that starts them, so the script must not start them while it "
            "is read: put its calls below `if __name__ == '__main__':`"
        )
    if -signal.SIGKILL in codes:
        return (
            "a worker process was killed, most likely for lack of memory; what is finished is "
            "safe: run the same command again, with fewer --workers"
        )
    return "a worker process ended by itself; what is finished is safe: run the same command again"


def _in_order(
    pool: ProcessPoolExecutor, work: Callable[[Task, Report], Result], tasks: Sequence[Task]
) -> Iterator[Result]:
    # This thread takes no future's lock once they run: one that Ctrl-C left locked would keep the
    # pool, and so the command, from ever ending.
    ended: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
    for number, task in enumerate(tasks):
        pool.submit(_call, work, task).add_done_callback(partial(_hand_over, ended, number))
    results: dict[int, Result] = {}
    for number in range(len(tasks)):
        while number not in results:
            place, result, error = ended.get()
            if error is not None:
                raise error  # an error anywhere ends the run, whoever's turn it is
            results[place] = result
        yield results.pop(number)


def _hand_over(ended: SimpleQueue[Any], number: int, future: Future[Any]) -> None:
    if not future.cancelled():
        error = future.exception()
        ended.put((number, None if error else future.result(), error))


def _call(work: Callable[[Any, Report], Any], task: Any) -> Any:
    with plain_errors():  # what a library raises may not travel between processes
        return work(task, _channel.put)


def _listen(channel: Any, on_report: Report, over: threading.Event) -> None:
    # Looks before it reads, and nothing here writes: a worker that was killed while it wrote
    # still holds the channel's lock.
    while not (channel.empty() and over.is_set()):
        if channel.empty():
            sleep(0.05)
        else:
            on_report(channel.get())


def _start(channel: Any) -> None:
    """Prepare a worker: no threads, no Ctrl-C of its own, and no life after its parent."""
    global _channel
    _channel = channel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent

    def die_with_parent() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=die_with_parent, daemon=True).start()
    single_threaded()


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers now: an unfinished task leaves nothing behind that counts."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


@contextmanager
def _environment() -> Iterator[None]:
    """What spawned processes inherit: numerical libraries with one thread, thrifty memory."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
