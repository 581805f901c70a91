"""How scores change while a model trains, as a picture."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any


def draw(history: Sequence[dict[str, Any]]) -> bytes:
    """A PNG of mean P-Rel, share of wrong types, and false alarms over the pictures seen."""
    from matplotlib.figure import Figure

    figure = Figure((9, 3), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    seen = [entry["images"] for entry in history]
    for preset in history[0]["scores"]:
        scores = [entry["scores"][preset] for entry in history]
        left.plot(seen, [score["p_rel"]["avg"] for score in scores], label=preset)
        right.plot(seen, [100 * (1 - score["t_acc"]) for score in scores], label=preset)
        if scores[0]["false_alarms"] is not None:
            alarms = [100 * score["false_alarms"] for score in scores]
            right.plot(seen, alarms, "--", label=f"{preset}, false alarms")
    joined = [entry["images"] for entry in history if entry["photograph"]]
    for axes, title in ((left, "mean P-Rel"), (right, "wrong types, %")):
        axes.set(title=title, xlabel="images seen", ylim=(0, None))
        axes.grid(alpha=0.3)
        if joined and joined[0] != seen[0]:
            axes.axvline(joined[0], color="0.6", lw=0.8)
        axes.legend(frameon=False, fontsize=8)
    data = BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()
