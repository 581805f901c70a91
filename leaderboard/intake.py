"""Take a submission in: everything is computed again from the predictions."""

import gzip
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dubench.dataset import Split
from dubench.scoring.score import score
from dubench.scoring.score_files import Scored, read_score, write_score
from dubench.text import STRICT, Repeated
from generators.errors import InputError, plain_errors
from generators.lock import hold_folder
from generators.typed_json import to_json
from leaderboard import board as boards
from leaderboard import restored_table, submission
from leaderboard.board import Epoch
from leaderboard.card import Card, missing, read_card
from leaderboard.submission import Entry, Status, Submission

LARGEST = 512_000_000
"""Bytes of a file of predictions, unpacked."""

_FILE_FIELDS = ("restored", "maps")
"""Fields of predictions that name files, which do not come with them."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What is sent in.

    Attributes:
        predictions: preds.jsonl, or packed with gzip; or a score.json, which nobody checks.
        card: the card's file, or the card.
        restored: Parquet file of restored images.
        reproduced: whether the host ran the model.
        supersede: whether it takes the place of the same model's submission.
        status: by default as the other fields say.
    """

    predictions: Path
    card: Path | Card
    restored: Path | None = None
    reproduced: bool = False
    supersede: bool = False
    status: Status | None = None


def lacking(
    folder: Path, request: Request, dataset: str | None = None
) -> tuple[list[str], Scored | None]:
    """What keeps `request` from being added, a line each, and its scores where it has some."""
    wrong = missing(request.card) if isinstance(request.card, Path) else []
    scored = None
    epoch = boards.read(folder).numbered(None)
    try:
        with tempfile.TemporaryDirectory(prefix="dubench-board-") as temporary:
            scored = _scored(Path(temporary), folder, epoch, request, dataset, _silent)[0]
    except InputError as error:
        wrong.append(str(error))
    if not wrong and not isinstance(request.card, Card):
        try:
            _check_new(folder, epoch, read_card(request.card), request.supersede)
        except InputError as error:
            wrong.append(str(error))
    if scored and scored.rows.missing:
        wrong.append(
            f"{scored.rows.missing:,} of {scored.rows.n:,} images have no prediction; they would "
            "count as wrong"
        )
    return wrong, scored


def _silent(done: int, total: int) -> None:
    pass


@plain_errors()
def add(
    folder: Path,
    request: Request,
    dataset: str | None = None,
    on_progress: OnProgress = _silent,
) -> Entry:
    """Score a submission to the board's open epoch and store it, whole or not at all.

    Args:
        dataset: where the epoch's data are, if not where the board says.
        on_progress: called with how many of how many restored images are measured.

    Raises:
        InputError: the card or the predictions are not what they must be, they were made on other
            data, the same model is there already, the contact has sent enough, or somebody else
            is at work on the board. Nothing is stored then.
    """
    card = request.card if isinstance(request.card, Card) else read_card(request.card)
    with hold_folder(folder):
        epoch = boards.read(folder).numbered(None)
        old = _check_new(folder, epoch, card, request.supersede)
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
                status: Status = request.status or (
                    "self-reported" if not plain else "reproduced" if request.reproduced
                    else "verified"
                )  # fmt: skip
                target = submission.finish(
                    part,
                    Submission(
                        name,
                        epoch.number,
                        datetime.now(UTC).isoformat(timespec="microseconds"),
                        status,
                        old.submission.id if old else None,
                        tuple(notes),
                        submission.hashes(part),
                    ),
                )
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return submission.read(target)


