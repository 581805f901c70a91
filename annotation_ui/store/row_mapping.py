"""The tables' rows as items, answers, verdicts and events, and back."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from annotation_ui.store.items import Item
from annotation_ui.store.records import Answer, Event, Ruling, Verdict
from annotation_ui.store.tables import stamp
from generators.typed_json import JSON_NAME, from_json, to_json

_JSON = ("shown", "expected", "flags")
_COLUMNS = [field.metadata.get(JSON_NAME, field.name) for field in fields(Item)]
_PLACES = ", ".join(f":{name}" for name in _COLUMNS)
INSERT_ITEM = f"INSERT INTO items ({', '.join(_COLUMNS)}) VALUES ({_PLACES})"


def row_of(item: Item) -> Mapping[str, Any]:
    """What `INSERT_ITEM` takes."""
    row = to_json(item)
    for name in _JSON:
        if row[name] is not None:
            row[name] = json.dumps(row[name], ensure_ascii=False)
    return row


def item_of(row: sqlite3.Row) -> Item:
    """The item in a row of `items`; InputError if another version wrote it."""
    columns = {name: row[name] for name in _COLUMNS}
    for name in _JSON:
        if columns[name] is not None:
            columns[name] = json.loads(columns[name])
    return from_json(Item, columns, f"the review's item {row['item']}")


def answer_of(row: sqlite3.Row) -> Answer:
    """The answer in a row of `given` or `verdicts`, or a submit or skip of `events`."""
    return Answer(row["verdict"], tuple(json.loads(row["reasons"])), row["note"])


def verdict_of(row: sqlite3.Row) -> Verdict:
    """The verdict in a row of `verdicts` joined with `items`."""
    return Verdict(
        item=row["item"],
        sample_id=row["sample_id"],
        role=row["kind"],
        type=row["type"],
        reviewer=row["reviewer"],
        verdict=row["verdict"],
        reasons=tuple(json.loads(row["reasons"])),
        note=row["note"],
        at=datetime.fromisoformat(row["at"]),
    )


def event_of(row: sqlite3.Row) -> Event:
    """The event in a row of `events`."""
    columns = dict(row)
    at, reasons = datetime.fromisoformat(row["at"]), tuple(json.loads(row["reasons"]))
    return Event(**columns | {"at": at, "reasons": reasons})


def ruling_of(row: sqlite3.Row) -> Ruling:
    """The ruling in a row of `rulings`."""
    return Ruling(
        row["item"], row["verdict"], row["note"], row["owner"], datetime.fromisoformat(row["at"])
    )


def add_event(
    db: sqlite3.Connection,
    now: datetime,
    reviewer: str,
    item: str,
    action: str,
    token: str,
    answer: Answer | None = None,
    seconds: float | None = None,
) -> None:
    """Write an event."""
    verdict, reasons, note = (
        (answer.verdict, answer.reasons, answer.note) if answer else (None, (), "")
    )
    db.execute(
        "INSERT INTO events (at, reviewer, item, action, token, verdict, reasons, note, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stamp(now), reviewer, item, action, token, verdict, json.dumps(reasons), note, seconds),
    )
