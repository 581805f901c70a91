"""The page of a report: one HTML file that fetches nothing and runs nothing."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape

from dubench.report import paper
from dubench.report.figures.plotting import Drawing
from dubench.report.formats import Row, Table
from dubench.report.tables import Scores
from dubench.scoring.result import ScoreResult
from generators.errors import one_line
from generators.taxonomy import KEYS, Value

MARK = '<meta name="generator" content="dubench report">'
"""In every page, and how an earlier report is known from somebody's folder."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1e1e1e; --faint: #666; --line: #ddd; --paper: #fff;
  --shade: #f6f6f4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e2; --faint: #a0a09c; --line: #3a3a38;
  --paper: #181817; --shade: #232322; } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }
h1 { line-height: 1.2 } h2 { margin-top: 3rem } h3 { margin: 2rem 0 .3rem }
p { max-width: 48rem; margin: .5rem 0 } .faint, small, caption { color: var(--faint) }
small { font-size: .8em; display: block; white-space: nowrap }
code { overflow-wrap: anywhere; font-size: .85em }
.scroll { overflow-x: auto; margin: .5rem 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .7rem; text-align: right; vertical-align: top; font-weight: normal }
thead > tr > * { border-bottom: 1.5px solid var(--ink); vertical-align: bottom }
tbody th { text-align: left; position: sticky; left: 0; background: var(--paper);
  min-width: 8rem; max-width: 18rem; overflow-wrap: break-word }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--line); padding-top: .5rem }
tbody.paper, tbody.paper th { color: var(--faint) } tbody.paper .note { font-style: italic }
b { font-weight: 700 }
figure { margin: 1rem 0 2rem } figcaption { color: var(--faint); max-width: 48rem }
figure .scroll { background: #fff; border-radius: 6px; padding: .6rem; max-width: 100%;
  border: 1px solid var(--line); width: fit-content }
img { display: block; max-width: 100%; height: auto } img.wide { min-width: 40rem }
details { border-top: 1px solid var(--line); padding: .4rem 0 } summary { cursor: pointer }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0 }
dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
@media (max-width: 40rem) { th, td { padding: .25rem .4rem } dl { grid-template-columns: 1fr }
  tbody th { min-width: 6rem; max-width: 8rem } }
"""

_WIDE = 4.0
"""Inches: figures wider than this scroll on a phone, where they would be too small to read."""

_FOLDED = (
    "table1_p_rel_capped",
    "table1_p_rel_type_correct",
    "table1_skill_type_correct",
    "certainty_range_width",
    "certainty_interval_score",
    "certainty_ranges_stated",
    "by_type_t_acc",
    "by_type_f1",
    "by_type_j_acc",
)


def page(
    scores: Scores,
    tables: Sequence[Table],
    drawings: Sequence[Drawing],
    pictures: Mapping[str, bytes],
) -> str:
    """The whole report.

    Args:
        scores: by the names of their rows.
        tables: in their order on the page.
        drawings: figures, and those that cannot be drawn.
        pictures: name of a drawn figure → its SVG.
    """
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    first = next(iter(scores.values()))
    title = f"Scores on {_text(first.dataset.name)}, {_text(first.dataset.split)}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
{MARK}
<title>{title}</title>
<style>{_STYLE}</style></head>
<body><main>
<h1>{title}</h1>
<p>{first.n:,} samples of {first.clusters:,} photographs; {len(scores)} scores, all on
the same data (content_id <code>{_text(first.content_id)[:16]}</code>). Bold: the best of a
column and all whose interval reaches it, of those that answered every image; nothing where all do.
Files: tables/ (Markdown, LaTeX, CSV) and figures/ (PDF, PNG).</p>
<p>Rows {_text(paper.note())} (arXiv {paper.ARXIV}) are grey: they were measured on other images
and do not compete.</p>
<h2>Tables</h2>
<p>T-Acc: the type is right. J-Acc: the type and exactly its keys are right. P-Abs and P-Rel: mean
absolute and relative error of the values, of which those under a wrong type or wrong keys count as
zero. Skill: 1 − P-Rel / P-Rel of a constant answer that knows the type; below 0 is worse than
that.</p>
{_certainty(scores)}{"".join(map(table_html, tables))}
<h2>Figures</h2>
{"".join(_figure(drawing, pictures) for drawing in drawings if drawing.figure)}
{_left_out(drawings)}
<h2>Where the numbers come from</h2>
{"".join(_origin(name, score) for name, score in scores.items())}
</main></body></html>
"""


