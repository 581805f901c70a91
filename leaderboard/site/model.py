"""A page per submission: its card, where it errs, how sure it is, and samples to look at."""

from collections.abc import Mapping, Sequence

import numpy as np

from dubench.dataset import TYPE_NAMES
from dubench.report.columns import parameter_column, share_column
from dubench.report.figures.plotting import key_colours
from dubench.scoring import certainty
from dubench.scoring.result import AVERAGE, ScoreResult
from dubench.scoring.sample_scores import OTHER, SampleScores
from dubench.text import words
from leaderboard.ranking.standings import DEFAULT, Standing, Standings
from leaderboard.site import charts, samples
from leaderboard.site.pieces import STATUS, badges, size, text
from leaderboard.stored import submission
from leaderboard.stored.board import Board
from leaderboard.stored.submission import Entry

_SEVERITIES = ("slight", "moderate", "severe")
_OTHER_COLOUR = "#8c8c8c"
_PER_KEY = ("p_abs", "p_rel", "p_rel_capped", "skill")


def model_page(
    board: Board,
    standings: Standings,
    standing: Standing | None,
    entry: Entry,
    rows: SampleScores,
    chosen: Sequence[samples.Sample],
    pictures: Mapping[str, str],
    downloads: Sequence[str],
    sent: int,
) -> str:
    """What stands between header and footer.

    Args:
        standing: the model's; None for a superseded submission.
        chosen: samples to show; none where they would tell answers.
        pictures: id → address of its thumbnail.
        downloads: names of the files that may be had.
        sent: how many submissions the contact has sent to this epoch.
    """
    card, result = entry.card, entry.result
    return f"""<p class="soft"><a href="../index.html">Ranking</a></p>
<h1>{text(card.title)}</h1><p class="lead">{text(card.organisation)}</p>
<p>{badges(entry)}</p>{_warnings(standings, standing, entry)}
{_tiles(standing, result, len(standings.rows))}
{_per_key(result)}
<h2>Where it errs</h2><div class="two"><div class="panel fit" tabindex="0" role="region"
aria-label="Confusion matrix"><h3>Answers by true type</h3>{_confusion(result)}</div>
<div class="panel fit" tabindex="0" role="region" aria-label="Predicted keys"><h3>Answered keys by
true
type</h3>{_keys(result)}</div></div>
<h3>Error by type and severity</h3><p class="soft">Mean relative error of a sample's keys, each at
most
1; a wrong type or wrong keys cost 1.</p>{_severity(rows)}
{_reliability(rows, result)}{_samples(rows, chosen, pictures)}
<h2>Card</h2>{_card(board, standings, entry, sent)}{_runs(standing)}{_files(entry, downloads)}
"""


def _warnings(standings: Standings, standing: Standing | None, entry: Entry) -> str:
    lines = []
    if standing is None:
        newer = next(
            (e for e in [*(r for s in standings.rows for r in s.runs), *standings.superseded]
             if e.submission.supersedes == entry.submission.id), None,
        )  # fmt: skip
        link = f': <a href="{text(newer.submission.id)}.html">the newer one</a>' if newer else ""
        lines.append(f"Superseded{link}.")
    if standing and standing.twins:
        names = ", ".join(map(text, standing.twins))
        lines.append(f"Its predictions are nearly identical to those of {names}.")
    lines += [f"{text(note)}." for note in entry.submission.notes]
    return "".join(f'<p class="worse">{line}</p>' for line in lines)


