"""Scripts that start workers at their top level, where each worker would run them again."""

import multiprocessing
import os

UNGUARDED = 78
"""Exit code of a worker in which the script began anew."""


def end_second_run() -> None:
    """End this process if it is a worker that is still reading the user's script.

    The one that started it says what is wrong.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(UNGUARDED)
