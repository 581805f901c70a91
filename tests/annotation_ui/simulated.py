"""A review carried out by simulated people, through a real store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from annotation_ui.store.records import Item
from annotation_ui.store.review_store import Store
from generators.dataset.schema import severity
from generators.presets import load
from generators.taxonomy import TYPES
from tests.annotation_ui.plans import gold, repeat, sample

Judge = Callable[[Item, np.random.Generator], bool]
"""Whether a simulated person rejects an item."""


def drawn_items(per_type: int, overlap: int, golds: int, repeats: int, seed: int = 0) -> list[Item]:
    """Samples of the four types as the preset draws them: every `overlap`-th needs two reviewers.

    The first half of the samples is test, the rest train.
    """
    rng = np.random.default_rng(seed)
    preset = load("du110k")
    kinds = [kind for kind in preset.types for _ in range(per_type)]
    kinds = [kinds[i] for i in rng.permutation(len(kinds))]
    made = []
    for rank, kind in enumerate(kinds):
        values = preset.draw(kind, rng)
        tuples = [[kind, key.name, values[key.name]] for key in TYPES[kind].keys]
        item = sample(rank, 2 if rank % overlap == 0 else 1, kind)
        split = "test" if rank < len(kinds) / 2 else "train"
        grade = "slight" if kind == "low_light" else severity(kind, values)
        shown = {"type": kind, "tuples": tuples, "size": 64}
        made.append(replace(item, split=split, severity=grade, shown=shown))
    planted = [gold(len(made) + i) for i in range(golds)]
    again = [repeat(len(made) + golds + i, i * 3) for i in range(repeats)]
    return made + planted + again


def unreviewed(items: Sequence[Item], more: int) -> list[list[str | int | None]]:
    """The plan's count of rows: those of `items`, and `more` times as many for train."""
    counts: dict[tuple[str, str, str | None, str], int] = {}
    for item in items:
        if item.kind == "sample":
            home = item.split, item.type, item.severity, item.source
            counts[home] = counts.get(home, 0) + (1 if item.split == "test" else 1 + more)
    return [[*home, count] for home, count in counts.items()]


def reviewed(
    path: Path, items: Sequence[Item], judges: dict[str, Judge], more: int = 9, seed: int = 0
) -> Store:
    """A store in which each of `judges` took and answered items in turn until none was left."""
    plan = {"dataset": "du110k", "unreviewed": unreviewed(items, more)}
    store = Store.create(path, plan, items)
    rng = np.random.default_rng(seed)
    for reviewer in judges:
        store.add_reviewer(reviewer, "a long password")
    waiting = list(judges)
    while waiting:
        for reviewer in list(waiting):
            lease = store.lease(reviewer)
            if lease is None:
                waiting.remove(reviewer)
                continue
            bad = judges[reviewer](lease.item, rng)
            verdict, reasons = ("reject", ("unnatural look",)) if bad else ("accept", ())
            spent = float(rng.lognormal(1.2, 0.4))
            store.submit(lease.token, reviewer, verdict, reasons, seconds=spent)
    return store


def value(item: Item, key: str) -> float:
    """A scalar that the item shows."""
    return float(next(v for _, k, v in item.shown["tuples"] if k == key))


def original(item: Item) -> str:
    """The item that is looked at: a repeat's is the one it repeats."""
    return item.of_item or item.item
