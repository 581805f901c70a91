"""`dubench`, ended by a signal at a known point of its work, however fast or busy the machine is.

The point is a file: when so many of a pattern have their final names and another is about to get
its own, whichever process is at it sends the signal and, if it is a worker, stays where it is.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


def stopped(
    how: signal.Signals, files: int, pattern: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run the command line, sent `how` at the next file of `pattern` after `files` such files.

    Give it --workers 1 for a signal that it answers, or each worker sends one.
    """
    point = {"STOP_HOW": str(int(how)), "STOP_FILES": str(files), "STOP_PATTERN": pattern}
    return subprocess.run(
        [sys.executable, "-m", "tests.stopping", *map(str, arguments)],
        cwd=_ROOT,
        env=os.environ | {"COLUMNS": "200"} | point,
        capture_output=True,
        text=True,
        timeout=600,
    )


def _stop(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: https://docs.python.org/3/library/audit_events.html."""
    if event not in ("open", "os.rename"):
        return
    path = arguments[event == "os.rename"]
    pattern = os.environ["STOP_PATTERN"]
    if not isinstance(path, str | Path) or not fnmatch(Path(path).name, pattern):
        return
    if len(list(Path(path).parent.glob(pattern))) < int(os.environ["STOP_FILES"]):
        return
    if worker := multiprocessing.parent_process():
        assert worker.pid
        os.kill(worker.pid, int(os.environ["STOP_HOW"]))
        threading.Event().wait()
    os.kill(os.getpid(), int(os.environ["STOP_HOW"]))


if __name__ in ("__main__", "__mp_main__"):  # workers import what the command ran
    sys.addaudithook(_stop)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    from dubench.cli import main

    main()
