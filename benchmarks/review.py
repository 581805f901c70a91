"""How quick the review page is in Chromium, and whether ten reviewers at once lose anything.

python benchmarks/review.py            # about five minutes; wants dubench[dev] and chromium
python benchmarks/review.py --help
"""

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import machine

# The tests' server and crowd; they are no part of the package.
sys.path.append(str(Path(__file__).parents[1]))
from tests.annotation_ui.web.crowd import review_together
from tests.annotation_ui.web.served import Served, joined
from tests.annotation_ui.web.test_app_browser import enter_password, shown
from tests.chromium import launched

PACKAGES = ("gradio", "playwright", "uvicorn")
WARM = 3  # presses that do not count: the first ones compile the page's script
GOAL = 100  # ms

# From the key's event until clean and degraded of the next item are decoded and in the page.
CLOCK = """() => {
  window.times = [];
  let pressed = 0;
  document.addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
  new MutationObserver(() => times.push(performance.now() - pressed)).observe(
    document.querySelector(".stage"), { attributes: true, attributeFilter: ["data-item"] });
}"""


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--kills", type=int, default=2)
    options = parser.parse_args()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    with tempfile.TemporaryDirectory() as folder:
        times = keypresses(Path(folder) / "seen", options.presses)
        quick = statistics.quantiles(times, n=20)
        print(
            f"keypress to both images decoded, n = {len(times)}: "
            f"median {statistics.median(times):.0f} ms ({quick[0]:.0f} to {quick[-1]:.0f} ms from "
            f"the 5th to the 95th percentile); goal: under {GOAL} ms"
        )
        print(f"\n{machine.describe(PACKAGES)}\n")
        outcome = review_together(
            Path(folder) / "crowd", options.items, options.people, options.kills
        )
        print(f"{options.people} reviewers, {options.items:,} items, {options.kills} kills:")
        for name, value in asdict(outcome).items():
            print(f"  {name}: {value:,.1f}" if name == "seconds" else f"  {name}: {value}")
        print(f"\n{machine.describe(PACKAGES)}")


def keypresses(dataset: Path, presses: int) -> list[float]:
    """Milliseconds that each press of A took, on a review of 256 × 256 pairs."""
    from annotation_ui.planning.plan import plan_review
    from generators.build.generate import generate
    from generators.sources.pools import SourceSpec

    generate(4 * (presses + WARM), dataset, [SourceSpec("builtin")], workers=1)
    plan_review(dataset, 0.5, workers=1)
    joined(dataset, ["ada"])
    with Served(dataset) as served, launched() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.goto(served.url)
        enter_password(page, "ada")
        item = shown(page)
        page.evaluate(CLOCK)
        for _ in range(WARM + presses):
            page.wait_for_timeout(500)  # a quick look
            page.keyboard.press("a")
            item = shown(page, item)
        times = page.evaluate("times")
    return times[WARM:]


if __name__ == "__main__":
    main()
