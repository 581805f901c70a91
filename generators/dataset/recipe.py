"""The recipe of a dataset: everything that decides which sample is which, in closed form.

Which split, type, source and photograph sample i gets follows from the recipe and i alone, so
any shard can be made at any time by anyone.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from generators.dataset import ids
from generators.dataset.order import Shard, photograph_of, shards_of
from generators.errors import InputError
from generators.presets import Preset
from generators.randomness import permute
from generators.sources.pools import SCENE_CROPS, Photograph, Pool, depth_digest, digest
from generators.sources.refusal import BOUNDS
from generators.sources.splits import SPLITS, share_within
from generators.typed_json import JSON_NAME, from_json, to_json

FORMAT = 2


@dataclass(frozen=True)
class PoolShare:
    """What the recipe says of one pool of photographs.

    Attributes:
        source: the `source` column.
        samples: how many samples of each split it serves.
        photographs: how many photographs it has for each split.
        digest: hash over its photographs; empty for scenes.
        depth: how many photographs have depth from where; empty for scenes, whose depth is exact.
        depth_digest: hash over the depth maps; empty where there are none.
    """

    source: str = field(metadata={JSON_NAME: "kind"})
    samples: Mapping[str, int]
    photographs: Mapping[str, int]
    digest: str
    depth: Mapping[str, int]
    depth_digest: str


@dataclass(frozen=True)
class Slot:
    """What one sample is, and where it comes from: pool and photograph by number."""

    split: str
    types: tuple[str, ...]
    pool: int
    photograph: int


@dataclass(frozen=True)
class Recipe:
    """A dataset before it is made.

    Attributes:
        preset: types and distributions.
        seed: key of every random stream.
        size: side of an image in pixels.
        splits: samples per split; each a multiple of the preset's cycle of types.
        pools: the sources, in order.
        first: index of the first sample; the others follow.
        replaced: id of each sample that took a rejected one's place → the attempt it begins with.
        checks: bounds by which crops were refused, see `sources.refusal`.
    """

    preset: Preset
    seed: int
    size: int
    splits: Mapping[str, int]
    pools: tuple[PoolShare, ...]
    first: int = 0
    replaced: Mapping[str, int] = field(default_factory=dict)
    checks: Mapping[str, float] = field(default_factory=lambda: dict(BOUNDS))

    @property
    def n(self) -> int:
        """Samples in all."""
        return sum(self.splits.values())

    @property
    def depth_sources(self) -> str:
        """Where the depth of photographs comes from, and of how many; empty for scenes alone."""
        counts = sum((Counter(pool.depth) for pool in self.pools), Counter[str]())
        return ", ".join(f"{count:,} {source}" for source, count in sorted(counts.items()))

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((self.splits[split] for split in SPLITS), initial=self.first))

    def split_of(self, index: int) -> str:
        """The split of sample `index`."""
        return SPLITS[bisect_right(self._starts, index) - 1]

    @cached_property
    def _names(self) -> dict[int, str]:
        return {ids.parse(name)[0]: name for name in self.replaced}

    def id_of(self, index: int) -> str:
        """The id of sample `index`."""
        return self._names.get(index) or ids.sample_id(index)

    def first_attempt(self, index: int) -> int:
        """The attempt that sample `index` begins with: a replacement's lies beyond the old one."""
        return self.replaced.get(self.id_of(index), 0)

    def types_of(self, index: int) -> tuple[str, ...]:
        """The types of sample `index`, one: as many of each per split as the preset's weights say,
        in keyed random order."""
        split = self.split_of(index)
        local = index - self._starts[SPLITS.index(split)]
        count = self.splits[split]
        place = permute(local, count, self.seed, 16 + SPLITS.index(split))
        return (self.preset.cycle[place * len(self.preset.cycle) // count],)

    def slot(self, index: int) -> Slot:
        """Types, pool and photograph of sample `index`."""
        split = self.split_of(index)
        turn = self.shard_of(index).turn(index, self.seed)
        return Slot(split, self.types_of(index), *self._pool_and_photograph(split, turn))

    def others(self, index: int) -> Iterator[int]:
        """Photographs that sample `index` may be cut from where its own does not do.

        They are those of its pool that other rows of the shard show too, so that no row stands
        out by its photograph; first those whose turn is next, for they are decoded soonest.
        """
        shard, split = self.shard_of(index), self.split_of(index)
        turn = shard.turn(index, self.seed)
        pool, own = self._pool_and_photograph(split, turn)
        seen = {own}
        for other in (*range(turn + 1, shard.stop), *range(turn - 1, shard.start - 1, -1)):
            of, number = self._pool_and_photograph(split, other)
            if of == pool and number not in seen:
                seen.add(number)
                yield number

    def _pool_and_photograph(self, split: str, turn: int) -> tuple[int, int]:
        """Whose turn it is, by number. Pools take turns in proportion to their samples."""
        place = turn - self._starts[SPLITS.index(split)]
        total = self.splits[split]
        for number, pool in enumerate(self.pools):
            mine = pool.samples[split]
            # Of the first k samples, ⌊k·mine/total⌋ are this pool's; the rest go on down the list.
            before = place * mine // total
            if (place + 1) * mine // total > before:
                return number, photograph_of(before, mine, pool.photographs[split])
            place -= before
            total -= mine
        raise AssertionError("the pools' samples do not sum to the split's")

    @cached_property
    def shards(self) -> list[Shard]:
        """The files of the dataset, in order."""
        starts = zip(SPLITS, self._starts, strict=False)
        return [
            shard
            for split, start in starts
            for shard in shards_of(split, start, self.splits[split], self.size)
        ]

    def shard_of(self, index: int) -> Shard:
        """The file that holds sample `index`."""
        return self.shards[bisect_right(self._shard_starts, index) - 1]

    @cached_property
    def _shard_starts(self) -> list[int]:
        return [shard.start for shard in self.shards]

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain data, for recipe.json."""
        replaced = {"replaced": dict(self.replaced)} if self.replaced else {}
        return {
            "format": FORMAT,
            "n": self.n,
            "size": self.size,
            "seed": self.seed,
            "first": self.first,
            "splits": dict(self.splits),
            "sources": to_json(self.pools),
            "checks": dict(self.checks),
            "preset": self.preset.to_json(),
            **replaced,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any], where: str) -> "Recipe":
        """The reverse of `to_json`.

        Args:
            where: names the file, for messages.

        Raises:
            InputError: a field is missing, unknown or of another type; the message names it.
        """
        if data.get("format") != FORMAT:
            raise InputError(
                f"{where} is of format {data.get('format')!r}, and this dubench reads {FORMAT}: "
                "make the dataset anew with dubench generate under another --out"
            )
        recipe = from_json(_RecipeJson, data, where)
        pools = recipe.sources
        for counts in (recipe.splits, *(p.samples for p in pools), *(p.photographs for p in pools)):
            if set(counts) != set(SPLITS):
                raise InputError(f"{where}: not all of the splits {', '.join(SPLITS)} are counted")
        for name in recipe.replaced:
            ids.parse(name)
        return Recipe(
            Preset.from_json(recipe.preset, f"{where}.preset"),
            recipe.seed,
            recipe.size,
            recipe.splits,
            recipe.sources,
            recipe.first,
            recipe.replaced,
            recipe.checks,
        )


@dataclass(frozen=True)
class _RecipeJson:
    """The recipe's fields by their names in recipe.json."""

    format: int
    n: int
    size: int
    seed: int
    first: int
    splits: Mapping[str, int]
    sources: tuple[PoolShare, ...]
    checks: Mapping[str, float]
    preset: Mapping[str, Any]
    replaced: Mapping[str, int] = field(default_factory=dict)


def share_out(splits: Mapping[str, int], pools: list[Pool]) -> tuple[PoolShare, ...]:
    """Give every pool its samples of every split, by weight, within what it can serve."""
    samples: list[dict[str, int]] = [{} for _ in pools]
    for split in SPLITS:
        most = [_most(pool, split) for pool in pools]
        counts = share_within(splits[split], [pool.weight for pool in pools], most)
        for of_pool, count in zip(samples, counts, strict=True):
            of_pool[split] = count
    return tuple(
        PoolShare(
            pool.source,
            share,
            {split: _photographs(pool, split, share[split]) for split in SPLITS},
            digest(_members(pool)),
            dict(sorted(Counter(photo.depth_source for photo in _members(pool)).items())),
            depth_digest(_members(pool)),
        )
        for pool, share in zip(pools, samples, strict=True)
    )


def _members(pool: Pool) -> list[Photograph]:
    return [photo for photos in (pool.photographs or {}).values() for photo in photos]


def _most(pool: Pool, split: str) -> float:
    if pool.photographs is None or pool.crops is None:
        return float("inf")
    return pool.crops * len(pool.photographs[split])


def _photographs(pool: Pool, split: str, samples: int) -> int:
    if pool.photographs is None:
        return -(-samples // SCENE_CROPS)
    return len(pool.photographs[split])