def _certainty(scores: Scores) -> str:
    """What the scores of certainty are, where a model states any."""
    if not any(score.certainty for score in scores.values()):
        return ""
    return """<p>Certainty, where a model states it. Brier score: squared distance of the types'
probabilities from the truth, 0 to 2. Calibration error: how far the stated probability of an answer
and the share of right ones lie apart. A stated range is to hold 90 % of the values; the interval
score is its width and a penalty for what it misses, and interval skill is 1 − interval score / that
of a constant range. Silence counts as all types alike, or as a key's whole range.</p>
"""


def table_html(table: Table) -> str:
    """A table as HTML; everything in it is escaped."""
    # The arrow stays with the last word, and T-Acc is one word.
    heads_text = (_text(column.head).replace("-", "\u2011") for column in table.columns)
    names = [re.sub(" (?=[%↑↓])", "\u00a0", head) for head in heads_text]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    bodies = "".join(_body(table, block) for block in ("score", "constant", "paper"))
    title = _text(table.title)
    remarks = " ".join(map(_text, table.remarks))
    body = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>'
        f"<thead><tr><td></td>{heads}</tr></thead>{bodies}</table></div>"
        f'<p class="faint">{remarks}</p>\n'
    )
    if table.name in _FOLDED:
        return f"<details><summary>{title}</summary>{body}</details>\n"
    return f"<h3>{title}</h3>\n{body}"


def _body(table: Table, block: str) -> str:
    rows = [(at, row) for at, row in enumerate(table.rows) if row.block == block]
    if not rows:
        return ""
    note = ""
    if block == "paper":
        width = len(table.columns) + 1
        note = f'<tr><th colspan="{width}" class="note">{_text(paper.note())}</th></tr>'
    return f'<tbody class="{block}">{note}{"".join(_row(table, *at) for at in rows)}</tbody>'


def _row(table: Table, at: int, row: Row) -> str:
    cells = []
    for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
        text = _text(table.text(at, place).replace("-", "−"))
        bold = f"<b>{text}</b>" if (at, place) in table.best else text
        span = column.span(cell.interval).replace("-", "−")
        cells.append(f"<td>{bold}{f'<small>{span}</small>' if span else ''}</td>")
    return f'<tr><th scope="row">{_text(row.name)}</th>{"".join(cells)}</tr>'


def _figure(drawing: Drawing, pictures: Mapping[str, bytes]) -> str:
    assert drawing.figure is not None
    wide, high = (round(inches * 130) for inches in drawing.figure.get_size_inches())
    css_class = ' class="wide"' if wide > _WIDE * 130 else ""
    picture = base64.b64encode(pictures[drawing.name]).decode()
    title = _text(drawing.title)
    return f"""<figure><h3>{title}</h3><div class="scroll" tabindex="0" role="region"
aria-label="{title}"><img{css_class} width="{wide}" height="{high}" alt="{title}"
src="data:image/svg+xml;base64,{picture}"></div><figcaption>{_text(drawing.caption)}</figcaption>
</figure>
"""


def _left_out(drawings: Sequence[Drawing]) -> str:
    missing = [drawing for drawing in drawings if not drawing.figure]
    if not missing:
        return ""
    rows = "".join(f"<li>{_text(d.title)}: {_text(d.why)}.</li>" for d in missing)
    return f"<h3>Left out</h3><ul>{rows}</ul>"


def _origin(name: str, score: ScoreResult) -> str:
    constant = score.understanding.oracle_constant
    rows = {
        "model": score.model,
        "signature": score.signature,
        "recipe_id": score.recipe_id,
        "content_id": score.content_id,
        "predictions' SHA-256": score.predictions_sha256,
        f"constant, from {constant.source}": _constants(constant.values),
        "versions": ", ".join(f"{lib} {version}" for lib, version in score.versions.items()),
        "notes": " ".join(f"{note}." for note in score.notes) or "none",
    }
    terms = "".join(
        f"<dt>{_text(term)}</dt><dd><code>{_text(value)}</code></dd>"
        for term, value in rows.items()
    )
    return f"<h3>{_text(name)}</h3><dl>{terms}</dl>\n"


def _constants(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{key} {_numbers(values[key])}" for key in KEYS if key in values)


def _numbers(value: Value) -> str:
    entries = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{entry:.4g}" for entry in entries)


def _text(value: object) -> str:
    return "unknown" if value is None else escape(one_line(str(value)))
