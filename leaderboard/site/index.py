"""The first page: the ranking, sortable by every score, with what is sure about it."""

from dubench.report.formats import Column
from leaderboard.intake.references import ANCHOR, FLOOR
from leaderboard.ranking.standings import DEFAULT, Standing, Standings
from leaderboard.site import charts
from leaderboard.site.pieces import badges, epoch_words, size, text
from leaderboard.stored.board import Board

_SHOWN = 15
"""Rows of the figure."""

_SIZES = {
    "up to 1 B": "0-1000000001",
    "1 to 10 B": "1000000001-10000000001",
    "more than 10 B": "10000000001-1e18",
}


def index(board: Board, standings: Standings) -> str:
    """What stands between header and footer."""
    epoch = standings.epoch
    return f"""<h1>{text(board.title)}</h1>
<p class="lead">Which degradation did a photograph suffer, and by which parameters? Models are
ranked on {epoch.n:,} samples of {standings.clusters:,} photographs. Every rank is printed with the
ranks that are possible: most neighbours are not separable.</p>
<ul class="facts"><li><b>{len(standings.rows)}</b> models</li><li><b>{epoch.n:,}</b> samples</li>
<li><b>{standings.clusters:,}</b> photographs</li><li>{text(epoch_words(epoch))}</li>
<li>{text(epoch.dataset)}, {text(epoch.split)}, <code>{text(epoch.content_id[:12])}</code></li>
<li>scored by <b>dubench {text(epoch.scorer)}</b></li></ul>
{figure(standings)}
<h2>Ranking</h2>
<div class="controls">
<label>Find<input type="search" id="find" placeholder="model or organisation"></label>
<label>Parameters<select id="size"><option value="">any</option>{_options()}</select></label>
<label class="check"><input type="checkbox" id="open"> open weights</label>
<label class="check"><input type="checkbox" id="verified"> scores checked by the host</label>
<span class="soft" id="shown" role="status"></span>
</div>
<p class="soft">Ranks are by <b id="by">{text(_title(standings, DEFAULT))}</b>; a click on another
score ranks by that. Small under a score: its 95 % interval over photographs. Small under a rank:
the places that are possible, all at once with 95 % confidence.</p>
<div class="scroll wide" tabindex="0" role="region"
aria-label="Ranking">{ranking_table(standings)}</div>
<p class="soft">Files: <a href="board.csv" download>CSV</a> ·
<a href="board.json" download>JSON</a> · <a href="board.tex" download>LaTeX</a></p>
"""


def _options() -> str:
    return "".join(f'<option value="{span}">{name}</option>' for name, span in _SIZES.items())


def _title(standings: Standings, name: str) -> str:
    return next(column.title for column in standings.columns if column.name == name)


def figure(standings: Standings) -> str:
    """The default score of the first rows and of the board's own, with intervals."""
    column = next(c for c in standings.columns if c.name == DEFAULT)
    there = [row for row in standings.rows if DEFAULT in row.values]
    # The floor lies so far off that nothing else could be told apart beside it.
    floor = next((row for row in there if row.name == FLOOR), None)
    rows = [row for place, row in enumerate(there) if place < _SHOWN or row.name == ANCHOR]
    rows = [row for row in rows if row is not floor] or there
    dots = [
        charts.Dot(
            row.name,
            row.values[DEFAULT],
            row.intervals.get(DEFAULT),
            "best"
            if _is_top(row)
            else "ours"
            if row.entry.submission.status != "reference"
            else "",
            column.text(row.values[DEFAULT]),
        )
        for row in rows
    ]
    off = f" Off the scale: {FLOOR}, {column.text(floor.values[DEFAULT])}." if floor else ""
    title = f"{column.title}, mean over the keys, of the first {len(dots)} models"
    return f"""<figure class="panel" tabindex="0" role="region" aria-label="{text(title)}">
{charts.forest(dots, title, lambda number: f"{number:.4g}", 860)}
<figcaption>{text(column.title)}, mean over the keys; lower is better. Lines: 95 % intervals.
Green: not
separable from the best. Grey: the board's own rows.{off}</figcaption></figure>"""


def _is_top(row: Standing) -> bool:
    rank = row.ranks.get(DEFAULT)
    return rank is not None and rank.best == 1


