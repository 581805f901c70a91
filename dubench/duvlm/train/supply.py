"""Samples for a training run: made in other processes, kept on disk, drawn at random.

Which samples a batch holds follows from the seed and the batch's number alone: the pool that it is
drawn from grows with what was seen, not with what happens to be there.
"""

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from dubench.duvlm.train.samples import (
    PER_CHUNK,
    Plan,
    Samples,
    chunk_name,
    make_missing,
    read,
    row_of,
)
from generators.errors import InputError

FIRST, REUSE = 16, 20
"""Chunks that there are before training begins; times that a picture is seen, in the mean."""
AHEAD = 8  # chunks made before they are needed: more would take the cores from the training


class Supply:
    """Batches without end, and the processes that make their samples.

    Args:
        folder: where chunks are kept.
        images: that will be seen in all.
        workers: processes.
    """

    def __init__(self, plan: Plan, folder: Path, seed: int, images: int, workers: int) -> None:
        self._folder, self._seed, self._images, self._views = folder, seed, images, plan.views
        self._total = chunks(images, images)
        self._needed = chunks(0, images)
        self._more = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(
            target=self._make, args=(plan, workers), daemon=True, name="dubench-samples"
        )
        self._thread.start()

    def fetch(self, step: int, size: int) -> Samples:
        """The samples of a batch, once they are there.

        Raises:
            InputError: they cannot be made, or a chunk is damaged.
        """
        available = chunks(step * size, self._images)
        if available > self._needed:
            self._needed = available
            self._more.set()
        while not self.ready(available):
            time.sleep(0.2)
        rng = np.random.default_rng([self._seed, step, 1])
        batch = np.empty(size, row_of(self._views))
        for row, number in enumerate(rng.integers(0, available * PER_CHUNK, size)):
            chunk, place = divmod(int(number), PER_CHUNK)
            batch[row] = read_kept(self._folder / chunk_name(chunk), self._views)[place]
        return batch

    def wait(self, on_progress: Callable[[int, int], None]) -> None:
        """Wait until there is enough to begin with.

        Raises:
            InputError: as `fetch`.
        """
        least = chunks(0, self._images)
        while not self.ready(least):
            there = sum((self._folder / chunk_name(n)).exists() for n in range(least))
            on_progress(there, least)
            time.sleep(0.5)

    def ready(self, available: int) -> bool:
        """Whether so many chunks are there.

        Raises:
            InputError: they never will be.
        """
        # They are made in order, and those at the end may be under way at the same time.
        if all((self._folder / chunk_name(n)).exists() for n in range(available)):
            return True
        if self._error:
            raise self._error
        if not self._thread.is_alive():
            raise InputError(f"{self._folder}: chunks are missing; run the same command again")
        return False

    def _make(self, plan: Plan, workers: int) -> None:
        try:
            made = 0
            while made < self._total:
                self._more.clear()
                goal = min(self._total, self._needed + AHEAD)
                if made < goal:
                    make_missing(plan, self._folder, range(made, goal), workers)
                    made = goal
                else:
                    self._more.wait()
        except Exception as error:  # told where it is waited for
            self._error = error


def chunks(seen: int, images: int) -> int:
    """How many chunks the next batch is drawn from when so many of `images` were seen."""
    first = min(FIRST, -(-images // PER_CHUNK))
    return first + min(seen, images) // (PER_CHUNK * REUSE)


@lru_cache(maxsize=4096)
def read_kept(path: Path, views: tuple[str, ...]) -> Samples:
    """A chunk that stays open."""
    return read(path, views)
