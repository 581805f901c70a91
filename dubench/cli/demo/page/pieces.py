"""What every chapter of the demo's page is made of."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.cli.demo.journal import Journal, Ran
from generators import decoding
from generators.taxonomy import TYPES

Image = NDArray[np.uint8]
_QUALITY = 86


@dataclass(frozen=True)
class Chapter:
    """A part of the page: `anchor` and `nav` lead to it; `body` is HTML below its title."""

    anchor: str
    nav: str
    title: str
    body: str


@dataclass(frozen=True)
class Demo:
    """What the page tells of: the folder, and what ran in it."""

    out: Path
    journal: Journal

    def ran(self, step: str) -> tuple[Ran, ...]:
        """The commands of a step."""
        return self.journal.steps[step]

    def image(self, name: str) -> Image:
        """A picture in the folder, (H, W, 3) uint8 RGB."""
        return decoding.decode((self.out / name).read_bytes())


def picture(image: Image, alt: str, most: int = 512, css_class: str = "") -> str:
    """An image as JPEG within the page, at most `most` pixels wide."""
    factor = most / image.shape[1]
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = image.shape[:2]
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    data = base64.b64encode(coded.tobytes()).decode()
    kind = f' class="{css_class}"' if css_class else ""
    return (
        f'<img{kind} src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" '
        f'alt="{escape(alt)}">'
    )


def figure(pictures: str, caption: str) -> str:
    """Pictures with a caption; both are HTML."""
    return f"<figure>{pictures}<figcaption>{caption}</figcaption></figure>"


def pair(left: Image, right: Image, caption: str) -> str:
    """Two images side by side; the caption is HTML."""
    both = f"{picture(left, 'before')}{picture(right, 'after')}"
    return figure(f'<div class="pair">{both}</div>', caption)


def listed(items: Iterable[str], css_class: str = "pictures") -> str:
    """Figures in a grid."""
    return f'<ul class="{css_class}">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def terminal(*commands: Ran, output: bool = True) -> str:
    """Commands as they are typed, and what they printed."""
    parts = []
    for ran in commands:
        printed = f"\n{escape(ran.output.rstrip())}" if output and ran.output.strip() else ""
        prompt = "$ " if ran.line.startswith("dubench ") else "# "
        parts.append(f"<b>{prompt}{escape(ran.line)}</b>{printed}")
    text = "\n".join(parts)
    return f'<pre class="term" tabindex="0" role="region" aria-label="Commands">{text}</pre>'


def tiles(entries: Sequence[tuple[str, str, str]]) -> str:
    """Figures at a glance: (name, value, note) each."""
    boxes = "".join(
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b>'
        f"<span>{escape(note)}</span></div>"
        for name, value, note in entries
    )
    return f'<div class="tiles">{boxes}</div>'


def own(when: str, *commands: str) -> str:
    """The commands that do it on photographs of one's own."""
    lines = "<br>".join(f"<code>{escape(command)}</code>" for command in commands)
    return f'<p class="own">{escape(when)}:<br>{lines}</p>'


def scalar_keys(type_name: str) -> list[str]:
    """The keys of a type that are one number per picture."""
    return [key.name for key in TYPES[type_name].keys if key.kind != "vector"]
