"""How long a diagnosis takes: `python benchmarks/diagnosing.py`.

Statistics of 256×256 tiles in CPU milliseconds, one thread; `dubench diagnose` of one 1600×1200
JPEG as a whole process; the same in a process that has begun; and of a folder with 100 of them.
CPU seconds stand beside the clock's: on a busy machine they say more.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import machine
import numpy as np
import photographs

from dubench import diagnose
from dubench.baseline import features

SIZE, QUALITY = (1200, 1600), 90
TILES, MANY = 130, 100


def make(folder: Path) -> list[Path]:
    """MANY different windows of the bundled photographs, continued by their mirror images."""
    images = [image for _, image in photographs.read(photographs.BUNDLED)]
    made = []
    for number in range(MANY):
        image = images[number % len(images)]
        rows, columns = (
            np.pad(np.arange(side), (0, length), "symmetric")[number : number + length]
            for side, length in zip(image.shape, SIZE, strict=False)
        )
        pixels = cv2.cvtColor(image[np.ix_(rows, columns)], cv2.COLOR_RGB2BGR)
        made.append(folder / f"{number:03}.jpg")
        cv2.imwrite(str(made[-1]), pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return made


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU in this process and those it waited for."""
    start, before = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - start, cpu() - before


def cpu() -> float:
    """CPU seconds so far."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def row(name: str, runs: list[tuple[float, float]], each: int = 1) -> None:
    """A line of the table: median (least–most) of both, in milliseconds for each of so many."""
    cells = []
    for column in zip(*runs, strict=True):
        ms = sorted(1000 * seconds / each for seconds in column)
        cells.append(f"{statistics.median(ms):.3g} ({ms[0]:.3g}–{ms[-1]:.3g})")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = range(parser.parse_args().runs)
    print("| | clock, ms | CPU, ms |\n|---|---|---|")
    cv2.setNumThreads(1)
    tiles = photographs.crops(photographs.BUNDLED, TILES, 256)
    work = lambda: [features.statistics(tile) for tile in tiles]  # noqa: E731
    work()
    row("statistics of a tile", [timed(work) for _ in runs], TILES)
    with tempfile.TemporaryDirectory() as folder:
        paths = make(Path(folder))

        def command(path: Path) -> None:
            arguments = [sys.executable, "-m", "dubench.cli", "diagnose", str(path)]
            subprocess.run(arguments, check=True, capture_output=True)

        row("one photograph, first call", [timed(lambda: command(paths[0])) for _ in runs])
        diagnose(paths[0])
        row("one photograph, warm", [timed(lambda i=i: diagnose(paths[i])) for i in runs])
        whole = [timed(lambda: command(Path(folder))) for _ in runs]
        row(f"each of {MANY} in a folder", whole, MANY)
    print(f"\n{machine.describe(('numpy', 'opencv-python-headless'))}")


if __name__ == "__main__":
    main()
