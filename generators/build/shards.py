"""Make one shard: a pure function of the recipe and the shard's number."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from generators.crops import Box, Clean, open_photograph, open_scene
from generators.dataset.parquet import ShardWriter
from generators.dataset.recipe import ROW_GROUP, Recipe, Slot
from generators.dataset.schema import Origin, degradations_of, provenance_of, row
from generators.errors import InputError
from generators.physics import Depth, Image, Values, compose
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, stream
from generators.sample import Sample, draw, needs_depth, render
from generators.sources.photographs import UnreadableError
from generators.sources.pools import Photograph
from generators.sources.refusal import refusal
from generators.taxonomy import Degradation

ATTEMPTS, CROPS = 5, 40
SAME_PHOTOGRAPH = 8
KEPT = 64 << 20  # bytes of decoded photographs that a worker keeps

Photographs = list[dict[str, list[Photograph]]]  # per pool, per split; empty for scenes
Progress = Callable[[dict[str, int]], None]


@dataclass(frozen=True)
class Planned:
    """A sample before it is rendered."""

    degradations: tuple[Degradation, ...]
    clean: Image
    depth: Depth | None
    postprocess: Values
    origin: Origin

    @property
    def key(self) -> tuple[int, int, int]:
        """(seed, index, attempt), which its streams follow from."""
        return self.origin.seed, self.origin.index, self.origin.attempt

    @property
    def types(self) -> tuple[str, ...]:
        """Names of its degradations' types."""
        return tuple(one.type for one in self.degradations)


