"""Whatever the terminal is: streams that are closed, or lack letters, or end early."""

import io
import os
import sys


def prepare() -> None:
    """Give closed streams a place; what a terminal that is not UTF-8 lacks is shown as `?`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def end_of_pipe() -> int:
    """Whoever read our output has gone, as `head` does: end quietly. Returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more
    return 1
