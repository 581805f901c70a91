"""Compute a board again, and name every difference."""

import gzip
import math
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubench.dataset import Split
from dubench.scoring.result import ScoreResult
from dubench.scoring.score_files import read_score
from generators.errors import InputError, plain_errors
from leaderboard.intake.pinned import score_as_pinned
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.board import Epoch
from leaderboard.stored.submission import Entry


@dataclass(frozen=True)
class Checked:
    """What came of a check.

    Attributes:
        submissions: how many were looked at. recomputed: of how many every score of understanding
            was computed again from the predictions.
        differences: what is not as it was stored, a line each.
        not_repeated: what could not be computed again, and why, a line each.
    """

    submissions: int
    recomputed: int
    differences: list[str]
    not_repeated: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


@plain_errors()
def check(
    folder: Path,
    dataset: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Checked:
    """Check every submission of a board: its files' hashes, and its scores from its predictions.

    Args:
        dataset: where the open epoch's data are, if not where the board says.
        on_progress: called with how many of how many submissions are checked.

    Raises:
        InputError: there is no board.
    """
    board = boards.read(folder)
    differences: list[str] = []
    not_repeated: list[str] = []
    folders = [
        (epoch, path)
        for epoch in board.epochs
        if submission.epoch_folder(folder, epoch).is_dir()
        for path in sorted(submission.epoch_folder(folder, epoch).iterdir())
        if not path.name.startswith(".")
    ]
    data: dict[int, Split | None] = {}
    recomputed = 0
    for done, (epoch, path) in enumerate(folders, 1):
        if epoch.number not in data:
            own = dataset if epoch is board.epoch else None
            data[epoch.number] = _data(folder, epoch, own, not_repeated)
        try:
            entry = submission.read(path)
            differences += _files(entry)
            split = data[epoch.number]
            if entry.submission.status == "self-reported":
                read_score(path / submission.SCORE)
                not_repeated.append(f"{path.name}: self-reported, without predictions")
            elif split is not None:
                differences += _scores(entry, epoch, split)
                recomputed += 1
                if entry.result.restoration:
                    not_repeated.append(
                        f"{path.name}: restoration, of whose images the board keeps hashes alone"
                    )
        except InputError as error:
            differences.append(str(error))
        on_progress(done, len(folders))
    return Checked(len(folders), recomputed, differences, not_repeated)


def _data(folder: Path, epoch: Epoch, dataset: str | None, not_repeated: list[str]) -> Split | None:
    try:
        return boards.data_of(folder, epoch, dataset)
    except InputError as error:
        not_repeated.append(f"the scores of epoch {epoch.number}: {error}")
        return None


def _files(entry: Entry) -> list[str]:
    """What of the folder is not as its submission.json says."""
    there, stored = submission.hashes(entry.folder), entry.submission.files
    name = entry.submission.id
    lines = [f"{name}: {file} is missing" for file in stored.keys() - there.keys()]
    lines += [f"{name}: {file} does not belong there" for file in there.keys() - stored.keys()]
    both = stored.keys() & there.keys()
    lines += [f"{name}: {file} was changed" for file in both if stored[file] != there[file]]
    return sorted(lines)


def _scores(entry: Entry, epoch: Epoch, data: Split) -> list[str]:
    """What scoring the predictions again gives otherwise than score.json has it."""
    name = entry.submission.id
    packed = entry.folder / submission.PREDICTIONS
    if not packed.is_file():
        return [f"{name}: {submission.PREDICTIONS} is missing"]
    with tempfile.TemporaryDirectory(prefix="dubench-board-") as temporary:
        plain = Path(temporary) / "predictions.jsonl"
        try:
            with gzip.open(packed) as source, plain.open("wb") as out:
                shutil.copyfileobj(source, out)
        except (OSError, EOFError, zlib.error) as error:
            return [f"{name}: {submission.PREDICTIONS} cannot be unpacked ({error})"]
        result = score_as_pinned(plain, data, epoch, name=name).result
    return [f"{name}: {line}" for line in _unlike(entry.result, result)]


def _unlike(stored: ScoreResult, again: ScoreResult) -> list[str]:
    """The scores in which two results differ; those of restored images are left out."""
    lines = []
    restored = tuple(f"{metric}." for metric in stored.restoration or ())
    here, there = again.scores, stored.scores
    for score in sorted(here.keys() | there.keys()):
        if score.startswith(restored or "\0") or score == "restoration_coverage":
            continue
        if not _close(there.get(score), here.get(score)):
            lines.append(f"{score} is {there.get(score)} there and {here.get(score)} again")
        elif score in here and not _close(stored.intervals.get(score), again.intervals.get(score)):
            lines.append(f"the interval of {score} is not what the predictions give")
    if stored.predictions_sha256 != again.predictions_sha256:
        lines.append("predictions_sha256 is of other predictions")
    for field in ("content_id", "n", "clusters"):
        if getattr(stored, field) != getattr(again, field):
            lines.append(
                f"{field} is {getattr(stored, field)} there and {getattr(again, field)} again"
            )
    if stored.understanding.confusion != again.understanding.confusion:
        lines.append("the confusion matrix is not what the predictions give")
    return lines


def _close(one: Any, two: Any) -> bool:
    if one is None or two is None:
        return one is two
    if isinstance(one, tuple | list):
        return all(map(_close, one, two))
    return math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-9)
