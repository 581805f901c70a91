"""How long a board's pages take: `python benchmarks/leaderboard.py [--models 200] [--n 3000]`.

Makes a board of answers without pictures (drawn from the preset du110k, ten crops a photograph),
each wrong in its own way, and builds its site in one process: seconds of processor time, memory at
its most, and the size of the first page. With Chromium, how long that page takes until a click on a
score has been answered.
"""

import argparse
import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from leaderboard.site import build
from tests.dubench.scoring.synthetic_scores import scored
from tests.leaderboard.boards import synthetic


def make(folder: Path, models: int, n: int) -> None:
    """Write a board of `models` submissions of `n` predictions each."""
    names = ["constant", "statistics", *(f"model {place}" for place in range(models - 2))]
    own = {
        name: scored(
            name, wrong=0.05 + place / models, seed=place, n=n, photos=n // 10, metrics=(),
            overconfident=1.5,
        )
        for place, name in enumerate(names)
    }  # fmt: skip
    synthetic(folder, own)


def interactive(page: Path) -> float | None:
    """Milliseconds from the start of loading to the answer to a click; None without Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.add_init_script(
            """addEventListener("load", () => {
            document.querySelectorAll("#board thead button")[3].click();
            document.body.offsetHeight; window.ready = performance.now(); })"""
        )
        tab.goto(f"file://{page}")
        took = tab.evaluate("ready")
        browser.close()
    return float(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--n", type=int, default=3000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        board = Path(temporary) / "board"
        make(board, given.models, given.n)
        before, wall = time.process_time(), time.perf_counter()
        page = build(board, Path(temporary) / "site")
        took, wall = time.process_time() - before, time.perf_counter() - wall
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        size = page.stat().st_size / 1e3
        print(f"{given.models} submissions of {given.n:,} predictions")
        print(
            f"  build: {took:.1f} s of processor time, {wall:.1f} s in all, {most:.2f} GB at most"
        )
        print(f"  first page: {size:.0f} kB, {len(re.findall('<tr', page.read_text()))} rows")
        ready = interactive(page)
        print("  no Chromium" if ready is None else f"  sorted after {ready:.0f} ms in Chromium")


if __name__ == "__main__":
    main()
