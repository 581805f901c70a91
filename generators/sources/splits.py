"""The split: whole numbers in proportion, and groups of photographs that stay on one side."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Protocol, TypeVar

from generators.errors import InputError
from generators.randomness import permute

SPLITS = ("train", "validation", "test")
# 103,000 / 4,000 / 3,000 of DU-110k.
PROPORTIONS = {"train": 103, "validation": 4, "test": 3}


class Grouped(Protocol):
    """What can be parted."""

    @property
    def group(self) -> str:
        """Members of one group stay together; empty: alone."""

    @property
    def source_id(self) -> str:
        """A name of its own."""


Member = TypeVar("Member", bound=Grouped)


def split_counts(n: int, types: int) -> dict[str, int]:
    """Samples per split for about `n` in all: the same number of every type in every split.

    `n` is rounded to a multiple of the number of types; see PROPORTIONS.
    """
    per_type = max(1, round(n / types))
    parts = largest_remainder(per_type, list(PROPORTIONS.values()))
    return {split: part * types for split, part in zip(SPLITS, parts, strict=True)}


def part(
    members: Sequence[Member], counts: Mapping[str, int], seed: int
) -> dict[str, list[Member]]:
    """Part photographs among the splits in proportion to `counts`, at least one to each.

    Groups stay whole. Their order is a keyed permutation of `seed`, so neither names nor dates
    decide the side.

    Raises:
        InputError: fewer photographs or groups than splits that hold samples.
    """
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(member.group or f"/{member.source_id}", []).append(member)
    filled = [split for split in SPLITS if counts.get(split)]
    if len(groups) < len(filled):
        what = "photographs" if len(groups) == len(members) else "scenes or people"
        raise InputError(
            f"{len(groups)} {what} cannot fill the splits {', '.join(filled)} without putting "
            "one on two sides; add photographs or --source dead-leaves"
        )
    listed = list(groups.values())
    waiting = [listed[permute(i, len(listed), seed, 1)] for i in range(len(listed))]
    targets = largest_remainder(len(members), [counts[split] for split in filled])
    parts: dict[str, list[Member]] = {split: [] for split in SPLITS}
    # The smallest split first: each takes groups until it is full and leaves one for each later.
    order = sorted(zip(targets, filled, strict=True))
    for place, (target, split) in enumerate(order):
        later = len(order) - place - 1
        while len(waiting) > later and (not later or len(parts[split]) < max(target, 1)):
            parts[split] += waiting.pop()
    return parts


def share_within(total: int, weights: Sequence[float], most: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to `weights` that sum to `total`, each at most its `most`: what
    one cannot take goes to the others, and is left over where none can."""
    counts = [0] * len(weights)
    open_ = list(range(len(weights)))
    while open_:
        shares = largest_remainder(total, [weights[i] for i in open_])
        full = [i for i, share in zip(open_, shares, strict=True) if share > most[i]]
        if not full:
            for i, share in zip(open_, shares, strict=True):
                counts[i] = share
            break
        for i in full:
            counts[i] = int(most[i])
            total -= counts[i]
            open_.remove(i)
    return counts


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to `weights` that sum to `total` (Hamilton's method)."""
    shares = [Fraction(weight) for weight in weights]  # exact: a tie stays a tie
    exact = [total * share / sum(shares) for share in shares]
    counts = [floor(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts
