"""A review carried out by simulated people, through a real store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from annotation_ui.store.items import Item, Shown
from annotation_ui.store.review_plan import StratumRows
from annotation_ui.store.review_store import ReviewStore
from generators.dataset.schema import severity
from generators.presets import load
from generators.taxonomy import TYPES, Degradation
from tests.annotation_ui.plans import gold, repeat, review_plan, sample

Judge = Callable[[Item, np.random.Generator], bool]
"""Whether a simulated person rejects an item."""


def drawn_items(per_type: int, overlap: int, golds: int, repeats: int, seed: int = 0) -> list[Item]:
    """Samples of the four types as the preset draws them: every `overlap`-th needs two reviewers.

    The first half of the samples is test, the rest train.
    """
    rng = np.random.default_rng(seed)
    preset = load("du110k")
    types = [name for name in preset.types for _ in range(per_type)]
    types = [types[i] for i in rng.permutation(len(types))]
    items = []
    for rank, name in enumerate(types):
        values = preset.draw(name, rng)
        tuples = tuple((name, key.name, values[key.name]) for key in TYPES[name].keys)
        item = sample(rank, 2 if rank % overlap == 0 else 1, name)
        split = "test" if rank < len(types) / 2 else "train"
        grade = "slight" if name == "low_light" else severity((Degradation(name, values),))
        shown = Shown(name, tuples, 64, None, "folder")
        items.append(replace(item, split=split, severity=grade, shown=shown))
    planted = [gold(len(items) + i) for i in range(golds)]
    again = [repeat(len(items) + golds + i, i * 3) for i in range(repeats)]
    return items + planted + again


def unreviewed(items: Sequence[Item], more: int) -> tuple[StratumRows, ...]:
    """The plan's count of rows: those of `items`, and `more` times as many for train."""
    counts: dict[tuple[str, str, str, str], int] = {}
    for item in items:
        if item.role == "sample":
            home = item.split, item.type, item.severity or "", item.source
            counts[home] = counts.get(home, 0) + (1 if item.split == "test" else 1 + more)
    return tuple((*home, count) for home, count in counts.items())


def reviewed(
    path: Path, items: Sequence[Item], judges: dict[str, Judge], more: int = 9, seed: int = 0
) -> ReviewStore:
    """A store in which each of `judges` took and answered items in turn until none was left."""
    store = ReviewStore.create(path, review_plan(unreviewed(items, more)), items)
    rng = np.random.default_rng(seed)
    for reviewer in judges:
        store.accounts.add(reviewer, "a long password")
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
    return float(next(v for _, k, v in item.shown.tuples if k == key))


def original(item: Item) -> str:
    """The item that is looked at: a repeat's is the one it repeats."""
    return item.of_item or item.item
