"""How figures look in print: sizes, type, colours that colour-blind readers can tell apart."""

import colorsys
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generators.taxonomy import TYPES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.35, 7.0
"""Widths in inches of a column and of a page of a two-column paper."""

SOFTWARE = "dubench"
"""What a PNG of a figure says that it was written by."""

GREY, FAINT, INK = "#8c8c8c", "#555555", "#222222"

# Okabe and Ito's palette ("Color Universal Design", 2008), without its yellow, which white eats.
_SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
_MARKERS = "osD^vPX"
_SHADES = {
    "haze": ("#0072B2", "#8CC8EA"),
    "low_light": ("#7B3294", "#B587C4", "#E3CDE9"),
    "blur": ("#E69F00",),
    "low_resolution": ("#009E73",),
}
"""Colours of the keys of some types."""

_MORE_HUES = ("#D55E00", "#CC79A7", "#8C564B")
"""Of further types; when they run out, hues are spread by the golden angle."""

_GOLDEN_ANGLE = (3 - 5**0.5) / 2  # of a turn

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "text.parse_math": False,  # a model's name may have dollars
    "pdf.fonttype": 42,  # journals refuse Type 3
    "svg.hashsalt": "dubench",
    "savefig.dpi": 200,
}


@dataclass(frozen=True)
class Drawing:
    """One figure of a report, or why it cannot be drawn.

    Attributes:
        name: of its files.
        title: one line.
        caption: what it shows.
        figure: None where there is nothing to draw it from; `why` says what is missing.
    """

    name: str
    title: str
    caption: str
    figure: "Figure | None"
    why: str = ""


@contextmanager
def print_style() -> Iterator[None]:
    """Matplotlib's settings for everything drawn and saved inside."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


def sheet(width: float, height: float) -> "Figure":
    """An empty figure of `width` × `height` inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def render(figure: "Figure", suffix: str) -> bytes:
    """`figure` as `png` (200 dpi), `pdf` or `svg`: the same bytes every time."""
    buffer = io.BytesIO()
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": SOFTWARE},
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
    }
    with print_style():
        if figure.get_layout_engine() is not None:
            # Laid out for good: doing it again would move things a little from file to file.
            for _ in range(2):
                figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format=suffix, metadata=metadata[suffix], facecolor="white")
    return buffer.getvalue()


def line_style(place: int) -> dict[str, Any]:
    """Colour, marker and dashes of the model at `place`: 21 different ones."""
    turn, colour = divmod(place, len(_SERIES))
    dashes = _DASHES[turn % len(_DASHES)]
    return {"color": _SERIES[colour], "marker": _MARKERS[colour], "linestyle": dashes}


def key_colours() -> dict[str, str]:
    """A colour per key of the taxonomy: one hue per type, one shade per key."""
    colours: dict[str, str] = {}
    for name, entry in TYPES.items():
        shades = _shades(name, len(entry.keys))
        colours |= {key.name: shade for key, shade in zip(entry.keys, shades, strict=True)}
    return colours


def _shades(type_name: str, count: int) -> list[str]:
    own = _SHADES.get(type_name) or (_hue(type_name),)
    more = count - len(own)
    lighter = [_lighter(own[-1], place / (more + 1)) for place in range(1, more + 1)]
    return [*own[:count], *lighter]


def _hue(type_name: str) -> str:
    """The hue of a type without one of its own: by its place among such types."""
    place = [name for name in TYPES if name not in _SHADES].index(type_name)
    if place < len(_MORE_HUES):
        return _MORE_HUES[place]
    turn = (place - len(_MORE_HUES)) * _GOLDEN_ANGLE % 1
    return _hex(*colorsys.hls_to_rgb(turn, 0.4, 0.6))


def _lighter(colour: str, part: float) -> str:
    """`colour` on its way to white: 0 is the colour, 1 would be white."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _hex(*(1 - (1 - level) * (1 - part) for level in (red, green, blue)))


def _hex(*levels: float) -> str:
    return "#" + "".join(f"{round(255 * level):02X}" for level in levels)


def panels(figure: "Figure", count: int, across: int, **options: Any) -> Sequence[Any]:
    """`count` axes in rows of `across`; the rest of the last row stays empty."""
    across = min(across, count)
    axes = figure.subplots(-(-count // across), across, squeeze=False, **options).ravel()
    for spare in axes[count:]:
        spare.set_axis_off()
    return axes[:count]


def legend(figure: "Figure", handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend below everything, in as many columns as its labels leave room for."""
    room = figure.get_figwidth() / (0.45 + 0.065 * max(map(len, labels)))
    columns = max(1, min(len(labels), int(room)))
    figure.set_figheight(figure.get_figheight() + 0.17 * -(-len(labels) // columns))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handlelength=2.2)


def short(label: str, most: int = 30) -> str:
    """A model's name, cut where it would run over its panel."""
    # Matplotlib keeps labels that begin with an underscore out of legends.
    label = f" {label}" if label.startswith("_") else label
    return label if len(label) <= most else f"{label[: most - 1]}…"
