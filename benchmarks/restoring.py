"""How long it takes to restore one 256×256 picture: `python benchmarks/restoring.py`.

CPU seconds of each method and type on one core, with the true parameters and the bundled prior, and
how many passes of that prior they are worth; the memory of the process. `--clock` takes seconds by
the clock on all cores instead, for an idle machine, and those of each of 48 pictures of a split.
`--picture FILE` draws what each method made.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import machine
import numpy as np
import photographs

from dubench.dataset import open_split
from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import WITH_PRIOR, Settings, open_method
from dubench.ddnm.prior.opening import open_prior
from dubench.restoring.split import TRUTH, begin, restore_split
from generators import degrade
from generators.build.generate import generate
from generators.physics import maps_of
from generators.sources.pools import SourceSpec
from generators.taxonomy import Degradation

CROPS = {"haze": 20, "low_light": 8, "blur": 2, "low_resolution": 6}
"""Which of the bundled photographs' crops each type degrades: those with something to see."""
METHODS = ("wiener", "bilateral", "pnp", "diffpir", "ddnm+")
"""Those in torch come last, for memory is the most that the process ever held."""
SIDE, QUALITY, MANY = 256, 60, 48

Clock = Callable[[], float]


def main() -> None:
    """Print the table, and draw the picture if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("methods", nargs="*", default=METHODS, metavar="METHOD")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clock", action="store_true", help="seconds by the clock, all cores")
    parser.add_argument("--picture", type=Path, metavar="JPEG", help="a row per type to draw")
    arguments = parser.parse_args()
    threads = (os.cpu_count() or 1) if arguments.clock else 1
    now = time.perf_counter if arguments.clock else time.process_time
    cv2.setNumThreads(threads)
    crops = photographs.crops(photographs.BUNDLED, 1 + max(CROPS.values()), SIDE)
    samples = [degrade(crops[number], type_name) for type_name, number in CROPS.items()]
    columns = [[sample.degraded for sample in samples]]
    heads = [*CROPS, "one pass", "most memory", *([f"each of {MANY}"] * arguments.clock)]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for name in arguments.methods:
        in_torch = name.startswith("ddnm")
        if in_torch:
            import torch

            torch.set_num_threads(threads)
        passed = one_pass(in_torch, arguments.runs, now) if name in WITH_PRIOR else None
        method = open_method(name, Settings())
        cells, column = [], []
        for sample in samples:
            restored, took = timed(partial(method, known(sample)), arguments.runs, now)
            column.append(restored)
            cells.append(cell(took, passed))
        columns.append(column)
        cells.append(f"{statistics.median(passed):.3f} s" if passed else "–")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        cells.append(f"{most:,.0f} MB")
        if arguments.clock:
            cells.append(f"{each_of_many(name, arguments.runs):.2f} s")
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)
    print(f"\n{machine.describe(('numpy', 'opencv-python-headless', 'torch'))}")
    if arguments.picture:
        columns.append([sample.clean for sample in samples])
        draw(columns, ("degraded", *arguments.methods, "clean"), arguments.picture)


def known(sample: Any) -> Degraded:
    """The degraded picture of a sample with its true parameters, and map for haze."""
    one = sample.degradation
    transmission = maps_of(one, sample.depth).get("transmission")
    return Degraded(sample.degraded, Degradation(one.type, one.parameters), transmission)


def one_pass(in_torch: bool, runs: int, now: Clock) -> list[float]:
    """Seconds of asking the prior once, `timed`."""
    prior = open_prior(None, torch=in_torch)
    noisy = prior.array(np.random.default_rng(0).uniform(size=(1, 3, SIDE, SIDE)))

    def ask() -> None:
        if in_torch:
            import torch

            with torch.no_grad():
                prior.denoise(noisy, 0.1)
        else:
            prior.denoise(noisy, 0.1)

    ask()
    return timed(ask, runs, now)[1]


def each_of_many(method: str, runs: int) -> float:
    """Seconds by the clock that each picture of a split takes, start and end included: median."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        generate(MANY, data, [SourceSpec("builtin")], size=SIDE, test_only=True)
        split = open_split(str(data), "test")

        def restore(out: Path) -> None:
            begin(out, split, {})
            restore_split(split, TRUTH, method, Settings(), out)

        outs = iter(Path(folder, str(run)) for run in range(runs))
        took = timed(lambda: restore(next(outs)), runs, time.perf_counter)[1]
    return statistics.median(took) / MANY


def timed(work: Callable[[], Any], runs: int, now: Clock) -> tuple[Any, list[float]]:
    """What `work` gives, and the seconds of each of so many runs."""
    took = []
    for _ in range(runs):
        start = now()
        result = work()
        took.append(now() - start)
    return result, took


def cell(took: list[float], passed: list[float] | None) -> str:
    """Median (least–most) in seconds, and in passes of the prior."""
    middle = statistics.median(took)
    text = f"{middle:.2f} s ({min(took):.2f}–{max(took):.2f})"
    return text if passed is None else f"{text}, × {middle / statistics.median(passed):.1f}"


def draw(columns: list[list[Any]], titles: tuple[str, ...], path: Path) -> None:
    """A row per type, a column per method."""
    sheet = np.hstack([np.vstack(column) for column in columns])
    head = np.full((28, sheet.shape[1], 3), 255, np.uint8)
    for number, title in enumerate(titles):
        at = (number * SIDE + 8, 20)
        cv2.putText(head, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    picture = cv2.cvtColor(np.vstack([head, sheet]), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
