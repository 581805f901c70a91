"""The pages of tables: understanding, types, certainty, restoration, and what the board is."""

from collections.abc import Sequence

from dubench.report import paper
from dubench.report.columns import metric_name
from dubench.report.formats import Table
from dubench.report.page import table_html
from dubench.report.tables import Scores, types_of
from dubench.scoring.restored.metrics import METRICS
from dubench.text import words
from leaderboard.intake.references import FLOOR
from leaderboard.ranking.standings import Standings
from leaderboard.site import charts
from leaderboard.site.pieces import epoch_words, text
from leaderboard.stored.board import Board, Epoch

_DOTS = 20
"""Models of a figure; more hide each other."""

_INTRODUCTIONS = {
    "understanding.html": (
        "Understanding",
        "The layout of the paper's Table 1. T-Acc: the type is right. J-Acc: the type and exactly "
        "its keys are right. P-Abs and P-Rel: mean absolute and relative error of the values; "
        "under a wrong type or wrong keys the answer counts as zero. Skill: 1 − P-Rel / P-Rel of a "
        "constant that knows the type.",
    ),
    "types.html": (
        "By type",
        "How well each type of degradation is recognised, with 95 % intervals.",
    ),
    "certainty.html": (
        "Certainty",
        "Where a model states how sure it is. Silence counts as all types alike, or as a key's "
        "whole range.",
    ),
    "restoration.html": (
        "Restoration",
        "Of restored images that came with a submission: against the clean image (the paper's "
        "Table 2), and without reference (its Table 3).",
    ),
}


def page_of(table: Table) -> str:
    """The page that a table of a report stands on."""
    if table.name.startswith(("table2", "table3", "table4")):
        return "restoration.html"
    if table.name.startswith("certainty"):
        return "certainty.html"
    return "types.html" if table.name.startswith("by_type") else "understanding.html"


def subject(page: str, tables: Sequence[Table], standings: Standings, scores: Scores) -> str:
    """A page of tables, what stands between header and footer."""
    title, lead = _INTRODUCTIONS[page]
    figures = ""
    if page == "types.html":
        dots = "".join(_dots(standings, name) for name in types_of(scores))
        figures = f'<h2>Figures</h2><div class="grid2">{dots}</div>'
    links = " · ".join(
        f'{text(t.title)}: <a href="tables/{t.name}.csv" download>CSV</a> '
        f'<a href="tables/{t.name}.tex" download>LaTeX</a> '
        f'<a href="tables/{t.name}.md" download>Markdown</a>'
        for t in tables
    )
    grey = (
        f'<p class="soft">Rows {text(paper.note())} (arXiv {paper.ARXIV}) stand apart: they were '
        "measured on other images and do not compete.</p>"
        if any(row.block == "paper" for table in tables for row in table.rows)
        else ""
    )
    return f"""<h1>{title}</h1><p class="lead">{lead}</p>{grey}
{figures}<h2>Tables</h2>{"".join(map(table_html, tables))}<h2>Files</h2><p
class="soft">{links}</p>"""


def _dots(standings: Standings, type_name: str) -> str:
    """F1 of one type, a row per model."""
    name = f"by_type.{type_name}.f1"
    dots = []
    for row in [row for row in standings.rows if row.name != FLOOR][:_DOTS]:
        value = row.entry.result.scores.get(name)
        if value is not None:
            span = row.entry.result.intervals.get(name)
            ends = (100 * span[0], 100 * span[1]) if span else None
            dots.append(charts.Dot(row.name, 100 * value, ends, "ours", f"{100 * value:.1f}"))
    if not dots:
        return ""
    title = f"F1 of {words(type_name)}, %"
    return f"""<figure class="panel" tabindex="0" role="region"
aria-label="{title}"><h3>{title}</h3>
{charts.forest(dots, title, lambda number: f"{number:g}")}</figure>"""


def about(
    board: Board, standings: Standings, epochs: Sequence[tuple[Epoch, str]], signature: str
) -> str:
    """What the ranks mean, how to submit, epochs, and what was superseded.

    Args:
        epochs: the others, and the way to their pages.
    """
    epoch = standings.epoch
    others = "".join(
        f'<li><a href="{link}">{text(epoch_words(one))}</a>, {one.n:,} samples</li>'
        for one, link in epochs
    )
    old = "".join(
        f'<li><a href="models/{text(e.submission.id)}.html">{text(e.card.title)}</a>, '
        f"{text(e.submission.added[:10])}</li>"
        for e in standings.superseded
    )
    blind = (
        "The answers are with the host alone, so nobody can look them up; when the next epoch "
        "opens, "
        "another test is drawn from a new secret seed and this one is published."
        if epoch.blind
        else "The test is open: whoever reads its recipe can look answers up."
    )
    return f"""<h1>About this board</h1>
<p class="lead">{text(board.title)}, {text(epoch_words(epoch))}.</p>
<h2>How sure a rank is</h2>
<p>All models answer the same {epoch.n:,} samples. Photographs, not samples, are weighed at
random, for
crops of one photograph are not independent; all models alike, so that their differences are
paired. The
largest studentised deviation over all pairs of models gives one limit for all differences at
once: with
95 % confidence every difference that exceeds it is real. A model's best possible rank is 1 + the
number
of models certainly better, its worst the number of models − those certainly worse. The intervals
speak of
other photographs of the same kind, not of other training runs: where a model has several runs,
the ranking
has their mean and its page their spread.</p>
<h2>How scores are checked</h2>
<p>Submissions are predictions. The host scores them again with one version of the scorer on data
that one
hash pins: <code>{text(epoch.content_id)}</code>. {blind} <code>dubench leaderboard check</code>
computes
all of it once more. Two submissions whose answers lie closer together than a tenth of their
errors on
nine samples of ten are marked. Nothing is taken away: a superseded submission stays below.</p>
<p>Signature: <code>{text(signature)}</code></p>
<h2>How to submit</h2>
<pre tabindex="0">dubench predict --model MODEL --dataset DATA --out preds.jsonl
dubench leaderboard add preds.jsonl --card card.yaml --board BOARD --dry-run</pre>
<p>The second says what is missing. Send preds.jsonl and card.yaml to the
host.{_limit(board, epoch)}</p>
{f"<h2>Other epochs</h2><ul>{others}</ul>" if others else ""}
{f"<h2>Superseded submissions</h2><ul>{old}</ul>" if old else ""}
<h2>Metrics of restored images</h2><p>{", ".join(metric_name(name) for name in METRICS)}; this epoch
measures {text(epoch.metrics)}.</p>"""


def _limit(board: Board, epoch: Epoch) -> str:
    if not epoch.blind:
        return ""
    return f" A contact may send {board.blind_limit} to one blind epoch; the count is shown."