def ranking_table(standings: Standings, root: str = "") -> str:
    """The models with their scores and ranks; board.js sorts it.

    Args:
        root: way to the site's folder, such as `site/`.
    """
    heads = "".join(_head(column) for column in standings.columns)
    several = sum(map(_is_top, standings.rows)) > 1
    rows = "".join(_row(row, standings, root) for row in standings.rows)
    return f"""<table id="board"{" class=several" * several}><thead><tr><td class="left">rank</td>
<th scope="col" class="left" aria-sort="none" data-words data-first="ascending"><button
type="button">model</button></th>{heads}
<th scope="col">− statistics</th>
<th scope="col" aria-sort="none" data-first="ascending"><button
type="button">parameters</button></th>
<th scope="col" aria-sort="none" data-words data-first="descending"><button
type="button">date</button></th>
</tr></thead><tbody>{rows}</tbody></table>"""


def _head(column: Column) -> str:
    first = "descending" if column.better == "higher" else "ascending"
    now = first if column.name == DEFAULT else "none"
    percent = " %" if column.percent else ""
    return (
        f'<th scope="col" aria-sort="{now}" data-first="{first}" data-title="{text(column.title)}">'
        f'<button type="button">{text(column.title)}{percent}</button></th>'
    )


def _row(row: Standing, standings: Standings, root: str) -> str:
    card = row.entry.card
    top = " class=top" if _is_top(row) else ""
    find = text(f"{row.name} {card.organisation}".lower())
    verified = int(row.entry.submission.status != "self-reported")
    count = row.entry.card.parameters
    runs = f"<small>mean of {len(row.runs)} runs</small>" if len(row.runs) > 1 else ""
    cells = "".join(_cell(row, column) for column in standings.columns)
    return (
        f'<tr{top} data-find="{find}" data-size="{"" if count is None else count}" '
        f'data-open="{int(card.open_weights)}" data-verified="{verified}">'
        f"{_rank(row)}"
        f'<th scope="row" data-v="{text(row.name.lower())}"><a '
        f'href="{root}models/{text(row.entry.submission.id)}'
        f'.html">{text(row.name)}</a><small>{text(card.organisation)}</small>{runs}'
        f"{badges(row.entry, top=_is_top(row))}</th>{cells}"
        f'<td class="gap">{_gap(row, standings)}</td>'
        f'<td data-v="{"" if count is None else count}">{size(count)}</td>'
        f'<td data-v="{card.date}">{card.date}</td></tr>\n'
    )


def _rank(row: Standing) -> str:
    rank = row.ranks.get(DEFAULT)
    if rank is None:
        return '<td class="rank"><b>–</b><small>no interval</small></td>'
    span = "certain" if rank.best == rank.worst else f"{rank.best} to {rank.worst}"
    return f'<td class="rank"><b>{rank.place}</b><small>{span}</small></td>'


def _cell(row: Standing, column: Column) -> str:
    value = row.values.get(column.name)
    if value is None:
        return '<td data-v="">–</td>'
    rank = row.ranks.get(column.name)
    ranks = f' data-r="{rank.place},{rank.best},{rank.worst}"' if rank else ""
    gap = _difference(row, column)
    ranks += f' data-d="{"|".join(gap)}"' if gap else ""
    span = column.span(row.intervals.get(column.name)).replace("-", "−")
    small = f"<small>{span}</small>" if span else ""
    return f'<td data-v="{value:.6g}"{ranks}>{column.text(value).replace("-", "−")}{small}</td>'


def _gap(row: Standing, standings: Standings) -> str:
    """What the column of differences shows as long as nobody sorts."""
    column = next(c for c in standings.columns if c.name == DEFAULT)
    value, span = _difference(row, column) or ("–", "")
    return f"{value}<small>{span}</small>"


def _difference(row: Standing, column: Column) -> tuple[str, str] | None:
    """The paired difference to the anchor and its interval, as text."""
    against = row.against.get(column.name)
    if against is None:
        return None
    factor = 100 if column.percent else 1
    digits = max(column.digits, 3) if not column.percent else column.digits
    value, *span = (f"{factor * number:+.{digits}f}".replace("-", "−") for number in against)
    return value, f"[{', '.join(span)}]"
