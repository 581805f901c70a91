"""Take a submission in: everything is computed again from the predictions."""

import gzip
import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dubench.scoring.score_files import Scored, read_score, write_score
from generators.errors import InputError, plain_errors
from generators.lock import hold_folder
from generators.typed_json import to_json
from leaderboard.intake import restored_table
from leaderboard.intake.pinned import OnProgress, check_pinned, score_as_pinned, silent
from leaderboard.intake.predictions import unpack
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.board import Epoch
from leaderboard.stored.card import Card, missing, read_card
from leaderboard.stored.submission import Entry, Status, Submission


@dataclass(frozen=True)
class Request:
    """What is sent in.

    Attributes:
        predictions: preds.jsonl, or packed with gzip; or a score.json, which nobody checks.
        card: the card's file, or the card.
        restored: Parquet file of restored images.
        reproduced: whether the host ran the model.
        supersede: whether it takes the place of the same model's submission.
        reference: whether it is one of the board's own rows.
    """

    predictions: Path
    card: Path | Card
    restored: Path | None = None
    reproduced: bool = False
    supersede: bool = False
    reference: bool = False

    @property
    def status(self) -> Status:
        """Who will vouch for its scores."""
        if self.reference:
            return "reference"
        if self.predictions.suffix == ".json":
            return "self-reported"
        return "reproduced" if self.reproduced else "verified"


def lacking(
    folder: Path, request: Request, dataset: str | None = None
) -> tuple[list[str], Scored | None]:
    """What keeps `request` from being added, a line each, and its scores.

    The scores are None where there are none, and on a blind epoch: whoever could ask for them as
    often as they like would find the answers, whatever the limit of submissions.
    """
    wrong: list[str] = []
    scored = None
    try:
        wrong += missing(request.card) if isinstance(request.card, Path) else []
    except InputError as error:
        wrong.append(str(error))
    epoch = boards.read(folder).numbered(None)
    try:
        with tempfile.TemporaryDirectory(prefix="dubench-board-") as temporary:
            scored = _scored(Path(temporary), folder, epoch, request, dataset, silent)[0]
    except InputError as error:
        wrong.append(str(error))
    if not wrong and not isinstance(request.card, Card):
        try:
            _check_new(folder, epoch, read_card(request.card), request)
        except InputError as error:
            wrong.append(str(error))
    if scored and scored.rows.missing:
        wrong.append(
            f"{scored.rows.missing:,} of {scored.rows.n:,} images have no prediction; they would "
            "count as wrong"
        )
    return wrong, None if epoch.secret else scored


@plain_errors()
def add(
    folder: Path,
    request: Request,
    dataset: str | None = None,
    on_progress: OnProgress = silent,
) -> Entry:
    """Score a submission to the board's open epoch and store it, whole or not at all.

    Args:
        dataset: where the epoch's data are, if not where the board says.
        on_progress: called with how many of how many restored images are measured.

    Raises:
        InputError: the card or the predictions are not what they must be, they were made on other
            data, the same model is there already, or somebody else's is, the contact has sent
            enough, or somebody else is at work on the board. Nothing is stored then.
    """
    card = request.card if isinstance(request.card, Card) else read_card(request.card)
    with hold_folder(folder):
        epoch = boards.read(folder).numbered(None)
        old = _check_new(folder, epoch, card, request)
        home = submission.epoch_folder(folder, epoch)
        with tempfile.TemporaryDirectory(prefix="dubench-board-") as temporary:
            scored, plain, notes = _scored(
                Path(temporary), folder, epoch, request, dataset, on_progress
            )
            name = submission.name_for(card, scored.result.predictions_sha256)
            if (home / name).exists():
                raise InputError(f"{name} is on the board already, with these very predictions")
            part = submission.begin(home, name)
            try:
                _store(part, card, scored, plain, request)
                target = submission.finish(
                    part,
                    Submission(
                        name,
                        epoch.number,
                        datetime.now(UTC).isoformat(timespec="microseconds"),
                        request.status,
                        old.submission.id if old else None,
                        tuple(notes),
                        submission.hashes(part),
                    ),
                )
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return submission.read(target)


