"""Small review plans for tests."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from annotation_ui.store.records import EVERYBODY, Item


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.time = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def passes(self, minutes: float) -> None:
        self.time += timedelta(minutes=minutes)


def name(rank: int) -> str:
    return f"{rank:016x}"


def sample(rank: int, needs: int = 1, type: str = "blur") -> Item:
    return Item(
        item=name(rank),
        sample_id=f"du-{rank:08d}",
        split="test",
        type=type,
        severity="slight",
        source="folder",
        kind="sample",
        needs=needs,
        rank=rank,
        shown={"type": type, "tuples": [[type, "sigma", 3.0]], "size": 256},
        clean_image=f"{rank:032x}.png",
        degraded_image=f"{rank + 1:032x}.png",
        flags=({"flag": "implausible", "text": "σ > 8 px"},),
        residual=0.0,
    )


def gold(rank: int) -> Item:
    expected = {"verdict": "reject", "why": "wrong parameter"}
    told = sample(rank).__dict__ | {"kind": "gold", "needs": EVERYBODY, "expected": expected}
    return Item(**told)


def repeat(rank: int, of: int) -> Item:
    return Item(**sample(rank).__dict__ | {"kind": "repeat", "of_item": name(of)})


def samples(needs: Sequence[int]) -> list[Item]:
    return [sample(rank, count) for rank, count in enumerate(needs)]


def integrity(path: Path) -> str:
    """What SQLite finds wrong with the file at `path`; `ok` if nothing."""
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        return db.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        db.close()
