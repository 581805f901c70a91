"""The page that tells the demo's story: one HTML file that fetches nothing."""

import os
import platform
from dataclasses import replace
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from dubench.cli.demo import journal as journals
from dubench.cli.demo.journal import Journal
from dubench.cli.demo.page.board import board
from dubench.cli.demo.page.dataset import dataset
from dubench.cli.demo.page.diagnoses import diagnoses
from dubench.cli.demo.page.pieces import Chapter, Demo
from dubench.cli.demo.page.predictions import predictions
from dubench.cli.demo.page.restorations import restorations
from dubench.cli.demo.page.review import review
from dubench.cli.demo.page.scores import scores
from generators.files import write_whole
from leaderboard.site.pieces import document

PAGE = "index.html"
_MARK = '<meta name="generator" content="dubench demo">'
_TITLE = "From photographs to a leaderboard"
_CHAPTERS = (dataset, review, diagnoses, predictions, restorations, scores, board)


def write_page(out: Path, journal: Journal) -> Path:
    """Write the page of a demo whose steps are all done; returns its path."""
    demo = Demo(out, journal)
    chapters = [chapter(demo) for chapter in _CHAPTERS]
    links = "".join(f'<a href="#{one.anchor}">{one.nav}</a>' for one in chapters)
    sections = [_section(number, one) for number, one in enumerate(chapters, 1)]
    body = "".join((_head(demo), *sections, _foot(demo)))
    style = (files("dubench.cli.demo") / "assets" / "demo.css").read_text("utf-8")
    page = document(_MARK, _TITLE, ("dubench demo", "#main"), links, body, style)
    write_whole(out / PAGE, page)
    journals.write(out, replace(journal, finished=True))
    return out / PAGE


def _head(demo: Demo) -> str:
    commands = [ran for ran in demo.journal.commands if ran.line.startswith("dubench ")]
    minutes, seconds = divmod(round(sum(ran.seconds for ran in demo.journal.commands)), 60)
    return f"""<h1>{_TITLE}</h1>
<p class="lead">Photographs become a dataset whose answers are known exactly; then come a review,
diagnoses, models, restorations, scores and a board. Every picture and number here was made in this
run, offline, by the commands that stand beside them.</p>
<ul class="facts"><li><b>{len(commands)}</b> commands</li><li><b>{minutes} min {seconds} s</b></li>
<li><b>{os.cpu_count()}</b> processor cores</li><li>dubench {version("dubench")}, Python
{platform.python_version()}</li></ul>"""


def _section(number: int, chapter: Chapter) -> str:
    title = f"{number}. {escape(chapter.title)}"
    return f'<section id="{chapter.anchor}"><h2>{title}</h2>{chapter.body}</section>'


def _foot(demo: Demo) -> str:
    rows = "".join(
        f'<tr><td class="left"><code>{escape(ran.line)}</code></td>'
        f"<td>{ran.seconds:.1f} s</td></tr>"
        for ran in demo.journal.commands
    )
    return f"""<section id="commands"><h2>Every command of this page</h2>
<details><summary>{len(demo.journal.commands)} lines, with the time each took</summary><div
class="scroll" tabindex="0" role="region" aria-label="Commands"><table><tbody>{rows}</tbody></table>
</div></details>
<p class="soft">Photographs: {escape(_authors(demo.out / "photos" / "ATTRIBUTION.md"))}.</p>
</section>"""


def _authors(attribution: Path) -> str:
    """Authors and licences of the bundled photographs, from the table beside them."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in attribution.read_text("utf-8").splitlines()
        if ".jpg" in line
    ]
    return ", ".join(dict.fromkeys(f"{author} ({licence})" for _, author, licence in rows))
