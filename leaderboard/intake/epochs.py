"""Epochs: a generated test need not age, for a new one can be drawn from another secret seed.

The photographs of a blind epoch are all in its test split. Whoever may train on them knows more
than others: take photographs that are not public, or at least not those of the epoch before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.build.blind import answers_folder
from generators.build.generate import generate
from generators.build.job import Progress
from generators.depth.attach import DepthSpec
from generators.files import beside
from generators.sources.pools import SourceSpec
from leaderboard.intake.references import REFERENCES, add_references
from leaderboard.stored import board as boards
from leaderboard.stored.board import DEFAULT_TITLE, Epoch
from leaderboard.stored.submission import current, entries


@dataclass(frozen=True)
class Drawn:
    """What a blind test is drawn of, as in `generators.build.generate.generate`."""

    n: int
    sources: Sequence[SourceSpec]
    preset: str
    size: int
    depth: DepthSpec


def unfinished(folder: Path) -> Epoch | None:
    """The open epoch if a killed run left it without the board's own rows."""
    if not (folder / boards.FILE).is_file():
        return None
    board = boards.read(folder)
    if not board.epochs:
        return None
    there = {entry.card.model for entry in current(entries(folder, board.epoch))}
    return None if set(REFERENCES) <= there else board.epoch


def draw(
    folder: Path, title: str | None, wanted: Drawn, workers: int | None, progress: Progress
) -> tuple[Path, str]:
    """Draw a blind test beside the board, or finish what a killed run began.

    Returns:
        the folder for submitters, and that of the answers.

    Raises:
        InputError: as `generate`.
    """
    number = 1 + len(_board(folder, title).epochs)
    out = beside(folder, f".epoch{number}")
    generate(
        wanted.n,
        out,
        wanted.sources,
        wanted.preset,
        wanted.size,
        workers=workers,
        progress=progress,
        depth=wanted.depth,
        blind=True,
        test_only=True,
    )
    return out, str(answers_folder(out))


def begin_epoch(folder: Path, title: str | None, dataset: str, split: str, metrics: str) -> Epoch:
    """Close the open epoch of a board, new if need be, and open one on `dataset`.

    Raises:
        InputError: as `leaderboard.stored.board.open_epoch`.
    """
    _board(folder, title)
    return boards.open_epoch(folder, dataset, split, metrics).epoch


def finish_epoch(folder: Path, epoch: Epoch, on_progress: Callable[[int, int], None]) -> None:
    """Add the board's own rows to a new epoch."""
    add_references(folder, epoch, on_progress)


def _board(folder: Path, title: str | None) -> boards.Board:
    if (folder / boards.FILE).is_file():
        return boards.read(folder)
    return boards.create(folder, title or DEFAULT_TITLE)
