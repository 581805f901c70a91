"""What people said, as a page with pictures; on the server, with what an owner may do about it."""

from collections.abc import Sequence
from html import escape

from annotation_ui.figures.results import ReviewResults, SampleResult
from annotation_ui.figures.status_page import STYLE, people_table

_STYLE = """
.cards { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(min(27rem, 100%), 1fr)); }
article { background: var(--tint); border-radius: .5rem; padding: .7rem; min-width: 0; }
article .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .3rem; }
article img { width: 100%; aspect-ratio: 1; border-radius: .3rem; background: var(--line); }
article p, article li { margin: .35rem 0 0; overflow-wrap: anywhere; list-style: none; }
article ul { margin: .3rem 0; } .accept { color: var(--good); } .reject { color: var(--bad); }
button, input { font: inherit; min-height: 44px; padding: .3rem .8rem; border-radius: .4rem;
  border: 1px solid var(--line); background: var(--paper); color: var(--ink); }
button { cursor: pointer; } .do { display: flex; flex-wrap: wrap; gap: .4rem; margin-top: .5rem; }
td { vertical-align: middle; } td:nth-last-child(-n + 2) { white-space: nowrap; }
.do input { flex: 1 1 8rem; min-width: 0; } nav { float: right; }
#notice { white-space: pre-wrap; overflow-wrap: anywhere; } #notice:empty { display: none; }
"""

_SECTIONS = (
    ("aside", "Put aside", "Pictures that cannot be shown, and pairs that nobody was sure of."),
    ("disputed", "Disputed", "Some accept and some reject. Unless you settle them, a tie rejects."),
    ("rejected", "Rejected", "All who judged them reject. They will be replaced."),
    ("settled", "Settled", "What you decided over reviewers."),
)


def results_html(results: ReviewResults, live: bool = False) -> str:
    """The page; `live` is the server's, which can also change what it shows."""
    title = f"Results of the review of {results.status.plan.dataset}"
    # Chromium takes no file for the page's own origin.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:"
    head = (
        '<script type="module" src="page/owner.js"></script>'
        if live
        else f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    out = '<nav><button data-do="logout">Log out</button></nav>' if live else ""
    notice = '<p id="notice" class="notice" role="alert"></p>' if live else ""
    people = people_table(results.status, live)
    sections = "".join(
        _section(heading, about, getattr(results, name), live) for name, heading, about in _SECTIONS
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}{_STYLE}</style>{head}</head><body>
{out}<h1>{escape(title)}</h1>{notice}
{people}
{sections}
</body></html>
"""


def _section(heading: str, about: str, some: Sequence[SampleResult], live: bool) -> str:
    cards = "".join(_card(one, live) for one in some)
    return (
        f"<h2>{heading}: {len(some):,}</h2><p class=faint>{about}</p><div class=cards>{cards}</div>"
    )


def _card(one: SampleResult, live: bool) -> str:
    item = one.item
    images = "".join(
        f'<img loading="lazy" src="images/{name}" alt="{alt}">'
        for name, alt in ((item.clean_image, "clean"), (item.degraded_image, "degraded"))
    )
    values = ", ".join(
        f"{key.replace('_', ' ')} {value:.4g}"
        for _, key, value in item.shown.tuples
        if not isinstance(value, tuple)
    )
    lines = [
        f"<b class={verdict.verdict}>{escape(verdict.reviewer)}: {verdict.verdict}</b> "
        + escape(" · ".join(filter(None, (*verdict.reasons, verdict.note))))
        for verdict in one.verdicts
    ]
    lines += [
        f"<b>{escape(event.reviewer)}: skipped</b> {escape(event.note)}" for event in one.skips
    ]
    if one.broken:
        lines.append("<b class=reject>its pictures cannot be shown</b>")
    if one.ruling:
        by = f" by {escape(one.ruling.owner)}" if one.ruling.owner else ""
        lines.append(
            f"<b class={one.ruling.verdict}>settled{by}: {one.ruling.verdict}</b> "
            + escape(one.ruling.note)
        )
    flags = "".join(f"<p class=faint>{escape(flag.text)}</p>" for flag in item.flags)
    listed = "".join(f"<li>{line}" for line in lines)
    return (
        f"<article><div class=pair>{images}</div>"
        f"<p><b>{escape(item.sample_id)}</b> {escape(item.type.replace('_', ' '))} "
        f"<span class=faint>{escape(values)}</span></p>{flags}<ul>{listed}</ul>"
        f"{_buttons(one) if live else ''}</article>"
    )


def _buttons(one: SampleResult) -> str:
    item = f'data-item="{escape(one.item.item)}"'
    again = one.ruling is not None or one.broken or one.disputed
    return (
        f"<div class=do><input aria-label=Note placeholder=Note maxlength=2000>"
        f'<button class=accept data-do="settle" data-verdict="accept" {item}>Accept</button>'
        f'<button class=reject data-do="settle" data-verdict="reject" {item}>Reject</button>'
        + (f'<button data-do="release" {item}>Hand out again</button>' if again else "")
        + "</div>"
    )
