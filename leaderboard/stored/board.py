"""A board on disk: its epochs, each pinned to one test split and one scorer, and their data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dubench.dataset import Split, open_split
from generators.errors import InputError, one_line
from generators.files import write_whole
from generators.typed_json import from_json, to_json

FILE, HOST_FILE = "board.json", "host.json"
FORMAT = 1
DEFAULT_TITLE = "Degradation understanding"


@dataclass(frozen=True)
class Epoch:
    """One test split that submissions are ranked on.

    Attributes:
        number: from 1.
        dataset: its title.
        split, preset, n: as in its scores; preset None where nobody says.
        content_id, recipe_id: of the split.
        blind: whether the answers are the host's alone as long as the epoch is open.
        scorer: version of dubench that scores are made with, as in their signature.
        metrics: of restored images, as `--metrics`.
        opened: day, YYYY-MM-DD. closed: the same; None while it takes submissions.
    """

    number: int
    dataset: str
    split: str
    preset: str | None
    n: int
    content_id: str
    recipe_id: str | None
    blind: bool
    scorer: str
    metrics: str
    opened: str
    closed: str | None = None

    @property
    def secret(self) -> bool:
        """Whether nothing may be published that tells an answer."""
        return self.blind and self.closed is None


@dataclass(frozen=True)
class Board:
    """board.json.

    Attributes:
        title: of its pages.
        epochs: the last is the one that takes submissions; empty before the first.
        blind_limit: submissions of one contact to a blind epoch.
        format: of the file.
    """

    title: str
    epochs: tuple[Epoch, ...] = ()
    blind_limit: int = 10
    format: int = FORMAT

    @property
    def epoch(self) -> Epoch:
        """The one that takes submissions."""
        return self.epochs[-1]

    def numbered(self, number: int | None) -> Epoch:
        """An epoch by its number, the last by default; InputError if there is none."""
        if not self.epochs:
            raise InputError("the board has no epoch yet; dubench leaderboard epoch opens one")
        if number is None:
            return self.epoch
        for epoch in self.epochs:
            if epoch.number == number:
                return epoch
        raise InputError(f"--epoch {number}: the board has 1 to {self.epochs[-1].number}")


@dataclass(frozen=True)
class _Host:
    """host.json: what stays with the host.

    Attributes:
        data: number of an epoch → folder of its dataset, with the answers.
    """

    data: Mapping[str, str]


def create(folder: Path, title: str) -> Board:
    """Make the folder of a new board.

    Raises:
        InputError: it holds something, or the title is empty.
    """
    title = one_line(title)
    if not title:
        raise InputError("--title is empty; give the board a name")
    if folder.exists() and (
        not folder.is_dir() or any(p.name != ".lock" for p in folder.iterdir())
    ):
        raise InputError(f"{folder} is not empty; choose a new folder for the board")
    folder.mkdir(parents=True, exist_ok=True)
    board = Board(title)
    write(folder, board)
    return board


def read(folder: Path) -> Board:
    """Read board.json; InputError if it is missing or damaged."""
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder} holds no board ({FILE}); dubench leaderboard epoch makes one")
    board = from_json(Board, read_json(path), str(path))
    if board.format != FORMAT:
        raise InputError(f"{path} is of format {board.format}, and this dubench reads {FORMAT}")
    if board.blind_limit < 1:
        raise InputError(f"{path}: blind_limit is {board.blind_limit}; give 1 or more")
    return board


def write(folder: Path, board: Board) -> None:
    """Write board.json, whole or not at all."""
    write_whole(folder / FILE, json.dumps(to_json(board), indent=1) + "\n")


def open_epoch(folder: Path, dataset: str, split: str, metrics: str) -> Board:
    """Close the open epoch and open one on a dataset, which must have its answers.

    Raises:
        InputError: the dataset cannot be opened, has no answers or no content_id, or is that of an
            earlier epoch.
    """
    from dubench.scoring.signature import release

    board = read(folder)
    data = open_split(dataset, split)
    identity = data.identity
    blind = _has_public_twin(Path(dataset))
    if data.blind or not identity["content_id"]:
        data.ground_truth()
        raise InputError(f"{dataset}: nothing says what it holds (no recipe.json)")
    if any(epoch.content_id == identity["content_id"] for epoch in board.epochs):
        raise InputError(f"{dataset} is the data of an earlier epoch; draw another")
    today = datetime.now(UTC).date().isoformat()
    epoch = Epoch(
        number=len(board.epochs) + 1,
        dataset=data.title.removesuffix(".answers"),
        split=split,
        preset=data.preset.name if data.preset else None,
        n=data.n,
        content_id=identity["content_id"],
        recipe_id=identity["recipe_id"],
        blind=blind,
        scorer=release(),
        metrics=metrics,
        opened=today,
    )
    before = tuple(replace(e, closed=e.closed or today) for e in board.epochs)
    host = _host(folder)
    where = str(Path(dataset).expanduser().absolute()) if Path(dataset).exists() else dataset
    _write_host(folder, _Host({**host.data, str(epoch.number): where}))
    board = replace(board, epochs=(*before, epoch))
    write(folder, board)
    return board


def _has_public_twin(answers: Path) -> bool:
    """Whether `answers` are those of a blind split, beside which the public folder lies."""
    return answers.name.endswith(".answers")


def data_of(folder: Path, epoch: Epoch, dataset: str | None = None) -> Split:
    """The data of an epoch, with answers.

    Args:
        dataset: where they are, if not where they were when the epoch was opened.

    Raises:
        InputError: they cannot be opened, or are others.
    """
    where = dataset or _host(folder).data.get(str(epoch.number))
    if where is None:
        raise InputError(
            f"{folder}: nothing says where the data of epoch {epoch.number} are; give --dataset"
        )
    data = open_split(where, epoch.split)
    if data.blind:
        data.ground_truth()
    if data.identity["content_id"] != epoch.content_id:
        raise InputError(
            f"{where} is not the data of epoch {epoch.number} (content_id "
            f"{str(data.identity['content_id'])[:12]}…, the board has {epoch.content_id[:12]}…); "
            "give --dataset the ones it was opened with"
        )
    return data


def _host(folder: Path) -> _Host:
    path = folder / HOST_FILE
    return from_json(_Host, read_json(path), str(path)) if path.is_file() else _Host({})


def _write_host(folder: Path, host: _Host) -> None:
    write_whole(folder / HOST_FILE, json.dumps(to_json(host), indent=1) + "\n")


def read_json(path: Path) -> object:
    """What a JSON file holds; InputError if it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise InputError(f"{path} is damaged: not JSON") from None
