"""demo.json: which steps of a demo are done, what they printed, and how long they took."""

import json
from dataclasses import dataclass
from pathlib import Path

from generators.errors import InputError
from generators.files import write_whole
from generators.lock import FOLDER_LOCK
from generators.typed_json import from_json, to_json

FILE = "demo.json"


@dataclass(frozen=True)
class Ran:
    """One command that ran.

    Attributes:
        line: as it is typed.
        output: what it printed.
        seconds: that it took.
    """

    line: str
    output: str
    seconds: float


@dataclass(frozen=True)
class Journal:
    """What a demo has done so far.

    Attributes:
        steps: by name, in their order, the commands of those that are done.
        begun: the step that was begun last.
        finished: whether the page is written.
    """

    steps: dict[str, tuple[Ran, ...]]
    begun: str = ""
    finished: bool = False

    @property
    def commands(self) -> list[Ran]:
        """Every command, in order."""
        return [ran for step in self.steps.values() for ran in step]


def check_out(out: Path) -> None:
    """Raise InputError unless `out` is new, empty or an earlier demo's folder."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: a file has this name; name a folder")
    if not out.exists() or (out / FILE).is_file():
        return
    if any(entry.name != FOLDER_LOCK for entry in out.iterdir()):
        raise InputError(
            f"--out {out} holds something that is no demo; remove it, or name a new folder"
        )


def read(out: Path) -> Journal | None:
    """The journal in `out`; None where there is none, or none that can be gone on with."""
    try:
        return from_json(Journal, json.loads((out / FILE).read_text("utf-8")), FILE)
    except (FileNotFoundError, ValueError):  # InputError is one
        return None


def write(out: Path, journal: Journal) -> Journal:
    """Keep `journal`; returns it."""
    write_whole(out / FILE, json.dumps(to_json(journal), indent=1, ensure_ascii=False) + "\n")
    return journal
