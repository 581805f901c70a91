"""How the review stands, as one HTML file that asks nothing of any server."""

from collections.abc import Iterable, Sequence
from html import escape

from annotation_ui.figures.proportions import proportion
from annotation_ui.figures.reject_hotspots import part_text
from annotation_ui.figures.status import ReviewStatus
from generators.dataset.review_figures import DefectRate, Estimate, Proportion, RangePart
from generators.taxonomy import KEYS, TYPES

STYLE = """
:root { color-scheme: light dark; --ink: #1d2125; --faint: #5d6670; --line: #d9dee3;
  --paper: #fff; --tint: #f4f6f8; --good: #2b6cb0; --bad: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --faint: #9aa4ae; --line: #38404a;
  --paper: #15191e; --tint: #1e242b; --good: #6aa9e9; --bad: #f28b52; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 74rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .3rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; }
p { margin: .3rem 0 .8rem; max-width: 60rem; } .faint, th, small { color: var(--faint); }
small { font-size: .85em; white-space: nowrap; }
.tiles, .grid { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(min(var(--least), 100%), 1fr)); }
.tiles { --least: 14rem; margin-top: 1.2rem; } .grid { --least: 21rem; }
.tile, .card { background: var(--tint); border-radius: .5rem; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.25; font-weight: 600; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { font-weight: 500; } th, td { padding: .3rem .8rem .3rem 0; text-align: right;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; vertical-align: top; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
td.words, th.words { text-align: left; white-space: normal; min-width: 12rem; }
.card table { font-size: .85rem; } .card th, .card td { border: 0; padding: .1rem .4rem .1rem 0;
  white-space: nowrap; }
.bar { display: inline-block; vertical-align: middle; width: 5rem; height: .6rem;
  background: var(--line); border-radius: .3rem; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--good); }
.out td { color: var(--bad); font-weight: 600; } .out .bar i { background: var(--bad); }
.notice { border-left: .25rem solid var(--bad); background: var(--tint); padding: .5rem 1rem;
  margin: .4rem 0; list-style: none; } ul { padding: 0; margin: .6rem 0 1rem; }
"""


