"""How fast dubench degrades one 256×256 photograph, beside other libraries on the same one.

The peers are in requirements.txt and want an environment of their own.
Each comparison runs in a worker as `dubench generate` starts it: one process, one thread.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
from photographs import BUNDLED, crops

from generators.engines import run

PACKAGES = (
    *("numpy", "opencv-python-headless", "scipy", "scikit-image", "torch", "pillow"),
    *("imagecorruptions", "deepinv", "albumentations"),
)
PARTS = 5  # the spread is that of as many parts of the run
NAMES = ("blurs", "hazes", "low_resolutions", "low_lights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=260, help="crops")
    parser.add_argument("--photos", type=Path, default=BUNDLED, help="folder of photographs")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--json", type=Path, help="file for every time and error")
    asked = parser.parse_args()
    print(machine.describe(PACKAGES), file=sys.stderr)
    tasks = [(name, asked.photos, asked.n) for name in asked.only]
    results = {made["name"]: made for made in run(compare, tasks, 1)}
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1), "utf-8")
    for made in results.values():
        print(table(made))
    print(f"{asked.n} crops by turns. {machine.describe(PACKAGES)}")


def compare(task: tuple[str, Path, int], report: Callable[[Any], None]) -> dict[str, Any]:
    """CPU milliseconds of every contender on every crop, and its error in levels.

    CPU time, because that of other programs is not in it; on an idle core the clock says the same.
    """
    import contenders
    import numpy as np

    name, photos, count = task
    contenders.single_threaded()
    made = getattr(contenders, name)()
    images = crops(photos, count, contenders.SIDE)
    times: dict[str, list[float]] = {one.name: [] for one in made.contenders}
    errors: dict[str, list[tuple[float, float, float]]] = {one.name: [] for one in made.contenders}
    for case in range(made.cases):  # what is made once is made now
        for one in made.contenders:
            one.apply(images[case], case)
    for number, image in enumerate(images):
        case = number % made.cases
        truth = made.truth and made.truth(image, case)
        for turn in range(len(made.contenders)):
            one = made.contenders[(number + turn) % len(made.contenders)]
            start = time.process_time()
            result = one.apply(image, case)
            times[one.name].append(1000 * (time.process_time() - start))
            if truth is not None:
                off = np.abs(result - truth)
                inner = slice(made.margin, -made.margin)
                inside = off[inner, inner]
                rms = float(np.sqrt((inside**2).mean()))
                errors[one.name].append((float(inside.max()), rms, float(off.max())))
    return {
        "name": made.name,
        "cases": made.cases,
        "goals": made.goals,
        "times": times,
        "errors": errors,
    }


def table(made: dict[str, Any]) -> str:
    """As Markdown: every contender's time and error, and how many times dubench's time it takes."""
    errors, cases = made["errors"], made["cases"]
    measured = any(errors.values())
    columns = [made["name"], "ms per image", "images/s", "times dubench's", "goal"]
    columns += ["most levels off", "rms", "most at the border"] if measured else []
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    ours = middle(next(iter(made["times"].values())), cases)
    for name, spent in made["times"].items():
        mine = middle(spent, cases)
        part = len(spent) // PARTS
        parts = [middle(spent[i * part : (i + 1) * part], cases) for i in range(PARTS)]
        goal = made["goals"].get(name)
        verdict = f"≥ {goal}: {'met' if mine / ours >= goal else 'MISSED'}" if goal else ""
        cells = [name, f"{mine:.3f} ({min(parts):.3f}–{max(parts):.3f})", f"{1000 / mine:,.0f}"]
        cells += [f"{mine / ours:.2f}", verdict]
        if measured:
            inside, rms, border = zip(*errors[name], strict=True)
            cells += [f"{max(inside):.2f}", f"{statistics.fmean(rms):.3f}", f"{max(border):.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def middle(spent: list[float], cases: int) -> float:
    """The mean over the settings of the median time at each; image i was at i modulo `cases`."""
    return statistics.fmean(statistics.median(spent[case::cases]) for case in range(cases))


if __name__ == "__main__":
    main()
