"""What a diagnosis rests on, as one picture: photograph, spectrum, edges, probabilities, ranges."""

from textwrap import wrap
from typing import Any

from dubench.diagnosing.diagnosis import Diagnosis
from dubench.diagnosing.evidence.bars import probabilities, ranges
from dubench.diagnosing.evidence.pictures import edges, photograph, spectrum
from dubench.predictors.protocol import Image
from dubench.report.figures.plotting import GREY, PAGE, print_style, render
from dubench.text import percent, words
from generators.errors import one_line

_WARNING = "#B45309"
_EDGE, _GAP, _BELOW = 0.12, 0.14, 1.3
"""Inches: at the border, between pictures, and the height of the lower row."""


def draw(image: Image, diagnosis: Diagnosis, name: str) -> bytes:
    """A PNG of 1400 pixels' width.

    Args:
        image: the photograph, (H, W, 3) uint8 RGB.
        diagnosis: of it.
        name: the photograph's.
    """
    from matplotlib.figure import Figure

    wide = min(max(image.shape[1] / image.shape[0], 0.5), 2.2)
    side = min(1.95, (PAGE - 2 * _EDGE - 2 * _GAP) / (2 * wide + 1))
    notes = [f"! {line}" for text in diagnosis.cautions for line in wrap(one_line(text), 118)]
    foot = 0.14 * len(notes) + 0.34
    height = foot + _BELOW + 0.5 + side + 0.62
    with print_style():
        figure = Figure(figsize=(PAGE, height))

        def place(left: float, bottom: float, width: float, tall: float) -> Any:
            return figure.add_axes((left / PAGE, bottom / height, width / PAGE, tall / height))

        top = foot + _BELOW + 0.5
        lefts = [_EDGE, _EDGE + wide * side + _GAP, _EDGE + (wide + 1) * side + 2 * _GAP]
        photograph(place(lefts[0], top, wide * side, side), image, diagnosis)
        spectrum(place(lefts[1], top, side, side), image, diagnosis)
        edges(place(lefts[2], top, wide * side, side), image)
        probabilities(place(1.0, foot, 1.75, _BELOW - 0.22), diagnosis)
        ranges(place(3.3, foot, PAGE - _EDGE - 3.3, _BELOW - 0.22), diagnosis)
        figure.text(
            _EDGE / PAGE, 1 - 0.14 / height, f"{_short(name)}:  {_headline(diagnosis)}",
            fontsize=10, fontweight="bold", va="top",
        )  # fmt: skip
        for number, note in enumerate(notes):
            y = foot - 0.16 - 0.14 * number
            figure.text(_EDGE / PAGE, y / height, note, fontsize=7, color=_WARNING, va="top")
        figure.text(
            _EDGE / PAGE, 0.08 / height, f"by {one_line(diagnosis.model)}", fontsize=6.5,
            color=GREY,
        )  # fmt: skip
        return render(figure, "png")


def _headline(diagnosis: Diagnosis) -> str:
    """Types, severities and the probability, on one line."""
    parts = [
        ", ".join(filter(None, (words(finding.type), finding.severity)))
        for finding in diagnosis.findings
    ]
    return f"{' and '.join(parts) or 'nothing wrong'} ({percent(diagnosis.probability)})"


def _short(name: str, most: int = 48) -> str:
    """The end of a long name, on one line."""
    name = one_line(name)
    return name if len(name) <= most else f"…{name[1 - most :]}"