def _check_new(folder: Path, epoch: Epoch, card: Card, supersede: bool) -> Entry | None:
    """The submission in whose place this one goes; InputError if it may not be added."""
    every = submission.entries(folder, epoch)
    limit = boards.read(folder).blind_limit
    sent = sum(entry.contact == card.contact.lower() for entry in every)
    if epoch.secret and sent >= limit:
        raise InputError(
            f"{card.contact} has sent {sent} submissions to this blind epoch, and {limit} are "
            "allowed: each tells something of the answers; wait for the next epoch"
        )
    same = [e for e in submission.current(every) if e.card.title.lower() == card.title.lower()]
    if same and not supersede:
        raise InputError(
            f"{card.title} is on the board already ({same[0].submission.id}): give --supersede to "
            "put this in its place, or name another `run` in the card"
        )
    if supersede and not same:
        raise InputError(f"--supersede: no submission of {card.title} is on the board")
    if same and same[0].submission.status == "reference":
        raise InputError(f"{card.title} is one of the board's own rows; choose another model name")
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
        scored = read_score(path)
        _check_pinned(epoch, scored, path.name)
        return scored, None, []
    data = boards.data_of(folder, epoch, dataset)
    plain = temporary / "predictions.jsonl"
    notes = _unpacked(path, plain)
    restored = None
    if request.restored:
        restored = temporary / "restored"
        restored_table.unpack(request.restored, restored, frozenset(data.ids))
    scored = scored_as_pinned(plain, data, epoch, restored, on_progress, name=str(path))
    return scored, plain, notes


def scored_as_pinned(
    plain: Path,
    data: Split,
    epoch: Epoch,
    restored: Path | None = None,
    on_progress: OnProgress = _silent,
    name: str = "predictions.jsonl",
) -> Scored:
    """Score predictions as the epoch's definitions say.

    Args:
        name: of the predictions, for messages.

    Raises:
        InputError: as `dubench.scoring.score.score`, or this dubench is not the epoch's scorer.
    """
    try:
        scored = score(
            plain,
            data.where,
            data.name,
            metrics=epoch.metrics if restored else None,
            restored=restored,
            on_progress=on_progress,
        )
    except InputError as error:
        message = str(error).replace(str(plain), name)
        raise InputError(message.replace(f"{plain.parent}/", "")) from None
    _check_pinned(epoch, scored, name)
    return scored


def _check_pinned(epoch: Epoch, scored: Scored, name: str) -> None:
    """Raise InputError unless a score is of the epoch's data and scorer."""
    result = scored.result
    if result.content_id != epoch.content_id:
        raise InputError(
            f"{name} is a score on other data (content_id {str(result.content_id)[:12]}…, the "
            f"board has {epoch.content_id[:12]}…): run dubench predict and dubench score on "
            f"{epoch.dataset}, {epoch.split}"
        )
    version = result.signature.partition("|")[0].removeprefix("dubench:")
    if version != epoch.scorer:
        raise InputError(
            f"{name} was scored by dubench {version}, and this epoch is pinned to {epoch.scorer}: "
            f'pip install "dubench=={epoch.scorer}.*" and run it again, or open a new epoch'
        )


def _unpacked(path: Path, plain: Path) -> list[str]:
    """Write the predictions of `path`, packed or not, without the fields that name files.

    Returns:
        what was left out.

    Raises:
        InputError: they are too large, or not what their suffix says.
    """
    left_out = dict.fromkeys(_FILE_FIELDS, 0)
    with _bounded(path) as lines, plain.open("wb") as out:
        for line in lines:
            if any(f'"{field}"'.encode() in line for field in _FILE_FIELDS):
                line = _without_files(line, left_out)
            out.write(line)
    return [
        f"`{field}` of {count:,} predictions was left out: a board takes no files they name"
        for field, count in left_out.items()
        if count
    ]


def _without_files(line: bytes, left_out: dict[str, int]) -> bytes:
    try:
        record = STRICT.decode(line.decode())
    except (ValueError, RecursionError):
        return line  # the scorer says what is wrong
    if not isinstance(record, dict) or isinstance(record, Repeated):
        return line
    there = [field for field in _FILE_FIELDS if record.pop(field, None) is not None]
    for field in there:
        left_out[field] += 1
    return f"{json.dumps(record)}\n".encode() if there else line


@contextmanager
def _bounded(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, unpacked; InputError past LARGEST bytes."""
    too_large = InputError(
        f"{path}: more than {LARGEST // 10**6} MB of predictions, unpacked; is it the right file?"
    )
    if path.stat().st_size > LARGEST:
        raise too_large

    def lines() -> Iterator[bytes]:
        size = 0
        # A line of a bomb has no end: it is read in parts.
        while part := file.readline(LARGEST // 16):
            size += len(part)
            if size > LARGEST:
                raise too_large
            yield part

    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            yield lines()
        except (gzip.BadGzipFile, EOFError) as error:
            raise InputError(f"{path} cannot be unpacked: {error}; pack it again") from None


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
