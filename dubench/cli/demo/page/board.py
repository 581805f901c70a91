"""The board: who is best, and how sure that is."""

from dataclasses import replace
from html import escape

from dubench.cli.demo.page.pieces import Chapter, Demo, own, terminal
from leaderboard.ranking.standings import standings
from leaderboard.site.index import figure, ranking_table
from leaderboard.stored import board as boards


def board(demo: Demo) -> Chapter:
    """The chapter."""
    epoch, _, add, check, build = demo.ran("board")
    folder = demo.out / "board"
    ranked = standings(folder, boards.read(folder).epoch)
    site = "board/site/"
    mine = own(
        "A blind test from photographs that nobody has seen",
        "dubench leaderboard epoch BOARD --source folder=PHOTOS",
    )
    body = f"""<p class="lead">constant and statistics stand on every board; nano was submitted with
a card. Every rank comes with the ranks that are possible.</p>
{figure(ranked)}
<p class="soft">Ranks are by <b id="by">P-Rel</b>; a click on another score ranks by that. Small
under a score: its 95 % interval. Small under a rank: the places that are possible, all at once with
95 % confidence.</p>
<div class="scroll wide" tabindex="0" role="region"
aria-label="Ranking">{ranking_table(ranked, site)}</div>
<p>The whole board, with a page for each model: <a
href="{site}index.html"><code>{escape(str(folder / "site" / "index.html"))}</code></a>. A real one
takes photographs that no model has seen: ones like these calibrated statistics and nano.</p>
{terminal(epoch, replace(add, output=""), check, build)}
{mine}"""
    return Chapter("ranking", "Board", "A leaderboard", body)
