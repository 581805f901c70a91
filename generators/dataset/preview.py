"""See a dataset: a contact sheet of pairs, and a page of parameter histograms."""

import base64
import html
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from generators.dataset.info import DatasetInfo
from generators.dataset.parquet import MAKE_AGAIN, read_columns, reading
from generators.dataset.recipe import Recipe
from generators.dataset.schema import flat_columns, sample_of, severity, types_of
from generators.errors import InputError, plain_errors
from generators.files import whole, write_whole
from generators.physics import Depth
from generators.sample import Sample
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES

PAIRS = 6  # of each type on the sheet
_ACROSS, _THUMB, _GAP, _LABEL, _TITLE = 3, 208, 10, 22, 34
_INK, _FAINT, _PAPER = (30, 30, 30), (110, 110, 110), (255, 255, 255)
_PLAIN = ["type", "severity", "source", "depth_source"]


@dataclass(frozen=True)
class Preview:
    """Where the contact sheet and the page are."""

    sheet: Path
    page: Path


@plain_errors()
def preview(folder: Path) -> Preview:
    """Write contact_sheet.png and preview.html beside the dataset in `folder`.

    Raises:
        InputError: `folder` holds no dataset, none of it is made yet, or a shard cannot be read.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generate`'s example
        >>> from generators import preview
        >>> preview(Path("du110k")).page.name
        'preview.html'
    """
    recipe = DatasetInfo.read(folder).recipe
    files = [p for s in recipe.shards if (p := folder / "data" / s.name).exists()]
    if not files:
        raise InputError(f"{folder} holds no finished shard yet; run dubench generate first")
    sheet = contact_sheet(recipe, _spread(files))
    written = Preview(folder / "contact_sheet.png", folder / "preview.html")
    with whole(written.sheet) as part:
        sheet.save(part, "PNG")
    write_whole(written.page, _page(folder, recipe, files, sheet))
    return written


