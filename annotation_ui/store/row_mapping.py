"""The tables' rows as records, and back."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from annotation_ui.store.records import Answer, Event, Item, Verdict
from annotation_ui.store.tables import stamp

_JSON = ("shown", "expected", "flags")
_COLUMNS = [field.name for field in fields(Item)]
_PLACES = ", ".join(f":{name}" for name in _COLUMNS)
INSERT_ITEM = f"INSERT INTO items ({', '.join(_COLUMNS)}) VALUES ({_PLACES})"


def row_of(item: Item) -> Mapping[str, Any]:
    """What `INSERT_ITEM` takes."""
    row = {name: getattr(item, name) for name in _COLUMNS}
    for name in _JSON:
        if row[name] is not None:
            row[name] = json.dumps(row[name], ensure_ascii=False)
    return row


def item_of(row: sqlite3.Row) -> Item:
    """The item in a row of `items`."""
    told = {name: row[name] for name in _COLUMNS}
    for name in _JSON:
        if told[name] is not None:
            told[name] = json.loads(told[name])
    return Item(**told | {"flags": tuple(told["flags"])})


def answer_of(row: sqlite3.Row) -> Answer:
    """The answer in a row of `verdicts` or a submit of `events`."""
    return Answer(row["verdict"], tuple(json.loads(row["reasons"])), row["note"])


def verdict_of(row: sqlite3.Row) -> Verdict:
    """The verdict in a row of `verdicts` joined with `items`."""
    answer = answer_of(row)
    return Verdict(
        item=row["item"],
        sample_id=row["sample_id"],
        kind=row["kind"],
        type=row["type"],
        reviewer=row["reviewer"],
        verdict=answer.verdict,
        reasons=answer.reasons,
        note=answer.note,
        at=datetime.fromisoformat(row["at"]),
    )


def event_of(row: sqlite3.Row) -> Event:
    """The event in a row of `events`."""
    told = dict(row)
    at, reasons = datetime.fromisoformat(told["at"]), tuple(json.loads(told["reasons"]))
    return Event(**told | {"at": at, "reasons": reasons})


def record(
    db: sqlite3.Connection,
    now: datetime,
    reviewer: str,
    item: str,
    action: str,
    token: str,
    answer: Answer | None = None,
    seconds: float | None = None,
) -> None:
    """Add an event."""
    verdict, reasons, note = (
        (answer.verdict, answer.reasons, answer.note) if answer else (None, (), "")
    )
    db.execute(
        "INSERT INTO events (at, reviewer, item, action, token, verdict, reasons, note, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stamp(now), reviewer, item, action, token, verdict, json.dumps(reasons), note, seconds),
    )
