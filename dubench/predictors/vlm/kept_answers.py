"""Answers that were paid for, kept so that no one pays twice: one SQLite file per user."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dubench.duvlm.prompts import Question
from dubench.predictors.vlm.asking import Reply
from generators.errors import InputError
from generators.files import from_home
from generators.images import pixel_hash


def cache_file() -> Path:
    """Where the answers are kept: in $XDG_CACHE_HOME or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return from_home(home) / "dubench" / "answers.sqlite"


def key_of(model: Mapping[str, Any], question: Question) -> str:
    """What an answer is found by: whose it is, by which options, and to what.

    Args:
        model: plain JSON that tells the model, its server and all options.
        question: texts and pictures, in their order.
    """
    parts = [
        part if isinstance(part, str) else {"shape": part.shape, "sha256": pixel_hash(part)}
        for part in question
    ]
    text = json.dumps([dict(model), parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class KeptAnswers:
    """The answers kept in one file; every one is on the disk once `put` returns."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def get(self, key: str) -> Reply | None:
        """The reply kept under `key`, if there is one."""
        row = self._database.execute("SELECT reply FROM answers WHERE key = ?", [key]).fetchone()
        return Reply(**json.loads(row[0])) if row else None

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply."""
        kept = {"text": reply.text, "cut": reply.cut, "fields": dict(reply.fields)}
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?)", [key, json.dumps(kept)]
            )


@contextmanager
def kept_answers() -> Iterator[KeptAnswers]:
    """Open the file of answers, which is made if it is not there.

    Raises:
        InputError: it cannot be written, or is damaged.
    """
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=60)) as database:
            # Readers do not wait for a writer, and what a killed process put is there.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, reply TEXT NOT NULL)"
            )
            yield KeptAnswers(database)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"the answers kept in {path} cannot be used ({reason}); free the disk, delete the "
            "file, or let $XDG_CACHE_HOME name another folder"
        ) from None
