"""The review's tables, and how its file is created and opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from generators.errors import InputError
from generators.files import whole

APPLICATION = int.from_bytes(b"duRV")
VERSION = 1
BUSY = 60.0

# Events are the truth and only ever grow; `leases` is working state: at most one per reviewer,
# left standing after it expired, because its answer is still welcome while nobody took the item.
# A submit's token is used once, so the undo of the same token is the undo of that submit.
# `items.judged` counts verdicts, kept by triggers, so that the next item is found in time that does
# not grow with what is done.
SCHEMA = """
CREATE TABLE plan (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE items (
  item TEXT PRIMARY KEY,
  sample_id TEXT NOT NULL,
  split TEXT NOT NULL,
  type TEXT NOT NULL,
  severity TEXT,
  source TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sample', 'gold', 'repeat')),
  needs INTEGER NOT NULL CHECK (needs > 0),
  rank INTEGER NOT NULL UNIQUE,
  shown TEXT NOT NULL,
  clean_image TEXT NOT NULL,
  degraded_image TEXT NOT NULL,
  depth_image TEXT,
  transmission_image TEXT,
  of_item TEXT REFERENCES items DEFERRABLE INITIALLY DEFERRED,
  expected TEXT,
  flags TEXT NOT NULL,
  residual REAL,
  judged INTEGER NOT NULL DEFAULT 0 CHECK (judged BETWEEN 0 AND needs),
  CHECK ((kind = 'repeat') = (of_item IS NOT NULL)),
  CHECK ((kind = 'gold') = (expected IS NOT NULL))
) STRICT;
CREATE INDEX open_items ON items (rank, kind) WHERE judged < needs;

CREATE TABLE reviewers (
  name TEXT PRIMARY KEY,
  salt BLOB NOT NULL,
  hash BLOB NOT NULL,
  created TEXT NOT NULL
) STRICT;

CREATE TABLE failures (name TEXT PRIMARY KEY, count INTEGER NOT NULL, until TEXT NOT NULL) STRICT;

CREATE TABLE leases (
  reviewer TEXT PRIMARY KEY REFERENCES reviewers,
  item TEXT NOT NULL REFERENCES items,
  token TEXT NOT NULL UNIQUE,
  expires TEXT NOT NULL
) STRICT;
CREATE INDEX leases_by_item ON leases (item);

CREATE TABLE events (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  reviewer TEXT NOT NULL REFERENCES reviewers,
  item TEXT NOT NULL REFERENCES items,
  action TEXT NOT NULL
    CHECK (action IN ('lease', 'renew', 'expire', 'release', 'submit', 'undo')),
  token TEXT NOT NULL,
  verdict TEXT CHECK (verdict IN ('accept', 'reject')),
  reasons TEXT NOT NULL DEFAULT '[]',
  note TEXT NOT NULL DEFAULT '',
  seconds REAL,
  CHECK ((action = 'submit') = (verdict IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX leased ON events (token) WHERE action = 'lease';
CREATE UNIQUE INDEX submitted ON events (token) WHERE action = 'submit';
CREATE UNIQUE INDEX undone ON events (token) WHERE action = 'undo';
CREATE INDEX submitted_by_item ON events (item, reviewer, token) WHERE action = 'submit';
CREATE INDEX submitted_by_reviewer ON events (reviewer, n) WHERE action = 'submit';

CREATE TRIGGER events_stay BEFORE DELETE ON events
  BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
CREATE TRIGGER events_stand BEFORE UPDATE ON events
  BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER one_more AFTER INSERT ON events WHEN new.action = 'submit'
  BEGIN UPDATE items SET judged = judged + 1 WHERE item = new.item; END;
CREATE TRIGGER one_less AFTER INSERT ON events WHEN new.action = 'undo'
  BEGIN UPDATE items SET judged = judged - 1 WHERE item = new.item; END;

CREATE VIEW verdicts AS
  SELECT n, at, reviewer, item, token, verdict, reasons, note, seconds FROM events AS given
  WHERE action = 'submit' AND NOT EXISTS (
    SELECT 1 FROM events AS back WHERE back.action = 'undo' AND back.token = given.token
  );
"""


@contextmanager
def create_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Give an empty store to fill in; it is at `path` once it is whole.

    InputError if a store is there.
    """
    if path.exists():
        raise InputError(f"{path}: there is a review already; plan into another folder")
    with whole(path) as part:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(f"BEGIN; {SCHEMA}")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
        # SQLite would read what a deleted store left behind into the new one.
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the store at `path`, for one thread; InputError if it is none of ours."""
    if not path.is_file():
        raise InputError(f"{path}: no such review; make one with `dubench review plan`")
    # mode=rw, because SQLite would make a missing file.
    where = f"{path.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(where, uri=True, isolation_level=None, timeout=BUSY)
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        connection.close()
        raise InputError(f"{path}: not a review ({error})") from None
    if application != APPLICATION or version != VERSION:
        connection.close()
        if application != APPLICATION:
            raise InputError(f"{path}: an SQLite file, but not a review")
        raise InputError(f"{path}: format {version} of another dubench; this one reads {VERSION}")
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # Commits reach the disk before they return, so a saved verdict survives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read what is there at one moment, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("COMMIT")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write alone from the first line on; all of it is kept, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back where the disk failed.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def stamp(time: datetime) -> str:
    """A time as the tables keep it: UTC, of one length, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
