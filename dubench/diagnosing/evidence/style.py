"""What the panels of a piece of evidence have in common."""

from typing import Any

from dubench.report.figures.plotting import FAINT, GREY, key_colours
from generators.taxonomy import TYPES

TRACK = "#E8E8E8"


def type_colours() -> dict[str, str]:
    """Each type's colour: that of its first key."""
    shades = key_colours()
    first = {name: entry.keys[0].name for name, entry in TYPES.items() if entry.keys}
    return {name: shades[first[name]] if name in first else GREY for name in TYPES}


def title(axes: Any, text: str) -> None:
    """A panel's title, above its left border."""
    axes.set_title(text, loc="left", color=FAINT, pad=4)
