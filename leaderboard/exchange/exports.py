"""Write a board in the exchange formats of the field."""

import re
import shutil
from pathlib import Path
from typing import Literal

from generators.errors import InputError, plain_errors
from generators.files import beside
from leaderboard.exchange import every_eval_ever, hub
from leaderboard.stored import board as boards
from leaderboard.stored.submission import current, entries

Format = Literal["eee", "hub"]


@plain_errors()
def export(
    folder: Path,
    out: Path,
    form: Format,
    number: int | None = None,
    dataset: str | None = None,
    url: str | None = None,
) -> list[Path]:
    """Write the submissions to an epoch, superseded ones left out, into the new folder `out`.

    Args:
        form: `eee`, Every Eval Ever; `hub`, the Hub's eval.yaml and .eval_results.
        number: of the epoch, the open one by default.
        dataset, url: for `hub`: OWNER/NAME of the dataset there, and the board's address.

    Returns:
        the files.

    Raises:
        InputError: `out` is there already, there is no such board or epoch, or `hub` lacks a
            dataset.
    """
    board = boards.read(folder)
    epoch = board.numbered(number)
    if out.exists():
        raise InputError(f"--out {out} is there already; choose another")
    kept = current(entries(folder, epoch))
    part = beside(out, ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        if form == "eee":
            files = every_eval_ever.write(board, epoch, kept, part)
        else:
            if not dataset or not re.fullmatch(r"[\w.-]+/[\w.-]+", dataset):
                raise InputError("--hub-dataset: name the dataset on the Hub, as OWNER/NAME")
            if url and not url.startswith("https://"):
                raise InputError(f"--url {url}: give an address that begins with https://")
            files = hub.write(board, epoch, kept, part, dataset, url)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return [out / file.relative_to(part) for file in files]
