"""Small review plans for tests."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from annotation_ui.store.items import EVERYBODY, Expected, Flag, Item, Shown
from annotation_ui.store.review_plan import PlanCounts, ReviewPlan, StratumRows


class Clock:
    """A clock that moves by `passes` alone."""

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
        role="sample",
        needs=needs,
        rank=rank,
        shown=Shown(type, ((type, "sigma", 3.0),), 256, None, "folder"),
        clean_image=f"{rank:032x}.png",
        degraded_image=f"{rank + 1:032x}.png",
        flags=(Flag("implausible", "σ > 8 px"),),
        pixel_residual=0.0,
    )


def gold(rank: int) -> Item:
    expected = Expected("reject", "wrong parameter", "sigma is 3, shown as 7.5")
    return replace(sample(rank), role="gold", needs=EVERYBODY, expected=expected)


def repeat(rank: int, of: int) -> Item:
    return replace(sample(rank), role="repeat", of_item=name(of))


def samples(needs: Sequence[int]) -> list[Item]:
    return [sample(rank, count) for rank, count in enumerate(needs)]


def review_plan(unreviewed: tuple[StratumRows, ...] = ()) -> ReviewPlan:
    """A plan as the store keeps it, of no dataset that is there."""
    counts = PlanCounts({"test": 1}, 0, 0, {}, 0, {}, ("blur",))
    created = "2024-02-29T00:00:00+00:00"
    return ReviewPlan("du110k", {}, 10, 0.1, 0, 0.18, created, counts, unreviewed)


def integrity(path: Path) -> str:
    """What SQLite finds wrong with the file at `path`; `ok` if nothing."""
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        return db.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        db.close()
