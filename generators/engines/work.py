"""What every engine's workers have in common.

A worker has one thread because libraries' own threads would fight over the cores, and because a
matrix product may round differently with another number of them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Report = Callable[[Any], None]
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # glibc: keep freed images at hand. Returned to the system, each new one costs page faults.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}
"""What a worker's process is started with."""


def single_threaded() -> None:
    """Give this process's OpenCV one thread; `ENVIRONMENT` has seen to the other libraries."""
    import cv2

    cv2.setNumThreads(1)
