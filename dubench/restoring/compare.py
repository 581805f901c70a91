"""Before and after of photographs as one HTML file, which fetches nothing."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import cv2

from dubench.ddnm.degraded import Image
from dubench.restoring.report import Restoration
from dubench.restoring.terminal import describe
from generators.errors import one_line
from generators.files import write_whole
from generators.sources import photographs

PAGE = "compare.html"
_HANDLES = "Move the handles with the mouse, a finger, or the arrow keys."
_MOST, _QUALITY = 1600, 88  # pixels a side, and JPEG's quality


def write_page(out: Path, restorations: Sequence[Restoration]) -> Path:
    """Write PAGE to `out`: a slider between before and after for each photograph that was
    restored, and a list of those that were left."""
    assets = files("dubench.restoring") / "assets"
    style, script = ((assets / name).read_text("utf-8") for name in ("compare.css", "compare.js"))
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'"
    )
    done = [one for one in restorations if one.restored]
    left = [one for one in restorations if not one.restored]
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Before and after</title>
<style>{style}</style></head>
<body><main>
<h1>Before and after</h1>
<p>{len(done)} of {len(restorations)} photographs restored. {_HANDLES if done else ""}</p>
{"".join(_figure(out, one) for one in done)}
{_list(left)}
</main><script>{script}</script></body></html>
"""
    write_whole(out / PAGE, page)
    return out / PAGE


def _figure(out: Path, one: Restoration) -> str:
    before = photographs.load(Path(one.photograph))[0]
    after = photographs.load(out / one.file)[0]
    height, width = before.shape[:2]
    name = escape(one_line(Path(one.photograph).name))
    doubt = f"<br>Doubt: {escape(one_line(one.doubt))}" if one.doubt else ""
    return f"""<figure><h2>{name}</h2>
<div class="pair" data-width="{width}">
<img src="{_data(before)}" width="{width}" height="{height}" alt="{name} before">
<img class="after" src="{_data(after)}" width="{width}" height="{height}" alt="{name} after">
<span class="line" aria-hidden="true"></span>
<span class="tag">before</span><span class="tag right">after</span>
<input type="range" min="0" max="100" value="50" step="1"
aria-label="How much of {name} is shown before, in percent">
</div><figcaption>{escape(describe(one))}{doubt}</figcaption></figure>
"""


def _list(left: Sequence[Restoration]) -> str:
    if not left:
        return ""
    rows = "".join(
        f"<li><b>{escape(one_line(Path(one.photograph).name))}</b>: "
        f"{escape(one_line(one.doubt or ''))}</li>"
        for one in left
    )
    return f"<h2>Left as they are</h2><ul>{rows}</ul>"


def _data(image: Image) -> str:
    factor = _MOST / max(image.shape[:2])
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)[1]
    return f"data:image/jpeg;base64,{base64.b64encode(coded.tobytes()).decode()}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
