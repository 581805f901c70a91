"""Publish a board's pages as a static Space of the Hugging Face Hub."""

import json
from pathlib import Path

from dubench.publish import Upload
from generators.errors import InputError
from leaderboard.site.pieces import MARK
from leaderboard.stored import board as boards
from leaderboard.stored.submission import entries

_CARD = """\
---
title: {title}
emoji: 📷
colorFrom: blue
colorTo: green
sdk: static
app_file: index.html
pinned: false
---
"""


def site_files(folder: Path) -> list[Upload]:
    """The files of a board's site, as built last; nothing else of the board.

    Raises:
        InputError: it is not built, or older than a submission or epoch.
    """
    board = boards.read(folder)
    site = folder / "site"
    first = site / "index.html"
    if not first.is_file() or MARK not in first.read_text("utf-8", "replace"):
        raise InputError(f"{folder}: no pages in it; run dubench leaderboard build {folder} first")
    newest = [entry.folder for entry in entries(folder, board.numbered(None))]
    built = first.stat().st_mtime
    newer = (path.stat().st_mtime > built for path in [*newest, folder / boards.FILE])
    if any(newer):
        raise InputError(f"{folder}: its pages are old; dubench leaderboard build {folder} again")
    paths = sorted(path for path in site.rglob("*") if path.is_file() and not path.is_symlink())
    # YAML reads text as JSON writes it.
    title = json.dumps(board.title, ensure_ascii=False)
    card = Upload("README.md", _CARD.format(title=title).encode())
    return [card, *(Upload(path.relative_to(site).as_posix(), path) for path in paths)]