def _tiles(standing: Standing | None, result: ScoreResult, models: int) -> str:
    tiles = []
    rank = standing.ranks.get(DEFAULT) if standing else None
    if rank:
        span = f"{rank.best}" if rank.best == rank.worst else f"{rank.best} to {rank.worst}"
        tiles.append((f"{rank.place} of {models}", f"rank by P-Rel; possible: {span}"))
    for column in (
        parameter_column("p_rel", AVERAGE, "P-Rel"),
        share_column("j_acc", "J-Acc"),
        share_column("t_acc", "T-Acc"),
    ):
        value = result.scores.get(column.name)
        unit = " %" if column.percent and value is not None else ""
        span = column.span(result.intervals.get(column.name))
        tiles.append((f"{column.text(value)}{unit}", f"{column.title} {span}"))
    against = standing.against.get(DEFAULT) if standing else None
    if against:
        gap, low, high = against
        tiles.append((f"{gap:+.3f}", f"P-Rel against statistics [{low:+.3f}, {high:+.3f}]"))
    cells = "".join(
        f"<div "
        f'class="tile"><b>{text(value).replace("-", "−")}</b><span>{text(what).replace("-0", "−0")}'
        "</span></div>"
        for value, what in tiles
    )
    return f'<div class="tiles">{cells}</div>'


def _per_key(result: ScoreResult) -> str:
    names = (*result.keys, AVERAGE)
    titles = {"p_abs": "P-Abs", "p_rel": "P-Rel", "p_rel_capped": "P-Rel, capped", "skill": "skill"}
    heads = "".join(
        f'<th scope="col">{"mean" if name == AVERAGE else words(name)}</th>' for name in names
    )
    rows = []
    for score in _PER_KEY:
        cells = []
        for name in names:
            column = parameter_column(score, name)
            value = column.text(result.scores.get(column.name)).replace("-", "−")
            span = column.span(result.intervals.get(column.name)).replace("-", "−")
            cells.append(f"<td>{value}{f'<small>{span}</small>' if span else ''}</td>")
        rows.append(f'<tr><th scope="row">{titles[score]}</th>{"".join(cells)}</tr>')
    return (
        '<h2>Values</h2><div class="scroll" tabindex="0" role="region" aria-label="Scores by key">'
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _confusion(result: ScoreResult) -> str:
    counts = result.understanding.confusion
    used = {name for row in counts.values() for name, n in row.items() if n} | set(counts)
    columns = [name for name in (*TYPE_NAMES, OTHER) if name in used or name == OTHER]
    return charts.matrix(counts, columns, "Confusion matrix: true type by answer")


def _keys(result: ScoreResult) -> str:
    colours = {**key_colours(), OTHER: _OTHER_COLOUR}
    return charts.stacked(
        result.understanding.predicted_keys, colours, "Answered keys by true type"
    )


def _severity(rows: SampleScores) -> str:
    error = samples.errors(rows)
    severities = np.array([s or "" for s in rows.severity])
    heads = "".join(f'<th scope="col">{name}</th>' for name in _SEVERITIES)
    lines = []
    for name in rows.scored_types:
        mine = rows.types == TYPE_NAMES.index(name)
        cells = []
        for severity in _SEVERITIES:
            here = mine & (severities == severity)
            count = int(here.sum())
            cells.append(
                f"<td>{error[here].mean():.3f}<small>{count:,} samples</small></td>"
                if count
                else "<td>–</td>"
            )
        lines.append(f'<tr><th scope="row">{words(name)}</th>{"".join(cells)}</tr>')
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Error by type and severity">'
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _reliability(rows: SampleScores, result: ScoreResult) -> str:
    if not rows.probabilities or result.certainty is None or result.certainty.types is None:
        return ""
    stated = certainty.confidence(rows)
    points = [
        (float(stated[mask].mean()), float(rows.right[mask].mean()), int(mask.sum()))
        for mask in certainty.bins(stated)
    ]
    types = result.certainty.types
    error = "–" if types.calibration_error is None else f"{100 * types.calibration_error:.2f} %"
    brier = "–" if types.brier is None else f"{types.brier:.4f}"
    return (
        f'<h2>How sure it is</h2><div class="panel fit">'
        f"{charts.reliability(points, 'Stated confidence against the share of right types')}"
        f"<figcaption>Stated confidence and the share of right types. Calibration error {error}, "
        f"Brier "
        f"score {brier}.</figcaption></div>"
    )


def _samples(
    rows: SampleScores, chosen: Sequence[samples.Sample], pictures: Mapping[str, str]
) -> str:
    if not chosen:
        return ""
    items = []
    for sample in chosen:
        name = rows.ids[sample.place]
        true, named = TYPE_NAMES[rows.types[sample.place]], samples.answered(rows, sample.place)
        picture = (
            f'<img src="{pictures[name]}" alt="Degraded photograph {text(name)}" loading="lazy">'
            if name in pictures
            else ""
        )
        values = "".join(
            f"<dt>{words(key)}</dt><dd>{truth}</dd><dd>{answer}</dd>"
            for key, truth, answer in samples.values_of(rows, sample.place)
        )
        verdict = "" if named == true else f' <span class="worse">answered {words(named)}</span>'
        items.append(
            f"<li>{picture}<div><b>{words(true)}</b>{verdict}<br><span class=soft>{sample.why}, "
            f"error {sample.error:.3f}</span><dl>{values}</dl></div></li>"
        )
    return (
        "<h2>Samples</h2><p class=soft>Worst, best and random ones; truth at the left of the "
        "answer.</p>"
        f'<ul class="samples">{"".join(items)}</ul>'
    )


def _card(board: Board, standings: Standings, entry: Entry, sent: int) -> str:
    card, result, epoch = entry.card, entry.result, standings.epoch
    rows = {
        "revision": text(card.revision),
        "link": f'<a href="{text(card.link)}" rel="noopener nofollow ugc">{text(card.link)}</a>',
        "licence": text(card.licence) + (", open weights" if card.open_weights else ""),
        "parameters": size(card.parameters),
        "training data": text(card.training.data),
        "trained on the board's preset": card.training.preset_seen,
        "may have seen its photographs": card.training.photographs_seen,
        "prompt": text(card.prompt),
        "date of the predictions": text(card.date),
        "notes": text(card.notes) or "none",
        "status": f"{entry.submission.status}: {STATUS[entry.submission.status]}",
        "added": text(entry.submission.added[:16].replace("T", " ")) + " UTC",
        "answered": f"{100 * result.coverage:.2f} %, {result.parse_failures:,} not readable",
        "signature": f"<code>{text(result.signature)}</code>",
        "predictions' SHA-256": f"<code>{text(result.predictions_sha256)}</code>",
        "limits": " ".join(f"{text(note)}." for note in result.notes) or "none",
    }
    if epoch.blind and sent:
        rows["submissions by this contact"] = f"{sent} of {board.blind_limit} in this epoch"
    terms = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in rows.items())
    return f"<dl>{terms}</dl>"


