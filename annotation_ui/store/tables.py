"""The review's tables, and how its file is created and opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from generators.errors import InputError
from generators.files import whole

APPLICATION = int.from_bytes(b"duRV")
VERSION = 2
BUSY = 60.0

# Events are the truth and only ever grow, and so do `rulings`, the owner's; `leases` is working
# state: at most one per reviewer, left standing after it expired, because its answer is still
# welcome while nobody took the item. A submit's token is used once, so the undo of the same token
# is the undo of that submit, and a discard its end by the owner. `items.judged` counts verdicts,
# `touched` all that was ever given or skipped, `closed` says why nobody is given the item any more:
# kept by triggers, so that the next item is found in time that does not grow with what is done.
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
  touched INTEGER NOT NULL DEFAULT 0,
  closed TEXT CHECK (closed IN ('broken', 'settled')),
  CHECK ((kind = 'repeat') = (of_item IS NOT NULL)),
  CHECK ((kind = 'gold') = (expected IS NOT NULL))
) STRICT;
CREATE INDEX open_items ON items (rank, kind) WHERE judged < needs AND closed IS NULL;

CREATE TABLE examples (n INTEGER PRIMARY KEY, example TEXT NOT NULL) STRICT;

CREATE TABLE reviewers (
  name TEXT PRIMARY KEY,
  folded TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('reviewer', 'owner')),
  salt BLOB NOT NULL,
  hash BLOB NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  invitation BLOB UNIQUE,
  invited_until TEXT,
  created TEXT NOT NULL,
  CHECK ((invitation IS NULL) = (invited_until IS NULL))
) STRICT;

CREATE TABLE failures (folded TEXT PRIMARY KEY, count INTEGER NOT NULL, until TEXT NOT NULL) STRICT;

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
    CHECK (action IN
      ('lease', 'renew', 'expire', 'release', 'submit', 'skip', 'broken', 'undo', 'discard')),
  token TEXT NOT NULL,
  verdict TEXT CHECK (verdict IN ('accept', 'reject')),
  reasons TEXT NOT NULL DEFAULT '[]',
  note TEXT NOT NULL DEFAULT '',
  seconds REAL,
  CHECK ((action = 'submit') = (verdict IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX leased ON events (token) WHERE action = 'lease';
CREATE UNIQUE INDEX submitted ON events (token) WHERE action = 'submit';
CREATE UNIQUE INDEX undone ON events (token) WHERE action IN ('undo', 'discard');
CREATE INDEX given_by_item ON events (item, reviewer, token) WHERE action IN ('submit', 'skip');
CREATE INDEX submitted_by_reviewer ON events (reviewer, n) WHERE action = 'submit';
CREATE INDEX skipped_by_reviewer ON events (reviewer, n) WHERE action = 'skip';

CREATE TABLE rulings (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  owner TEXT NOT NULL,
  item TEXT NOT NULL REFERENCES items,
  verdict TEXT CHECK (verdict IN ('accept', 'reject')),
  note TEXT NOT NULL
) STRICT;
CREATE INDEX rulings_by_item ON rulings (item, n);

CREATE TRIGGER events_stay BEFORE DELETE ON events
  BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
CREATE TRIGGER events_stand BEFORE UPDATE ON events
  BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER one_more AFTER INSERT ON events WHEN new.action = 'submit'
  BEGIN UPDATE items SET judged = judged + 1, touched = touched + 1 WHERE item = new.item; END;
CREATE TRIGGER one_passed AFTER INSERT ON events WHEN new.action = 'skip'
  BEGIN UPDATE items SET touched = touched + 1 WHERE item = new.item; END;
CREATE TRIGGER one_less AFTER INSERT ON events WHEN new.action IN ('undo', 'discard')
  AND EXISTS (SELECT 1 FROM events WHERE action = 'submit' AND token = new.token)
  BEGIN UPDATE items SET judged = judged - 1 WHERE item = new.item; END;
CREATE TRIGGER put_aside AFTER INSERT ON events WHEN new.action = 'broken'
  BEGIN UPDATE items SET closed = 'broken' WHERE item = new.item; END;
CREATE TRIGGER rulings_stay BEFORE DELETE ON rulings
  BEGIN SELECT raise(ABORT, 'rulings are never deleted'); END;
CREATE TRIGGER rulings_stand BEFORE UPDATE ON rulings
  BEGIN SELECT raise(ABORT, 'rulings are never changed'); END;
CREATE TRIGGER ruled AFTER INSERT ON rulings
  BEGIN UPDATE items SET closed = iif(new.verdict IS NULL, NULL, 'settled')
    WHERE item = new.item; END;

CREATE VIEW given AS
  SELECT n, at, reviewer, item, token, action, verdict, reasons, note, seconds FROM events AS one
  WHERE action IN ('submit', 'skip') AND NOT EXISTS (
    SELECT 1 FROM events AS back
    WHERE back.action IN ('undo', 'discard') AND back.token = one.token
  );
CREATE VIEW verdicts AS
  SELECT n, at, reviewer, item, token, verdict, reasons, note, seconds FROM events AS one
  WHERE action = 'submit' AND NOT EXISTS (
    SELECT 1 FROM events AS back
    WHERE back.action IN ('undo', 'discard') AND back.token = one.token
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
        # Notes, names and hashed passwords are for this user alone; SQLite gives what it writes
        # beside the file the file's own mode.
        part.touch(0o600)
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
