"""Photographs are decoded once for several crops, and no row tells which followed which."""

from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import presets
from generators.dataset.info import DatasetInfo
from generators.dataset.order import VISIT
from generators.dataset.recipe import Recipe, Slot, share_out
from generators.sources.inspection import inspect_files
from generators.sources.pools import GatherOptions, Photograph, Pool, SourceSpec, gather
from generators.sources.splits import SPLITS


def a_recipe(n: int, photographs: int, seed: int = 0, weights: tuple[float, ...] = (1,)) -> Recipe:
    """Of `n` training samples, from one pool of so many photographs for each weight."""
    counts = {split: n if split == "train" else 0 for split in SPLITS}
    members = [Photograph(f"{i}", Path("x"), f"{i}", 640, 480) for i in range(photographs)]
    pools = [Pool(f"p{i}", w, dict.fromkeys(SPLITS, members)) for i, w in enumerate(weights)]
    return Recipe(presets.load("du110k"), seed, 256, counts, share_out(counts, pools))


@pytest.mark.parametrize(("n", "photographs"), [(20_000, 400), (20_000, 5000), (20_000, 4)])
def test_neighbours_share_a_photograph_no_oftener_than_chance(n: int, photographs: int) -> None:
    plan = a_recipe(n, photographs)
    number = np.array([plan.slot(i).photograph for i in range(n)])
    for shard in plan.shards[:6]:
        mine = number[shard.start : shard.stop]
        counts = np.bincount(mine)
        chance = (counts * (counts - 1)).sum() / (len(mine) * (len(mine) - 1))
        for lag in range(1, 5):
            shared = (mine[lag:] == mine[:-lag]).mean()
            assert shared <= chance + 4 * np.sqrt(chance * (1 - chance) / (len(mine) - lag)) + 1e-9


def test_neither_an_id_nor_the_one_before_tells_the_photograph() -> None:
    plan = a_recipe(20_000, 400)
    shard = plan.shards[3]
    mine = np.array([plan.slot(i).photograph for i in range(shard.start, shard.stop)])
    steps = np.diff(mine)
    # As many steps up as down, and the rank in the shard says nothing.
    assert abs((steps > 0).mean() - (steps < 0).mean()) < 4 / np.sqrt(len(steps))
    assert abs(np.corrcoef(np.arange(len(mine)), mine)[0, 1]) < 4 / np.sqrt(len(mine))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(4, 3000),
    st.integers(1, 60),
    st.integers(0, 2**63 - 1),
    st.sampled_from([(1.0,), (1.0, 2.5), (3.0, 0.2, 1.0)]),
)
def test_a_photograph_is_decoded_once_for_several_crops(
    n: int, photographs: int, seed: int, weights: tuple[float, ...]
) -> None:
    plan = a_recipe(n - n % 4 or 4, photographs, seed, weights)
    made = [i for shard in plan.shards for i in shard.in_turn(seed)]
    assert sorted(made) == list(range(plan.n))
    for number, share in enumerate(plan.pools):
        mine = [slot.photograph for slot in map(plan.slot, made) if slot.pool == number]
        used = min(photographs, share.samples["train"])
        changes = sum(one != other for one, other in pairwise(mine))
        assert changes < used * -(-len(mine) // (used * VISIT)) if used else not mine


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 3000), st.integers(1, 60), st.integers(0, 2**63 - 1), st.data())
def test_others_are_the_photographs_of_the_shard_each_once(
    n: int, photographs: int, seed: int, data: st.DataObject
) -> None:
    plan = a_recipe(n - n % 4 or 4, photographs, seed, (1, 1))
    index = data.draw(st.integers(0, plan.n - 1))
    slot, shard = plan.slot(index), plan.shard_of(index)
    others = list(plan.others(index))
    shown = {
        other.photograph
        for other in map(plan.slot, range(shard.start, shard.stop))
        if other.pool == slot.pool
    }
    assert sorted(shown) == sorted([slot.photograph, *others])


def test_no_row_of_a_dataset_stands_out_by_its_photograph(du110k: Path, tmp_path: Path) -> None:
    """Every row, of whatever type, shows a photograph or scene whose turn comes in its shard."""
    recipe = DatasetInfo.read(du110k).recipe
    look = partial(inspect_files, 1, lambda *_: None)
    options = GatherOptions(recipe.splits, recipe.size, 0, look, tmp_path, lambda *_: None)
    pools = gather([SourceSpec("builtin")], options)

    def name_of(slot: Slot) -> tuple[str, str]:
        pool = pools[slot.pool]
        if pool.photographs:
            return pool.source, pool.photographs[slot.split][slot.photograph].source_id
        return pool.source, f"{slot.split}/{slot.photograph:06d}"

    moved = Counter()
    for shard in recipe.shards:
        indices = range(shard.start, shard.stop)
        wanted = {recipe.id_of(i): name_of(recipe.slot(i)) for i in indices}
        table = pq.read_table(du110k / "data" / shard.name, columns=["id", "source", "source_id"])
        for name, source, source_id in zip(*(c.to_pylist() for c in table.columns), strict=True):
            assert (source, source_id) in wanted.values()
            moved[(source, source_id) != wanted[name]] += 1
    assert moved[True] > 0  # crops were refused until another photograph's turn came
