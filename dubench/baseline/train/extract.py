"""The statistics of every image of a split, in parallel processes."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import COUNT, statistics
from dubench.dataset import Split
from generators import engines

if TYPE_CHECKING:
    from generators.files import Place

_REPORTED = 50  # images


def extract(
    split: Split, workers: int, on_progress: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """Statistics (n, COUNT) of the degraded images, rows in the files' order.

    Args:
        on_progress: called now and then with the number of images done, and of all.

    Raises:
        InputError: a file or an image in it cannot be read.
    """
    done = 0

    def more(images: int) -> None:
        nonlocal done
        done += images
        on_progress(done, split.n)

    tasks = [(split, file) for file in split.files]
    return np.concatenate(list(engines.run(_of_file, tasks, workers, more)))


def _of_file(task: tuple[Split, "Place"], report: Callable[[int], None]) -> NDArray[np.float32]:
    split, file = task
    rows = []
    for _, image in replace(split, files=[file]).images("degraded"):
        rows.append(statistics(image))
        if len(rows) % _REPORTED == 0:
            report(_REPORTED)
    report(len(rows) % _REPORTED)
    return np.array(rows, np.float32).reshape(-1, COUNT)