def status_html(status: ReviewStatus) -> str:
    """The page, with nothing in it that is fetched or run."""
    title = f"Review of {status.plan.dataset}"
    sections = (
        _tiles, people_table, _progress, _agreement, _reviewers, _rejects, _ranges, _defects
    )  # fmt: skip
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
{"".join(section(status) for section in sections)}
</body></html>
"""


def _tiles(status: ReviewStatus) -> str:
    progress, figures = status.progress, status.figures
    agreement, left = figures.agreement.overall, figures.defect_rates.overall
    named = [
        ("verdicts", _percent(progress.done, progress.needed),
         f"{progress.done:,} of {progress.needed:,} wanted"),
        ("samples rejected", _proportion(figures.rejected.overall), "by the majority; ties reject"),
        ("agreement (AC1)", _estimate(agreement.ac1), f"on {agreement.items:,} items"),
        ("defects left", _rate(left), _below(left)),
    ]  # fmt: skip
    tiles = (
        f'<div class="tile"><span class="faint">{name}</span><b>{value.partition("<small>")[0]}</b>'
        f'<span class="faint">{escape(note)}</span></div>'
        for name, value, note in named
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _progress(status: ReviewStatus) -> str:
    rows = [
        (_name(name), _bar(done / needed if needed else 0), f"{done:,} of {needed:,}")
        for name, (done, needed) in status.progress.by_type.items()
    ]
    return (
        "<h2>Progress</h2><p class=faint>Verdicts given of those wanted. Of reviewers all verdicts "
        "are counted, planted items included; times are UTC.</p><div class=grid><div class=card>"
        + _table(("type", "", "verdicts"), rows)
        + "</div></div>"
    )


def people_table(status: ReviewStatus, live: bool = False) -> str:
    """Who is needed, and who did how much; `live` with what an owner may do about each."""
    figures = {one.reviewer: one for one in status.figures.reviewers}
    rows = []
    for one in status.people.activity:
        gold = figures[one.reviewer].gold if one.reviewer in figures else None
        name = escape(one.reviewer)
        seen = (one.last_seen or "–").replace("T", " ")[:16]
        cells = [
            name + (" <small>disabled</small>" if one.disabled else ""),
            f"{status.progress.by_reviewer[one.reviewer]:,}", f"{one.last_hour:,}",
            f"{one.skipped:,}", f"{gold.count:,} of {gold.n:,}" if gold else "–", seen,
        ]  # fmt: skip
        if live:
            able = "enable" if one.disabled else "disable"
            cells.append(
                "".join(
                    f'<button data-do="{do}" data-reviewer="{name}">{words}</button> '
                    for do, words in (
                        ("discard", "Discard verdicts"),
                        (able, able.capitalize()),
                        ("invite", "New password link"),
                    )
                )
            )
        rows.append(cells)
    careless = [
        f"{text}: look at their verdicts before you finalize" for text in status.careless.values()
    ]
    notes = "".join(
        f"<li class=notice>{escape(line)}</li>" for line in (*status.people.lines(), *careless)
    )
    head = ["reviewer", "verdicts", "last hour", "skipped", "gold found", "last seen (UTC)"]
    table = _table((*head, *(["what to do"] if live else [])), rows)
    return f"<h2>People</h2>{f'<ul>{notes}</ul>' if notes else ''}{table}"


def _agreement(status: ReviewStatus) -> str:
    agreement = status.figures.agreement
    rows = [
        (_name(name), f"{a.items:,}", _estimate(a.percent, percent=True), _estimate(a.alpha),
         _estimate(a.ac1))
        for name, a in (*agreement.by_type.items(), ("all", agreement.overall))
    ]  # fmt: skip
    head = ("type", "items", "percent agreement", "Krippendorff’s α", "Gwet’s AC1")
    return (
        "<h2>Agreement</h2><p class=faint>On items that two or more judged, planted ones left out. "
        "Where nearly all is accepted α falls towards 0 though reviewers hardly differ; AC1 does "
        "not. In brackets: 95%, by bootstrap over items.</p>" + _table(head, rows)
    )


def _reviewers(status: ReviewStatus) -> str:
    rows = [
        (escape(r.reviewer), f"{r.verdicts:,}", _proportion(r.rejected),
         _proportion(r.gold, True), _proportion(r.repeats, True),
         "–" if r.seconds is None else f"{r.seconds:.1f} s")
        for r in status.figures.reviewers
    ]  # fmt: skip
    head = ("reviewer", "samples", "rejected", "gold found", "same on repeats", "median time")
    return (
        "<h2>Reviewers</h2><p class=faint>Gold: planted items that ought to be rejected. Repeats: "
        "own items shown again. In brackets: 95%, Wilson.</p>" + _table(head, rows)
    )


def _rejects(status: ReviewStatus) -> str:
    types = list(status.progress.by_type)
    rejected = status.figures.rejected
    shares = [rejected.by_type.get(name, proportion(0, 0)) for name in types]
    rows = [("samples rejected", *(_proportion(s) for s in (*shares, rejected.overall)))]
    rows += [
        (f"reason: {reason}", *(f"{counts[name]:,}" for name in (*types, "all")))
        for reason, counts in status.figures.reasons.items()
    ]
    head = ("", *map(_name, types), "all")
    return (
        "<h2>Rejects</h2><p class=faint>Samples by their majority; reasons by verdict, of which "
        "one may give several.</p>" + _table(head, rows)
    )


def _ranges(status: ReviewStatus) -> str:
    hotspots = status.figures.hotspots
    items = "".join(
        f"<li class=notice>{escape(h.text)} <small>p = {h.p:.1g}</small></li>" for h in hotspots
    )
    listed = f"<ul>{items}</ul>" if hotspots else "<p>Nowhere beyond chance, so far.</p>"
    cards = []
    rates = [part.rejected / part.n for parts in status.ranges for part in parts]
    most = max(rates, default=0) or 1
    for parts in status.ranges:
        rows = "".join(
            f"<tr{' class=out' if status.stands_out(part) else ''}><td>{_bound(part)}"
            f"<td>{_bar(part.rejected / part.n / most)}"
            f"<td>{_percent(part.rejected, part.n)}"
            f"<td>{part.rejected:,} of {part.n:,}</tr>"
            for part in parts
        )
        title = f"{_name(parts[0].type)}: {_name(parts[0].key)}"
        unit = KEYS[parts[0].key].unit
        cards.append(
            f"<div class=card><h3>{title} <small>{escape(unit)}</small></h3>"
            f"<table>{rows}</table></div>"
        )
    return (
        "<h2>Where rejects concentrate</h2><p class=faint>Each range in fifths of the samples; "
        "all bars are on one scale. Fisher’s exact test of each part against "
        "the rest of its type, corrected after Holm over all parts.</p>"
        f"{listed}<div class=grid>{''.join(cards)}</div>"
    )


def _defects(status: ReviewStatus) -> str:
    rates = status.figures.defect_rates
    rows = [
        (_name(name), f"{r.unreviewed:,}", f"{r.reviewed:,}", f"{r.rejected:,}", _rate(r),
         "–" if r.upper is None else f"{r.upper:.2%}",
         "–" if r.defects is None else f"{r.defects:,.0f} <small>≤ "
         f"{r.most_defects:,.0f}</small>", escape(r.speaks_for))
        for name, r in (
            *rates.by_split.items(), *rates.by_type.items(), ("all", rates.overall)
        )
    ]  # fmt: skip
    head = ("", "unreviewed rows", "reviewed like them", "of these rejected", "defect rate",
            "95% sure below", "defects left", "speaks for")  # fmt: skip
    return (
        "<h2>Defects left in what nobody looked at</h2><p class=faint>The rate among reviewed "
        "samples drawn by lot from the same split and type, weighted to the unreviewed rows’ "
        "severities and sources. In brackets: 95%, Wilson.</p>" + _table(head, rows, words=True)
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: bool = False) -> str:
    """A table; with `words` its last column is prose. Cells are HTML."""

    def line(tag: str, cells: Sequence[str]) -> str:
        last = f"<{tag}{' class=words' if words else ''}>{cells[-1]}"
        return f"<tr>{''.join(f'<{tag}>{cell}' for cell in cells[:-1])}{last}</tr>"

    body = "".join(line("td", row) for row in rows)
    empty = f"<tr><td colspan={len(head)} class=faint>nothing yet</tr>"
    return f"<div class=wide><table>{line('th', head)}{body or empty}</table></div>"


def _bar(share: float) -> str:
    return f'<span class=bar><i style="width:{share:.1%}"></i></span>'


def _percent(count: float, n: float) -> str:
    return f"{count / n:.1%}" if n else "–"


def _proportion(share: Proportion, counts: bool = False) -> str:
    if share.value is None or share.interval is None:
        return "–"
    low, high = share.interval
    text = f"{share.value:.1%} <small>[{100 * low:.1f}, {100 * high:.1f}]</small>"
    return f"{share.count:,} of {share.n:,}: {text}" if counts else text


def _estimate(estimate: Estimate, percent: bool = False) -> str:
    if estimate.value is None:
        return f"– <small>{escape(estimate.why)}</small>"
    scale, form = (100, ".1f") if percent else (1, ".2f")
    text = f"{scale * estimate.value:{form}}{'%' if percent else ''}".replace("-", "−")
    if estimate.interval is None:
        return f"{text} <small>{escape(estimate.why)}</small>"
    low, high = (f"{scale * bound:{form}}".replace("-", "−") for bound in estimate.interval)
    return f"{text} <small>[{low}, {high}]</small>"


def _rate(left: DefectRate) -> str:
    if left.rate is None or left.interval is None:
        return "–"
    low, high = left.interval
    return f"{left.rate:.2%} <small>[{100 * low:.2f}, {100 * high:.2f}]</small>"


def _below(left: DefectRate) -> str:
    if left.upper is None:
        return left.speaks_for
    return f"of {left.covered:,} unreviewed rows; 95% sure below {left.upper:.2%}"


def _bound(part: RangePart) -> str:
    """The part of a range without its key, which stands above."""
    if part.only is not None:
        return escape(part_text(part).partition(" = ")[2])
    if part.low is None:
        return f"below {part.high:g}"
    return f"{part.low:g} and more" if part.high is None else f"{part.low:g} to {part.high:g}"


def _name(name: str) -> str:
    return escape(name.replace("_", " ") if name in TYPES or name in KEYS else name)
