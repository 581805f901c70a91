"""Which samples people look at: all of test first, then validation, then train."""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import pyarrow.parquet as pq

from generators.dataset.parquet import reading
from generators.dataset.recipe import Recipe
from generators.dataset.schema import UNREVIEWED
from generators.errors import InputError
from generators.randomness import five_digits
from generators.sources.splits import largest_remainder
from generators.taxonomy import KEYS, SEVERITIES, TYPES

SPENT = ("test", "validation", "train")
"""The order in which the review is spent: scores come from test."""

_COLUMNS = ("id", "type", "severity", "source", "review")


@dataclass(frozen=True)
class Entry:
    """One row of the dataset, as far as planning needs it.

    Attributes:
        file, row: where it is.
        parameters: the scalar keys of its type.
    """

    id: str
    split: str
    type: str
    severity: str | None
    source: str
    review: str
    file: Path
    row: int
    parameters: Mapping[str, float]

    @property
    def stratum(self) -> tuple[str, str, str]:
        """Type, severity and source."""
        return self.type, self.severity or "", self.source

    @property
    def visible(self) -> bool:
        """Whether an eye must see that the image is degraded."""
        return self.severity in SEVERITIES[1:]

    @property
    def replaced(self) -> bool:
        """Whether it took the place of a rejected sample, and nobody has looked at it."""
        return "-r" in self.id and self.review == UNREVIEWED


def read_entries(folder: Path, recipe: Recipe) -> list[Entry]:
    """Every row of the dataset, in the files' order.

    Raises:
        InputError: a file cannot be read, or an image has several degradations.
    """
    entries = []
    for shard in recipe.shards:
        path = folder / "data" / shard.name
        with reading(path):
            there = set(pq.read_schema(path).names)
            scalars = [n for n, key in KEYS.items() if key.kind != "vector" and n in there]
            rows = pq.read_table(path, columns=[*_COLUMNS, *scalars]).to_pylist()
        for place, row in enumerate(rows):
            if row["type"] is None:
                raise InputError(
                    f"{path}: {row['id']} has several degradations; a review is of images with one"
                )
            values = {n: five_digits(row[n]) for n in scalars if row[n] is not None}
            entries.append(
                Entry(
                    row["id"], shard.split, list(TYPES)[row["type"]], row["severity"],
                    row["source"], row["review"], path, place, values,
                )
            )  # fmt: skip
    return entries


def choose_samples(rows: Sequence[Entry], fraction: float, seed: int) -> list[Entry]:
    """The samples to look at until ⌈fraction·n⌉ are reviewed, in the order of being shown.

    What is reviewed counts. Then come samples that replaced rejected ones, then test, validation
    and train: each whole if there is room, else in proportion to its strata of type × severity ×
    source. Within each the order is random. Machine checks have no say: what people find in the
    samples stands for those that nobody looks at, which holds only if nothing else chose them.
    """
    room = wanted_count(fraction, len(rows))
    room -= sum(row.review != UNREVIEWED for row in rows)
    waiting = [row for row in rows if row.review == UNREVIEWED]
    chosen: list[Entry] = []
    for group in (
        [row for row in waiting if row.replaced],
        *([r for r in waiting if r.split == split and not r.replaced] for split in SPENT),
    ):
        picked = stratified_sample(group, max(0, room - len(chosen)), seed)
        chosen += in_random_order(picked, seed, "order")
    return chosen


def wanted_count(fraction: float, n: int) -> int:
    """How many of `n` samples are to be reviewed: ⌈fraction·n⌉, in decimal, as it was written."""
    return ceil(Fraction(str(fraction)) * n)


def stratified_sample(rows: Sequence[Entry], count: int, seed: int) -> list[Entry]:
    """`count` of `rows`, or all if there are fewer, in proportion to their strata."""
    if len(rows) <= count:
        return list(rows)
    strata: dict[tuple[str, str, str], list[Entry]] = {}
    for row in rows:
        strata.setdefault(row.stratum, []).append(row)
    names = sorted(strata)
    counts = largest_remainder(count, [len(strata[name]) for name in names])
    return [
        row
        for name, mine in zip(names, counts, strict=True)
        for row in in_random_order(strata[name], seed, "sample")[:mine]
    ]


def double_reviewed(types: Mapping[str, str], share: float, key: str) -> set[str]:
    """The `share` of the ids in `types` that two people look at, in proportion to their types.

    By the same key, those of a smaller share are among those of a larger one, but for rounding.

    Args:
        types: type by id.
    """
    counts = Counter(types.values())
    names = sorted(counts)
    wanted = largest_remainder(round(share * len(types)), [counts[name] for name in names])
    ids: set[str] = set()
    for name, mine in zip(names, wanted, strict=True):
        of_type = [one for one, type_name in types.items() if type_name == name]
        ids |= set(sorted(of_type, key=lambda one: random_key(key, "overlap", one))[:mine])
    return ids


def in_random_order(rows: Iterable[Entry], seed: int | str, purpose: str) -> list[Entry]:
    """`rows` in a random order that depends on `seed`, `purpose` and their ids alone."""
    return sorted(rows, key=lambda row: random_key(seed, purpose, row.id))


def random_key(seed: int | str, *about: Hashable) -> float:
    """A number in [0, 1) that depends on `seed` and `about` alone, uniform over either.

    Whoever does not know `seed` cannot foretell it.
    """
    text = repr((seed, *about)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:7]) / 2**56
