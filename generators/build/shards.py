"""Make one shard: a pure function of the recipe and the shard's number."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from generators.build.clean_images import CleanImages, Photographs
from generators.crops import Box, Clean
from generators.dataset.manifest import ManifestRow
from generators.dataset.parquet import ShardWriter
from generators.dataset.recipe import ROW_GROUP, Recipe, Slot
from generators.dataset.schema import Origin, row
from generators.errors import InputError
from generators.physics import Depth, Image, Values, compose
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, stream
from generators.sample import Sample, draw, needs_depth, render
from generators.sources.photographs import UnreadableError
from generators.sources.refusal import refusal
from generators.taxonomy import Degradation

ATTEMPTS, CROPS = 5, 40
SAME_PHOTOGRAPH = 8

OnRendered = Callable[[Mapping[str, int]], None]
"""Called with the number of samples of each type that were rendered since the last call."""


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
    rows: Mapping[int, ManifestRow] | None = None

    def make(self, number: int, on_progress: OnRendered) -> Counter[str]:
        """Make shard `number`; returns how many crops were redrawn, by reason.

        `on_progress` is called for every row group.
        """
        shard = self.recipe.shards[number]
        redrawn: Counter[str] = Counter()
        with ShardWriter(self.folder / shard.name, ROW_GROUP) as writer:
            for start in range(shard.start, shard.stop, ROW_GROUP):
                indices = range(start, min(start + ROW_GROUP, shard.stop))
                for new in self.fresh(indices, redrawn):
                    writer.add(new)
                on_progress(Counter(name for i in indices for name in self.recipe.types_of(i)))
        return redrawn

    def fresh(self, indices: Iterable[int], redrawn: Counter[str]) -> Iterator[dict[str, Any]]:
        """Make the rows of these samples; counts in `redrawn` as `plan` does."""
        for planned, degraded in self._rendered(self.plan(i, redrawn) for i in indices):
            sample = Sample(
                planned.degradations, planned.clean, degraded, planned.depth, planned.postprocess
            )
            yield row(sample, planned.origin, self.recipe.preset.draws)

    @cached_property
    def _images(self) -> CleanImages:
        return CleanImages(self.recipe, self.photographs)

    def _rendered(self, plans: Iterator[Planned]) -> Iterator[tuple[Planned, Image]]:
        if self.device == "cpu":
            for plan in plans:
                yield plan, _render(plan)
            return
        from generators.batched.render import render_batch

        waiting = list(plans)
        rendered: dict[int, Image] = {}
        batches: dict[tuple[str, ...], list[Planned]] = {}
        for plan in waiting:
            if plan.postprocess.get("jpeg_quality"):
                # JPEG would make several levels of the one that a device may be off.
                rendered[plan.origin.index] = _render(plan)
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
            rendered |= {p.origin.index: image for p, image in zip(mine, images, strict=True)}
        for plan in waiting:
            yield plan, rendered[plan.origin.index]

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
                planned = self._try(index, attempt, slot, number, rng, redrawn)
                if planned:
                    return planned
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
            clean = self._images.open(slot, number)
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

    def _follow(self, row: ManifestRow) -> Planned:
        """The sample that a row of a manifest describes."""
        provenance, degradations = row.provenance, row.degradations
        index, attempt, box = provenance.index, provenance.attempt, provenance.crop_box
        clean = self._images.open_for(row)
        crop = clean.cut(box, self.recipe.size)
        types = [one.type for one in degradations]
        depth = clean.cut_depth(box, crop) if needs_depth(types) else None
        origin = self._origin(index, attempt, row.source, clean, box, depth)
        origin = replace(origin, review=row.review)
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


def _render(plan: Planned) -> Image:
    return render(plan.clean, plan.degradations, plan.postprocess, plan.depth, plan.key)
