"""How scores on pairs held out change while a model learns from rewards, as a picture."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

SHOWN = {"t_acc": "T-Acc", "p_rel": "mean P-Rel", "psnr": "PSNR restored, dB"}


def draw(history: Sequence[dict[str, Any]]) -> bytes:
    """A PNG with a panel for each of SHOWN over the steps."""
    from matplotlib.figure import Figure

    figure = Figure((9, 3), dpi=100, layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(SHOWN)), SHOWN.items(), strict=True):
        points = [(entry["step"], entry[name]) for entry in history if entry.get(name) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".")
        axes.set(title=title, xlabel="steps")
        axes.grid(alpha=0.3)
    data = BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()