@dataclass
class Shards:
    """Makes the shards of one recipe, keeping recently used photographs decoded.

    Attributes:
        recipe: the dataset.
        photographs: per pool, in the recipe's order, its photographs by split.
        folder: where the Parquet files go.
        device: where the degradations run: `cpu`, or a torch device for the batched path.
        rows: a manifest's rows by index, to follow instead of drawing.
    """

    recipe: Recipe
    photographs: Photographs
    folder: Path
    device: str = "cpu"
    rows: Mapping[int, Mapping[str, Any]] | None = None
    _open: OrderedDict[str, Clean] = field(default_factory=OrderedDict)

    def make(self, number: int, progress: Progress) -> Counter[str]:
        """Make shard `number`; returns how many crops were redrawn, by reason.

        `progress` hears the number of samples made of each type, every row group.
        """
        shard = self.recipe.shards[number]
        redrawn: Counter[str] = Counter()
        with ShardWriter(self.folder / shard.name, ROW_GROUP) as writer:
            for start in range(shard.start, shard.stop, ROW_GROUP):
                indices = range(start, min(start + ROW_GROUP, shard.stop))
                for made in self.fresh(indices, redrawn):
                    writer.add(made)
                progress(Counter(name for i in indices for name in self.recipe.types_of(i)))
        return redrawn

    def fresh(self, indices: Iterable[int], redrawn: Counter[str]) -> Iterator[dict[str, Any]]:
        """Make the rows of these samples; counts in `redrawn` as `plan` does."""
        for planned, degraded in self._rendered(self.plan(i, redrawn) for i in indices):
            sample = Sample(
                planned.degradations, planned.clean, degraded, planned.depth, planned.postprocess
            )
            yield row(sample, planned.origin, self.recipe.preset.draws)

    def _rendered(self, plans: Iterator[Planned]) -> Iterator[tuple[Planned, Image]]:
        if self.device == "cpu":
            for plan in plans:
                yield plan, _render(plan)
            return
        from generators.batched.render import render_batch

        waiting = list(plans)
        made: dict[int, Image] = {}
        batches: dict[tuple[str, ...], list[Planned]] = {}
        for plan in waiting:
            if plan.postprocess.get("jpeg_quality"):
                # JPEG would make several levels of the one that a device may be off.
                made[plan.origin.index] = _render(plan)
            else:
                batches.setdefault(plan.types, []).append(plan)
        for mine in batches.values():
            depths = [plan.depth for plan in mine if plan.depth is not None]
            images = render_batch(
                [plan.clean for plan in mine],
                [plan.degradations for plan in mine],
                [plan.postprocess for plan in mine],
                depths or None,
                [plan.key for plan in mine],
                self.device,
            )
            made |= {p.origin.index: image for p, image in zip(mine, images, strict=True)}
        for plan in waiting:
            yield plan, made[plan.origin.index]

    def plan(self, index: int, redrawn: Counter[str]) -> Planned:
        """Sample `index`: as the manifest says, or the first attempt that gives a good crop.

        An attempt keeps its values and looks for a crop that suits them, so that what is refused
        does not bend the values' distribution.

        Raises:
            InputError: none of many crops of this split and source is good.
        """
        if self.rows is not None:
            return self._follow(self.rows[index])
        slot = self.recipe.slot(index)
        first = self.recipe.first_attempt(index)
        for attempt in range(first, first + ATTEMPTS):
            rng = stream(self.recipe.seed, index, attempt, Purpose.SOURCE)
            number = slot.photograph
            for crop in range(CROPS):
                # Several crops of one photograph: opening another costs more than a crop.
                if crop % SAME_PHOTOGRAPH == 0 and attempt + crop:
                    count = self.recipe.pools[slot.pool].photographs[slot.split]
                    number = int(rng.random() * count)
                made = self._try(index, attempt, slot, number, rng, redrawn)
                if made:
                    return made
        pool = self.recipe.pools[slot.pool]
        raise InputError(
            f"{ATTEMPTS * CROPS} crops of the {slot.split} photographs of source {pool.source} "
            f"were all refused ({', '.join(redrawn)}); give photographs with more detail"
        )

    def _try(
        self,
        index: int,
        attempt: int,
        slot: Slot,
        number: int,
        rng: np.random.Generator,
        redrawn: Counter[str],
    ) -> Planned | None:
        recipe = self.recipe
        key = (recipe.seed, index, attempt)
        try:
            clean = self._clean(slot, number)
        except UnreadableError:
            redrawn["unreadable"] += 1
            return None
        box = clean.box(rng, recipe.size)
        crop = clean.cut(box, recipe.size)
        if reason := refusal(crop):
            redrawn[reason] += 1
            return None
        depth = clean.cut_depth(box, crop) if needs_depth(slot.types) else None
        drawn = draw(recipe.preset, slot.types, stream(*key, Purpose.PARAMETERS), depth)
        if not compose.plausible(drawn):
            redrawn[f"implausible {' + '.join(slot.types)}"] += 1
            return None
        after = draw_postprocess(recipe.preset, key)
        origin = self._origin(index, attempt, recipe.pools[slot.pool].source, clean, box, depth)
        return Planned(drawn, crop, depth, after, origin)

    def _follow(self, told: Mapping[str, Any]) -> Planned:
        """The sample that a row of a manifest describes."""
        provenance = provenance_of(told)
        degradations = degradations_of(told, provenance)
        index, attempt, box = provenance.index, provenance.attempt, provenance.crop_box
        clean = self._named(told, provenance.photograph)
        crop = clean.cut(box, self.recipe.size)
        types = [one.type for one in degradations]
        depth = clean.cut_depth(box, crop) if needs_depth(types) else None
        origin = self._origin(index, attempt, told["source"], clean, box, depth)
        origin = replace(origin, review=told["review"])
        return Planned(degradations, crop, depth, provenance.postprocess, origin)

    def _origin(
        self, index: int, attempt: int, source: str, clean: Clean, box: Box, depth: Depth | None
    ) -> Origin:
        return Origin(
            id=self.recipe.id_of(index),
            preset=self.recipe.preset.name,
            seed=self.recipe.seed,
            index=index,
            attempt=attempt,
            source=source,
            source_id=clean.source_id,
            photograph=clean.sha256,
            crop_box=box,
            source_scale=self.recipe.size / box[2],
            depth_source=clean.depth_source if depth is not None else None,
        )

    def _clean(self, slot: Slot, number: int) -> Clean:
        photos = self.photographs[slot.pool]
        if photos:
            photo = photos[slot.split][number]
            return self._opened(photo.sha256, lambda: open_photograph(photo, self.recipe.size))
        return self._scene(slot.split, number)

    def _named(self, told: Mapping[str, Any], sha256: str) -> Clean:
        """The photograph or scene that a manifest's row names."""
        if told["source"] == "dead-leaves":
            split, _, number = told["source_id"].partition("/")
            return self._scene(split, int(number))
        photo = self._by_hash[sha256]
        return self._opened(sha256, lambda: open_photograph(photo, self.recipe.size))

    def _scene(self, split: str, number: int) -> Clean:
        seed, size = self.recipe.seed, self.recipe.size
        return self._opened(f"{split}/{number}", lambda: open_scene(seed, split, number, size))

    def _opened(self, name: str, open_: Callable[[], Clean]) -> Clean:
        """What `open_` gives, kept while there is room; the longest unused go first."""
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        clean = self._open[name] = open_()
        while len(self._open) > 1 and sum(c.pixels.nbytes for c in self._open.values()) > KEPT:
            self._open.popitem(last=False)
        return clean

    @cached_property
    def _by_hash(self) -> dict[str, Photograph]:
        return {
            photo.sha256: photo
            for pool in self.photographs
            for photos in pool.values()
            for photo in photos
        }


def _render(plan: Planned) -> Image:
    return render(plan.clean, plan.degradations, plan.postprocess, plan.depth, plan.key)
