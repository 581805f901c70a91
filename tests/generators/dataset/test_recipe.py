"""Which sample is which: counts, splits, types, sources, photographs."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from generators import presets
from generators.dataset.recipe import Recipe, share_out
from generators.sources.pools import Photograph, Pool
from generators.sources.splits import SPLITS, part, split_counts


def pool(
    source: str, weight: float, counts: tuple[int, int, int], crops: int | None = None
) -> Pool:
    def photo(split: str, i: int) -> Photograph:
        return Photograph(f"{split}{i}", Path("x"), f"{source}{split}{i}", 640, 480)

    members = {s: [photo(s, i) for i in range(c)] for s, c in zip(SPLITS, counts, strict=True)}
    return Pool(source, weight, members, crops)


def recipe(n: int, pools: list[Pool], seed: int = 0) -> Recipe:
    preset = presets.load("du110k")
    splits = split_counts(n, len(preset.types))
    return Recipe(preset, seed, 256, splits, share_out(splits, pools))


def test_splits_of_the_paper() -> None:
    assert split_counts(110_000, 4) == {"train": 103_000, "validation": 4_000, "test": 3_000}


@settings(deadline=None)
@given(st.integers(1, 200_000))
def test_every_split_holds_as_many_of_every_type(n: int) -> None:
    counts = split_counts(n, 4)
    assert all(count % 4 == 0 for count in counts.values())
    assert abs(sum(counts.values()) - n) <= max(2, 4 - n)
    per_type = sum(counts.values()) / 4
    for split, share in (("train", 103 / 110), ("validation", 4 / 110), ("test", 3 / 110)):
        assert abs(counts[split] / 4 - per_type * share) < 1


@settings(max_examples=30, deadline=None)
@given(
    st.integers(4, 3000),
    st.lists(st.tuples(st.floats(0.1, 9), st.integers(1, 40)), min_size=1, max_size=4),
    st.integers(0, 2**63 - 1),
)
def test_slots_fill_every_pool_exactly(n: int, sources: list[tuple[float, int]], seed: int) -> None:
    pools = [pool(f"p{i}", w, (c, c, c)) for i, (w, c) in enumerate(sources)]
    plan = recipe(n, pools, seed)
    slots = [plan.slot(i) for i in range(plan.n)]
    for number, share in enumerate(plan.pools):
        for split in SPLITS:
            mine = [s.photograph for s in slots if s.pool == number and s.split == split]
            assert len(mine) == share.samples[split]
            if mine:
                # Each photograph is used as often as any other, give or take one.
                uses = Counter(mine)
                assert max(uses.values()) - min(uses.values()) <= 1
                assert len(uses) == min(share.photographs[split], len(mine))


def test_types_are_equal_in_every_split() -> None:
    plan = recipe(1000, [pool("a", 1, (9, 2, 2))])
    for split in SPLITS:
        types = Counter(
            name for i in range(plan.n) if plan.split_of(i) == split for name in plan.types_of(i)
        )
        assert set(types.values()) == {plan.splits[split] // 4}


def test_ids_and_order_do_not_tell_the_type() -> None:
    plan = recipe(20_000, [pool("a", 1, (90, 20, 20))])
    codes = np.array(
        [plan.preset.types.index(*plan.types_of(i)) for i in range(plan.splits["train"])]
    )
    for clue in (
        np.arange(len(codes)) % 4,
        np.arange(len(codes)) % 10,
        np.arange(len(codes)) * 20 // len(codes),
        np.roll(codes, 1),
    ):
        table = np.array([np.bincount(codes[clue == c], minlength=4) for c in np.unique(clue)])
        assert chi2_contingency(table).pvalue > 1e-3
    # The best guess that knows the last two types is right no more often than chance.
    history = np.roll(codes, 1) * 4 + np.roll(codes, 2)
    half = len(codes) // 2
    guess = [
        np.bincount(codes[:half][history[:half] == h], minlength=4).argmax() for h in range(16)
    ]
    right = (np.array(guess)[history[half:]] == codes[half:]).mean()
    assert right == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / half))


def test_shards_tile_the_samples_and_are_no_larger_at_larger_sizes() -> None:
    plan = recipe(110_000, [pool("a", 1, (90, 20, 20))])
    wide = replace(plan, size=512)
    assert max(shard.stop - shard.start for shard in plan.shards) == 700
    assert max(shard.stop - shard.start for shard in wide.shards) == 100
    covered = [i for shard in plan.shards for i in (shard.start, shard.stop)]
    assert covered[0] == 0
    assert covered[-1] == plan.n
    assert covered[1:-1:2] == covered[2::2]
    assert all(plan.split_of(s.start) == plan.split_of(s.stop - 1) == s.split for s in plan.shards)


def test_a_pool_with_few_photographs_is_not_worn_out() -> None:
    plan = recipe(110_000, [pool("few", 1, (9, 2, 2), crops=256), Pool("scenes", 1, None)])
    assert plan.pools[0].samples["train"] == 9 * 256
    assert plan.pools[1].samples["train"] == 103_000 - 9 * 256


def test_a_recipe_survives_json() -> None:
    plan = recipe(1000, [pool("a", 1, (9, 2, 2)), Pool("dead-leaves", 2, None)])
    again = Recipe.from_json(plan.to_json(), "recipe.json")
    assert again == plan
    assert [again.slot(i) for i in range(50)] == [plan.slot(i) for i in range(50)]


@settings(deadline=None)
@given(st.integers(3, 200), st.integers(0, 2**63 - 1))
def test_photographs_are_on_one_side(count: int, seed: int) -> None:
    members = [Photograph(str(i), Path("x"), str(i), 1, 1) for i in range(count)]
    parts = part(members, {"train": 103, "validation": 4, "test": 3}, seed)
    assert sorted((m.source_id for p in parts.values() for m in p), key=int) == [
        str(i) for i in range(count)
    ]
    assert all(parts.values())
