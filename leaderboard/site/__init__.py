"""Build a board's site: pages and files for any static host; they fetch nothing."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dubench.report.formats import Table, comma_separated, latex, markdown
from dubench.report.tables import tables
from dubench.scoring.result import ScoreResult
from generators.errors import InputError, plain_errors
from leaderboard.ranking.standings import Standing, Standings, standings
from leaderboard.site import files, samples
from leaderboard.site.index import index
from leaderboard.site.model import model_page
from leaderboard.site.pieces import MARK, PAGES, frame
from leaderboard.site.subjects import about, page_of, subject
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.board import Board, Epoch
from leaderboard.stored.submission import Entry

OnProgress = Callable[[int, int], None]

_WRITERS: Mapping[str, Callable[[Table], str]] = {
    "csv": comma_separated, "tex": latex, "md": markdown,
}  # fmt: skip
_PUBLIC = (submission.CARD, submission.SCORE)
_OPEN = (submission.PREDICTIONS, submission.ROWS, submission.RESTORED)


@plain_errors()
def build(
    folder: Path,
    out: Path,
    *,
    pictures: bool = True,
    on_progress: OnProgress = lambda done, total: None,
) -> Path:
    """Write the site of a board into `out`, whole or not at all; earlier epochs below it.

    Args:
        out: a new or empty folder, or that of an earlier site, which is replaced.
        pictures: show the degraded images of ten samples of each model; needs the data.
        on_progress: called with how many of how many pages of models are written.

    Raises:
        InputError: there is no board, a submission is damaged, or `out` holds something else.

    Returns:
        the first page.
    """
    board = boards.read(folder)
    board.numbered(None)
    _check_out(out)
    part = out.absolute().with_name(f".{out.absolute().name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        shown = [epoch for epoch in board.epochs if submission.entries(folder, epoch)]
        for epoch in shown:
            is_open = epoch is board.epoch
            home = part if is_open else part / "epochs" / str(epoch.number)
            _Site(folder, board, epoch, home, pictures).write(shown, on_progress)
        if board.epoch not in shown:
            raise InputError(f"{folder}: epoch {board.epoch.number} has no submissions yet")
        _replace(out.absolute(), part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return out / "index.html"


class _Site:
    """The pages of one epoch."""

    def __init__(
        self, folder: Path, board: Board, epoch: Epoch, home: Path, pictures: bool
    ) -> None:
        self._folder, self._board, self._epoch, self._home = folder, board, epoch, home
        self._pictures = pictures
        self._standings = standings(folder, epoch)
        self._pages = dict.fromkeys(PAGES)

    def write(self, epochs: Sequence[Epoch], on_progress: OnProgress) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        scores = _names(self._standings)
        by_page: dict[str, list[Table]] = {}
        for table in tables(scores):
            if table.name != "table4_5_variants":
                by_page.setdefault(page_of(table), []).append(table)
        self._pages = {page: None for page in PAGES if page in by_page}
        self._pages |= {"index.html": None, "about.html": None}
        for page, own in by_page.items():
            self._page(page, subject(page, own, self._standings, scores))
        self._files(by_page)
        self._page("index.html", index(self._board, self._standings))
        signature = self._standings.rows[0].entry.result.signature
        others = [(one, self._way(one)) for one in epochs if one is not self._epoch]
        self._page("about.html", about(self._board, self._standings, others, signature))
        self._models(on_progress)

    def _way(self, other: Epoch) -> str:
        """From this epoch's pages to another's."""
        up = "" if self._epoch is self._board.epoch else "../../"
        down = "" if other is self._board.epoch else f"epochs/{other.number}/"
        return f"{up}{down}index.html"

    def _page(self, name: str, body: str) -> None:
        title = "Ranking" if name == "index.html" else PAGES[name]
        title = self._board.title if name == "index.html" else title
        whole = frame(self._board.title, title, body, self._pages, name)
        (self._home / name).write_text(whole, "utf-8")

    def _files(self, by_page: Mapping[str, Sequence[Table]]) -> None:
        ranked = files.ranking(self._board, self._standings)
        (self._home / "board.csv").write_text(comma_separated(ranked), "utf-8")
        (self._home / "board.tex").write_text(latex(ranked), "utf-8")
        plain = json.dumps(files.as_json(self._board, self._standings), indent=1, allow_nan=False)
        (self._home / "board.json").write_text(plain + "\n", "utf-8")
        (self._home / "tables").mkdir()
        for table in (table for own in by_page.values() for table in own):
            for suffix, write in _WRITERS.items():
                (self._home / "tables" / f"{table.name}.{suffix}").write_text(write(table), "utf-8")

    def _models(self, on_progress: OnProgress) -> None:
        pages: list[tuple[Entry, Standing | None]] = [
            (run, row) for row in self._standings.rows for run in row.runs
        ]
        pages += [(entry, None) for entry in self._standings.superseded]
        sent = Counter(entry.contact for entry, _ in pages)
        rows = {entry.submission.id: entry.scored.rows for entry, _ in pages}
        chosen = {
            name: [] if self._epoch.secret else samples.choose(one) for name, one in rows.items()
        }
        wanted = {rows[name].ids[s.place] for name, own in chosen.items() for s in own}
        pictures = self._thumbnails(wanted)
        (self._home / "models").mkdir()
        for done, (entry, standing) in enumerate(pages, 1):
            name = entry.submission.id
            body = model_page(
                self._board,
                self._standings,
                standing,
                entry,
                rows[name],
                chosen[name],
                pictures,
                self._downloads(entry),
                sent[entry.contact] if entry.submission.status != "reference" else 0,
            )
            page = frame(self._board.title, entry.card.title, body, self._pages, "", "../")
            (self._home / "models" / f"{name}.html").write_text(page, "utf-8")
            on_progress(done, len(pages))

    def _thumbnails(self, ids: set[str]) -> dict[str, str]:
        if not self._pictures or not ids:
            return {}
        try:
            return samples.thumbnails(boards.data_of(self._folder, self._epoch), ids)
        except InputError:
            return {}  # whoever builds without the data has pages without pictures

    def _downloads(self, entry: Entry) -> list[str]:
        """Copy the files that may be had; of a secret epoch none that tells an answer."""
        names = _PUBLIC if self._epoch.secret else (*_PUBLIC, *_OPEN)
        there = [name for name in names if (entry.folder / name).is_file()]
        home = self._home / "downloads" / entry.submission.id
        home.mkdir(parents=True)
        for name in there:
            shutil.copyfile(entry.folder / name, home / name)
        return there


def _names(standings: Standings) -> dict[str, ScoreResult]:
    """The results of every run by the names of their rows, in the ranking's order."""
    return {run.card.title: run.result for row in standings.rows for run in row.runs}


def _check_out(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out}: a file has this name; name a folder")
    page = out / "index.html"
    ours = page.is_file() and MARK in page.read_text("utf-8", "replace")
    if any(out.iterdir()) and not ours:
        raise InputError(f"--out {out} holds something that is no board's site; name a new folder")


def _replace(out: Path, part: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)
