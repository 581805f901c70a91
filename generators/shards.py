"""Make one shard: a pure function of the recipe and the shard's number."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from generators.capture import draw_capture
from generators.checks import is_flat
from generators.crops import Clean, open_photograph, open_scene
from generators.errors import InputError
from generators.parquet import ShardWriter
from generators.photographs import UnreadableError
from generators.physics import physics
from generators.randomness import Purpose, stream
from generators.recipe import ROW_GROUP, Recipe, Slot
from generators.records import Origin, row
from generators.sample import Sample, draw_values, render
from generators.sources import Photograph
from generators.taxonomy import TYPES

ATTEMPTS, CROPS = 5, 40

Photographs = list[dict[str, list[Photograph]]]  # per pool, per split; empty for scenes
Progress = Callable[[dict[str, int]], None]


@dataclass
class Shards:
    """Makes the shards of one recipe, keeping the last photograph of each pool decoded.

    Attributes:
        recipe: the dataset.
        photographs: per pool, in the recipe's order, its photographs by split.
        folder: where the Parquet files go.
    """

    recipe: Recipe
    photographs: Photographs
    folder: Path
    _open: dict[int, tuple[tuple[str, int], Clean]] = field(default_factory=dict)

    def make(self, number: int, progress: Progress) -> Counter[str]:
        """Make shard `number`; returns how many crops were redrawn, by reason.

        `progress` hears the number of samples made of each type, every row group.
        """
        shard = self.recipe.shards[number]
        redrawn: Counter[str] = Counter()
        made: Counter[str] = Counter()
        with ShardWriter(self.folder / shard.name, ROW_GROUP) as writer:
            for index in range(shard.start, shard.stop):
                sample, origin = self.sample(index, redrawn)
                writer.add(row(sample, origin, self.recipe.preset.draws.get(sample.type, ())))
                made[sample.type] += 1
                if made.total() == ROW_GROUP or index == shard.stop - 1:
                    progress(dict(made))
                    made.clear()
        return redrawn

    def sample(self, index: int, redrawn: Counter[str]) -> tuple[Sample, Origin]:
        """Sample `index` of the recipe: the first attempt that gives a good crop.

        An attempt keeps its values and looks for a crop that suits them, so that what is refused
        does not bend the values' distribution.

        Raises:
            InputError: none of many crops of this split and source is good.
        """
        slot = self.recipe.slot(index)
        for attempt in range(ATTEMPTS):
            rng = stream(self.recipe.seed, index, attempt, Purpose.SOURCE)
            for crop in range(CROPS):
                made = self._try(index, attempt, slot, rng, redrawn, first=attempt + crop == 0)
                if made:
                    return made
        pool = self.recipe.pools[slot.pool]
        raise InputError(
            f"{ATTEMPTS * CROPS} crops of the {slot.split} photographs of source {pool.kind} were "
            f"all refused ({', '.join(redrawn)}); give photographs with more detail"
        )

    def _try(
        self,
        index: int,
        attempt: int,
        slot: Slot,
        rng: np.random.Generator,
        redrawn: Counter[str],
        first: bool,
    ) -> tuple[Sample, Origin] | None:
        recipe = self.recipe
        key = (recipe.seed, index, attempt)
        number = slot.photograph
        if not first:
            number = int(rng.random() * recipe.pools[slot.pool].photographs[slot.split])
        try:
            clean = self._clean(slot, number, keep=first)
        except UnreadableError:
            redrawn["unreadable"] += 1
            return None
        box = clean.box(rng, recipe.size)
        crop = clean.cut(box, recipe.size)
        if is_flat(crop):
            redrawn["flat"] += 1
            return None
        kind = TYPES[slot.kind]
        depth = clean.cut_depth(box, crop) if kind.needs_depth else None
        values = draw_values(recipe.preset, kind.name, stream(*key, Purpose.PARAMETERS), depth)
        if not physics(kind.name).plausible(values):
            redrawn[f"implausible {kind.name}"] += 1
            return None
        values |= draw_capture(recipe.preset, key)
        degraded = render(kind.name, crop, values, depth, key)
        sample = Sample(kind.name, crop, degraded, depth, values)
        origin = Origin(
            id=f"du-{index:08d}",
            preset=recipe.preset.name,
            seed=recipe.seed,
            index=index,
            attempt=attempt,
            source=recipe.pools[slot.pool].kind,
            source_id=clean.source_id,
            photograph=clean.sha256,
            crop_box=box,
            source_scale=recipe.size / box[2],
            depth_source=clean.depth_source if depth is not None else None,
        )
        return sample, origin

    def _clean(self, slot: Slot, number: int, keep: bool) -> Clean:
        name = (slot.split, number)
        held = self._open.get(slot.pool)
        if held and held[0] == name:
            return held[1]
        if self.photographs[slot.pool]:
            photo = self.photographs[slot.pool][slot.split][number]
            clean = open_photograph(photo, self.recipe.size)
        else:
            clean = open_scene(self.recipe.seed, slot.split, number, self.recipe.size)
        if keep:
            self._open[slot.pool] = (name, clean)
        return clean