def _check_new(folder: Path, epoch: Epoch, card: Card, request: Request) -> Entry | None:
    """The submission in whose place this one goes; InputError if it may not be added."""
    every = submission.entries(folder, epoch)
    limit = boards.read(folder).blind_limit
    sent = sum(entry.contact == card.contact.lower() for entry in every)
    if epoch.secret and sent >= limit and not request.reference:
        raise InputError(
            f"{card.contact} has sent {sent} submissions to this blind epoch, and {limit} are "
            "allowed: each tells something of the answers; wait for the next epoch"
        )
    now = submission.current(every)
    runs = [entry for entry in now if entry.card.model.lower() == card.model.lower()]
    if any(run.submission.status == "reference" for run in runs):
        raise InputError(f"{card.model} is one of the board's own rows; choose another model name")
    same = [entry for entry in now if entry.card.title.lower() == card.title.lower()]
    if same and not request.supersede:
        raise InputError(
            f"{card.title} is on the board already ({same[0].submission.id}): give --supersede to "
            "put this in its place, or name another `run` in the card"
        )
    if request.supersede and not same:
        raise InputError(f"--supersede: no submission of {card.title} is on the board")
    # A row is the mean of its runs under the card of one: nobody else may move it.
    for run in (run for run in runs if run not in same):
        if run.contact != card.contact.lower():
            raise InputError(
                f"{card.model} is on the board with another contact ({run.submission.id}): give "
                "that one in the card, or choose another model name"
            )
        if (run.submission.status == "self-reported") != (request.status == "self-reported"):
            raise InputError(
                f"{card.model} is on the board as {run.submission.status} ({run.submission.id}), "
                f"and this run is {request.status}: a row's scores are all checked or none is; "
                "choose another model name"
            )
    return same[0] if same else None


def _scored(
    temporary: Path,
    folder: Path,
    epoch: Epoch,
    request: Request,
    dataset: str | None,
    on_progress: OnProgress,
) -> tuple[Scored, Path | None, list[str]]:
    """The scores, the plain predictions that gave them, and what was left out."""
    path = request.predictions
    if path.is_symlink() or not path.is_file():
        raise InputError(f"{path} is no regular file; give predictions as .jsonl or .jsonl.gz")
    if path.suffix == ".json":
        if epoch.secret:
            raise InputError("a blind epoch takes predictions only; its answers are secret")
        if request.restored:
            raise InputError(
                f"--restored {request.restored}: images are measured beside predictions; give "
                f"them in place of {path.name}"
            )
        scored = read_score(path)
        check_pinned(epoch, scored, path.name)
        # Nobody scores it again, so what it is a score of has to be seen from those there.
        for there in submission.entries(folder, epoch)[:1]:
            if submission.in_order_of(there.scored.rows, scored.rows) is None:
                raise InputError(
                    f"{path.name} is a score of other samples or types than those on the board: "
                    f"run dubench score on {epoch.dataset}, {epoch.split}"
                )
        return scored, None, []
    data = boards.data_of(folder, epoch, dataset)
    plain = temporary / "predictions.jsonl"
    notes = unpack(path, plain)
    restored = None
    if request.restored:
        restored = temporary / "restored"
        restored_table.unpack(request.restored, restored, frozenset(data.ids))
    scored = score_as_pinned(plain, data, epoch, restored, on_progress, name=str(path))
    return scored, plain, notes


def _store(part: Path, card: Card, scored: Scored, plain: Path | None, request: Request) -> None:
    """Write the files of a submission into the folder `part`."""
    shown = replace(card, contact=submission.WITHHELD)
    (part / submission.CARD).write_text(json.dumps(to_json(shown), indent=1) + "\n", "utf-8")
    (part / submission.CONTACT).write_text(card.contact + "\n", "utf-8")
    write_score(part / submission.SCORE, scored)
    if plain:
        # Without a name and a time, so that the same predictions have the same bytes.
        with (
            plain.open("rb") as source,
            (part / submission.PREDICTIONS).open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(source, packed)
    if request.restored:
        restored_table.write_hashes(request.restored, part / submission.RESTORED)