def contact_sheet(recipe: Recipe, samples: Sequence[Sample]) -> Image.Image:
    """Pairs, clean left and degraded right, by type, each with its parameters below."""
    down = -(-PAIRS // _ACROSS)
    wide = _ACROSS * (2 * _THUMB + _GAP) + _GAP
    high = len(recipe.preset.types) * (_TITLE + down * (_THUMB + _LABEL + _GAP)) + _GAP
    sheet = Image.new("RGB", (wide, high), _PAPER)
    pen = ImageDraw.Draw(sheet)
    y = _GAP
    for name in recipe.preset.types:
        title = f"{name.replace('_', ' ')}: clean, degraded"
        pen.text((_GAP, y), title, _INK, ImageFont.load_default(20))
        y += _TITLE
        chosen = [s for s in samples if s.degradations[0].type == name][:PAIRS]
        for place, sample in enumerate(chosen):
            x = _GAP + place % _ACROSS * (2 * _THUMB + _GAP)
            top = y + place // _ACROSS * (_THUMB + _LABEL + _GAP)
            for i, pixels in enumerate((sample.clean, sample.degraded)):
                thumb = Image.fromarray(pixels).resize((_THUMB, _THUMB), Image.Resampling.LANCZOS)
                sheet.paste(thumb, (x + i * _THUMB, top))
            if sample.depth is not None:
                _inset(sheet, sample.depth, (x, top))
            font = ImageFont.load_default(12)
            pen.text((x, top + _THUMB + 4), _caption(sample), _FAINT, font)
        y += down * (_THUMB + _LABEL + _GAP)
    return sheet


def _inset(sheet: Image.Image, depth: Depth, corner: tuple[int, int]) -> None:
    """The depth map, near dark and far bright, small in the clean image's corner."""
    side = _THUMB // 3
    grey = Image.fromarray((depth >> 8).astype(np.uint8)).resize((side, side))
    sheet.paste(grey, (corner[0], corner[1] + _THUMB - side))


def _caption(sample: Sample) -> str:
    parts = [
        f"{name.replace('_', ' ')} {value:.3g}"
        for name, value in sample.parameters.items()
        if isinstance(value, float)
    ]
    if quality := sample.postprocess.get("jpeg_quality"):
        parts.append(f"JPEG {quality:.0f}")
    if noise := sample.postprocess.get("capture_noise"):
        parts.append(f"noise {noise:.1f}")
    if percent := sample.postprocess.get("sharpening"):
        parts.append(f"sharpened {percent:.0f} %")
    return " · ".join([*parts, severity(sample.degradations) or "undegraded"])


def _spread(files: Sequence[Path]) -> list[Sample]:
    """Samples from all over the dataset, at least PAIRS of each type where there are as many."""
    groups: list[tuple[Path, int]] = []
    for file in files:
        with reading(file, MAKE_AGAIN):
            groups += [(file, i) for i in range(pq.read_metadata(file).num_row_groups)]
    step = max(1, len(groups) // PAIRS)
    most = max(1, -(-PAIRS // len(groups[::step])))
    samples: list[Sample] = []
    for file, i in groups[::step][: 2 * PAIRS]:
        seen: Counter[tuple[str, ...]] = Counter()
        with reading(file, MAKE_AGAIN):
            for row in pq.ParquetFile(file).read_row_group(i).to_pylist():
                types = types_of(row)
                seen[types] += 1
                if seen[types] <= most:
                    samples.append(sample_of(row, file.name)[0])
    return samples


def _page(folder: Path, recipe: Recipe, files: Sequence[Path], sheet: Image.Image) -> str:
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=88)
    picture = base64.b64encode(buffer.getvalue()).decode()
    there = pq.read_schema(files[0]).names  # a dataset older than a type lacks its columns
    columns = [name for name in (*_PLAIN, *flat_columns()) if name in there]
    tables = []
    for file in files:
        with reading(file, MAKE_AGAIN):
            tables.append(read_columns(file, columns))
    values = {c: [v for t in tables for v in t[c].to_pylist()] for c in columns}
    title = html.escape(f"{recipe.preset.name} in {folder.name}")
    splits = ", ".join(f"{recipe.splits[s]:,} {s}" for s in SPLITS if recipe.splits[s])
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem;
        color: #1e1e1e; }}
 table {{ border-collapse: collapse }} td, th {{ padding: .2rem .9rem; text-align: right }}
 td:nth-child(-n+2), th:nth-child(-n+2) {{ text-align: left }}
 tr + tr {{ border-top: 1px solid #ddd }}
 .wide {{ overflow-x: auto; margin-bottom: 1.5rem }}
 img, svg {{ max-width: 100%; height: auto }}
</style>
<h1>{title}</h1>
<p>{recipe.n:,} pairs of {recipe.size}×{recipe.size} pixels ({splits}), seed {recipe.seed}.
Made so far: {len(values["type"]):,}.</p>
<h2>Pairs</h2>
<p>Depth, where a degradation uses it, is inset: near dark, far bright.</p>
<img alt="Contact sheet of clean and degraded pairs" src="data:image/jpeg;base64,{picture}">
<h2>Parameters</h2>
{_table(values)}
{_histograms(values)}
<h2>Composition</h2>
{"".join(_proportions(values, name) for name in _PLAIN)}
</html>
"""


def _numbers(values: dict[str, list[Any]]) -> Iterator[tuple[str, np.ndarray, str]]:
    for name, key in flat_columns().items():
        present = [v for v in values.get(name, []) if v is not None]
        if present:
            yield name, np.asarray(present, np.float64), key.unit if key else "derived"


def _table(values: dict[str, list[Any]]) -> str:
    rows = "".join(
        f"<tr><td>{name}<td>{unit}<td>{len(v):,}<td>{v.mean():.4g}<td>{v.std():.3g}"
        f"<td>{v.min():.4g}<td>{v.max():.4g}</tr>"
        for name, v, unit in _numbers(values)
    )
    head = "<tr><th>key<th>unit<th>n<th>mean<th>sd<th>least<th>most</tr>"
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _histograms(values: dict[str, list[Any]]) -> str:
    from matplotlib.figure import Figure

    drawn = list(_numbers(values))
    if not drawn:  # undegraded images alone
        return ""
    across = 3
    down = -(-len(drawn) // across)
    figure = Figure(figsize=(12, 2.6 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel, (name, v, unit) in zip(panels, drawn, strict=False):
        panel.hist(v.ravel(), bins=40, color="#33628f")
        panel.set_title(name, fontsize=11)
        panel.set_xlabel(unit, fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[len(drawn) :]:
        panel.set_axis_off()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue().partition("<svg")[1] + buffer.getvalue().partition("<svg")[2]


def _proportions(values: dict[str, list[Any]], name: str) -> str:
    present = [list(TYPES)[v] if name == "type" else v for v in values[name] if v is not None]
    counts = sorted(((present.count(v), v) for v in set(present)), reverse=True)
    text = ", ".join(f"{html.escape(str(v))} {c:,}" for c, v in counts)
    return f"<p><b>{name.replace('_', ' ')}</b>: {text}</p>"