def _runs(standing: Standing | None) -> str:
    if standing is None or len(standing.runs) == 1:
        return ""
    column = parameter_column("p_rel", AVERAGE)
    low, high = standing.spread[DEFAULT]
    items = "".join(
        f'<li><a href="{text(run.submission.id)}.html">{text(run.card.title)}</a>: P-Rel '
        f"{column.text(run.result.scores[DEFAULT])}</li>"
        for run in standing.runs
    )
    return (
        f"<h2>Runs</h2><p>The ranking has the mean of {len(standing.runs)} runs; P-Rel from "
        f"{low:.4f} to {high:.4f}.</p><ul>{items}</ul>"
    )


def _files(entry: Entry, downloads: Sequence[str]) -> str:
    home = f"../downloads/{text(entry.submission.id)}"
    items = "".join(
        f'<li><a href="{home}/{name}" download>{name}</a> <code>'
        f"{text(entry.submission.files.get(name, ''))[:16]}</code></li>"
        for name in downloads
    )
    held = (
        ""
        if submission.PREDICTIONS in downloads or entry.submission.status == "self-reported"
        else " Predictions and rows are published when the blind epoch is closed."
    )
    return f"""<h2>Files</h2><ul>{items}</ul>
<p class="soft">With the beginning of each file's SHA-256.{held}</p>"""
