"""A submission on disk: a folder of its card, predictions and scores, with a hash of each."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from dubench.scoring import sample_table
from dubench.scoring.result import ScoreResult
from dubench.scoring.sample_scores import SampleScores
from dubench.scoring.score_files import Scored
from generators.errors import InputError
from generators.typed_json import from_json, to_json
from leaderboard.stored.board import Epoch, read_json
from leaderboard.stored.card import Card, card_of

SUBMISSIONS = "submissions"
FILE, CARD, SCORE, ROWS = "submission.json", "card.json", "score.json", "score.parquet"
PREDICTIONS, RESTORED, CONTACT = "predictions.jsonl.gz", "restored.parquet", "contact.txt"
WITHHELD = "withheld@board.invalid"
_PART = ".part-"

Status = Literal["verified", "reproduced", "reference", "self-reported"]
"""Who vouches for the scores: the host scored the predictions; the host ran the model; the same, of
a baseline that every board has; nobody but the submitter."""


@dataclass(frozen=True)
class Submission:
    """submission.json.

    Attributes:
        id: name of its folder.
        epoch: number of the epoch.
        added: time of the day, UTC, ISO 8601.
        status: see `Status`.
        supersedes: id of the submission in whose place it stands; None for none.
        notes: what the host left out of what was sent.
        files: name → SHA-256 of the others in the folder, but for contact.txt.
    """

    id: str
    epoch: int
    added: str
    status: Status
    supersedes: str | None
    notes: tuple[str, ...]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A submission with its card and scores; `folder` is where it lies."""

    folder: Path
    submission: Submission
    card: Card
    result: ScoreResult

    @property
    def scored(self) -> Scored:
        """The scores with the rows they were computed from."""
        types, metrics = self.result.types, tuple(self.result.restoration or ())
        return Scored(self.result, sample_table.read(self.folder / ROWS, types, metrics))

    @property
    def contact(self) -> str:
        """Who sent it, in small letters; empty where the host does not say."""
        path = self.folder / CONTACT
        return path.read_text("utf-8").strip().lower() if path.is_file() else ""


def epoch_folder(board: Path, epoch: Epoch) -> Path:
    """Where the submissions to an epoch lie."""
    return board / SUBMISSIONS / str(epoch.number)


def entries(board: Path, epoch: Epoch) -> list[Entry]:
    """Every submission to an epoch, superseded ones too, in the order they came.

    Raises:
        InputError: one of them is damaged.
    """
    home = epoch_folder(board, epoch)
    folders = (
        [path for path in home.iterdir() if not path.name.startswith(".")] if home.is_dir() else []
    )
    read_entries = [read(folder) for folder in folders]
    return sorted(read_entries, key=lambda entry: (entry.submission.added, entry.submission.id))


def current(entries: Sequence[Entry]) -> list[Entry]:
    """Those in whose place no other stands."""
    old = {entry.submission.supersedes for entry in entries}
    return [entry for entry in entries if entry.submission.id not in old]


def read(folder: Path) -> Entry:
    """Read one submission; InputError if a file is missing, damaged or no regular file."""
    for name in (FILE, CARD, SCORE, ROWS):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path} is missing, or no regular file; restore it from a copy")
    submission = from_json(Submission, read_json(folder / FILE), str(folder / FILE))
    if submission.id != folder.name:
        raise InputError(f"{folder}: its {FILE} is of {submission.id!r}")
    card = card_of(read_json(folder / CARD), str(folder / CARD))
    result = ScoreResult.from_json(read_json(folder / SCORE), str(folder / SCORE))
    return Entry(folder, submission, card, result)


def in_order_of(first: SampleScores, rows: SampleScores) -> SampleScores | None:
    """`rows` in the order of `first`; None if they are of other samples or types."""
    if rows.scored_types != first.scored_types or sorted(rows.ids) != sorted(first.ids):
        return None
    own = rows.in_order(first.ids)
    same = own.clusters == first.clusters and np.array_equal(own.types, first.types)
    return own if same else None


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that submission.json vouches for, by name.

    Raises:
        InputError: something in the folder is no regular file.
    """
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path} is no regular file; take it away")
        if path.name not in (FILE, CONTACT):
            sums[path.name] = sha256(path)
    return sums


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_for(card: Card, predictions_sha256: str) -> str:
    """The id of a submission: the model's name in plain letters, and what tells it apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", card.title.lower()).strip("-")[:48] or "model"
    return f"{plain}-{predictions_sha256[:8]}"


def begin(home: Path, name: str) -> Path:
    """A folder to prepare a submission in; what killed runs left is taken away."""
    home.mkdir(parents=True, exist_ok=True)
    for stale in home.glob(f"{_PART}*"):
        shutil.rmtree(stale, ignore_errors=True)
    part = home / f"{_PART}{name}"
    part.mkdir()
    return part


def finish(part: Path, submission: Submission) -> Path:
    """Write submission.json into a prepared folder and put the folder in its place."""
    (part / FILE).write_text(json.dumps(to_json(submission), indent=1) + "\n", "utf-8")
    target = part.with_name(submission.id)
    part.rename(target)
    return target
