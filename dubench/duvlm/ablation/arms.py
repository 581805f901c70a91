"""What is compared: the paper's Tables 4 and 5 and Figure 7 (arXiv 2602.04565), and the chart."""

from dataclasses import dataclass
from typing import Literal

from dubench.duvlm.views import PHOTOGRAPH
from dubench.predictions.grammar import DELTA

Further = Literal["sft", "naive", "structured"]

ALL_VIEWS = (PHOTOGRAPH, "fft", "edges", "chart")
"""Pictures of the arm that the others are compared with, in order."""
BASE = "all"


@dataclass(frozen=True)
class Arm:
    """A way of training nano.

    Attributes:
        name: of its folder. title: for tables.
        without: the view that is left out; may be empty.
        rationale: whether answers name type and severity in words first.
        delta: step of the values' grid.
        further: None: learns from examples, from first weights. Else goes on from BASE's weights
            of the same seed, by more examples or by a reward.
    """

    name: str
    title: str
    without: str = ""
    rationale: bool = True
    delta: float = DELTA
    further: Further | None = None

    @property
    def views(self) -> tuple[str, ...]:
        """Its pictures."""
        return tuple(view for view in ALL_VIEWS if view != self.without)


ARMS = (
    Arm(BASE, "all views and the rationale"),
    Arm("no-fft", "without the spectrum", without="fft"),
    Arm("no-edges", "without the edges", without="edges"),
    Arm("no-chart", "without the chart", without="chart"),
    Arm("no-rationale", "without the rationale", rationale=False),
    Arm("delta-0.05", "Δ = 0.05", delta=0.05),
    Arm("delta-0.1", "Δ = 0.1", delta=0.1),
    Arm("longer", "SFT + more SFT", further="sft"),
    Arm("naive", "SFT + naive RL", further="naive"),
    Arm("structured", "SFT + structured RL", further="structured"),
)
"""In the order in which they are trained, for each seed: those that go on from BASE come last."""

TABLES = {
    "views": (BASE, "no-fft", "no-edges", "no-chart", "no-rationale"),
    "training": (BASE, "longer", "naive", "structured"),
    "grid": (BASE, "delta-0.05", "delta-0.1"),
}
"""The arms of each table: the paper's Table 4, Table 5 and Figure 7."""

WRITTEN = "written."
"""Before the names of scores of answers as they are written: each value the likeliest step, instead
of the distribution's median."""


@dataclass(frozen=True)
class Claim:
    """That one arm does better than another.

    Attributes:
        title: in words.
        better, worse: names of arms.
        written: whether it is about answers as they are written.
    """

    title: str
    better: str
    worse: str
    written: bool = False


CLAIMS = (
    Claim("the spectrum helps", BASE, "no-fft"),
    Claim("the edges help", BASE, "no-edges"),
    Claim("the chart helps", BASE, "no-chart"),
    Claim("the rationale helps", BASE, "no-rationale"),
    Claim("structured RL beats naive RL", "structured", "naive"),
    Claim("structured RL beats more SFT", "structured", "longer"),
    Claim("naive RL beats more SFT", "naive", "longer"),
    Claim("Δ = 0.01 beats 0.05", BASE, "delta-0.05", written=True),
    Claim("Δ = 0.05 beats 0.1", "delta-0.05", "delta-0.1", written=True),
    Claim("Δ = 0.01 beats 0.1", BASE, "delta-0.1", written=True),
)
