"""What every page of a board has: its frame, its policy, and how things are written."""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from generators.errors import one_line
from leaderboard.stored.board import Epoch
from leaderboard.stored.submission import Entry

_ASSETS = Path(__file__).parents[1] / "assets"

MARK = '<meta name="generator" content="dubench leaderboard">'
"""In every page, and how an earlier site is known from somebody's folder."""

PAGES = {
    "index.html": "Ranking",
    "understanding.html": "Understanding",
    "types.html": "By type",
    "certainty.html": "Certainty",
    "restoration.html": "Restoration",
    "about.html": "About",
}

STATUS = {
    "verified": "the host computed the scores from the predictions",
    "reproduced": "the host ran the model itself",
    "reference": "a baseline that the host ran",
    "self-reported": "scores as the submitter sent them; nobody has checked them",
}


def text(value: object) -> str:
    """Anything a submitter may have written, on one line, as text of a page."""
    return escape(one_line(str(value)))


def frame(
    board_title: str, title: str, body: str, pages: Iterable[str], here: str, root: str = ""
) -> str:
    """A whole page of a board.

    Args:
        pages: names of the pages that there are. here: the page's own, or another's.
        root: way to the folder of the pages, such as `../`.
    """
    links = "".join(
        f'<a href="{root}{page}"{" aria-current=page" if page == here else ""}>{PAGES[page]}</a>'
        for page in PAGES
        if page in pages
    )
    whole = f"{title} · {board_title}" if title != board_title else title
    return document(MARK, whole, (board_title, f"{root}index.html"), links, body)


def document(
    mark: str, title: str, brand: tuple[str, str], links: str, body: str, more_style: str = ""
) -> str:
    """A page in the board's dress, which fetches nothing.

    Args:
        mark: says in the head what wrote it.
        brand: what stands first in the header, and where it leads.
        links, body: HTML.
        more_style: CSS after the board's.
    """
    style, script = _asset("board.css") + more_style, _asset("board.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
{mark}
<title>{text(title)}</title>
<style>{style}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="bar"><div><a class="brand" href="{brand[1]}">{text(brand[0])}</a>
<nav aria-label="Pages">{links}</nav>
<button id="theme" type="button" aria-label="Dark or light" title="Dark or light"><svg
viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="10" cy="10" r="7.5"
fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M10 2.5a7.5 7.5 0 0 1 0 15z"
fill="currentColor"/></svg></button></div></header>
<main id="main">{body}</main>
<footer><p>Scores, intervals and pages by <b>dubench</b>. This page fetches nothing and sends
nothing.</p></footer>
<script>{script}</script></body></html>
"""


def badges(entry: Entry, *, top: bool = False) -> str:
    """What a reader should know of a row at a glance."""
    card, status = entry.card, entry.submission.status
    marks = [f'<span class="badge {status}">{status}</span>']
    if top:
        marks.insert(
            0,
            '<span class="badge top">not separable from the best</span>',
        )
    if card.open_weights and status != "reference":
        marks.append('<span class="badge open">open weights</span>')
    if card.training.photographs_seen == "yes":
        marks.append('<span class="badge warn">may have seen the photographs</span>')
    return "".join(marks)


def size(parameters: int | None) -> str:
    """How many numbers a model has, in three digits; a dash where nobody says."""
    if parameters is None:
        return "–"
    for factor, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if parameters >= factor:
            return f"{parameters / factor:.3g} {unit}"
    return str(parameters)


def epoch_words(epoch: Epoch) -> str:
    """An epoch in a few words."""
    when = f"opened {epoch.opened}" + (f", closed {epoch.closed}" if epoch.closed else "")
    return f"epoch {epoch.number} ({'blind' if epoch.blind else 'open'} test, {when})"


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
