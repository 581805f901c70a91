"""Decide what one sample is: which crop of which photograph, degraded by which values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, cycle, islice

import numpy as np

from generators.build.clean_images import CleanImages
from generators.crops import Box, Clean
from generators.dataset.manifest import ManifestRow
from generators.dataset.recipe import Recipe, Slot
from generators.dataset.schema import Origin
from generators.errors import InputError
from generators.physics import Depth, Image, Values, compose
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, stream
from generators.sample import draw_values, needs_depth
from generators.sources.refusal import refusal
from generators.taxonomy import Degradation

ATTEMPTS, CROPS = 5, 80
SAME_PHOTOGRAPH = 4


@dataclass(frozen=True)
class PlannedSample:
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


@dataclass(frozen=True)
class Planner:
    """Plans the samples of one recipe.

    Attributes:
        recipe: the dataset.
        images: opens its photographs and scenes.
        rows: a manifest's rows by index, to follow instead of drawing.
    """

    recipe: Recipe
    images: CleanImages
    rows: Mapping[int, ManifestRow] | None = None

    def plan(self, index: int, redrawn: Counter[str]) -> PlannedSample:
        """Sample `index`: as the manifest says, or the first attempt that gives a good crop.

        An attempt keeps its values and looks for a crop that suits them, so that what is refused
        does not bend the values' distribution.

        Args:
            redrawn: counts refused crops, by reason.

        Raises:
            InputError: none of many crops of this split and source is good.
        """
        if self.rows is not None:
            return self._follow(self.rows[index])
        slot = self.recipe.slot(index)
        first = self.recipe.first_attempt(index)
        # A replacement begins with another photograph than what it replaces.
        numbers = islice(self._photographs(index, slot), first, None)
        for attempt in range(first, first + ATTEMPTS):
            key = (self.recipe.seed, index, attempt)
            rng = stream(*key, Purpose.SOURCE)
            drawn = draw_values(self.recipe.preset, slot.types, stream(*key, Purpose.PARAMETERS))
            for crop in range(CROPS):
                # Several crops of one photograph: opening another costs more than a crop.
                if crop % SAME_PHOTOGRAPH == 0:
                    number = next(numbers)
                planned = self._try(key, slot, drawn, number, rng, redrawn)
                if planned:
                    return planned
        pool = self.recipe.pools[slot.pool]
        raise InputError(
            f"{ATTEMPTS * CROPS} crops of the {slot.split} photographs of source {pool.source} "
            f"were all refused ({', '.join(redrawn)}); give photographs with more detail"
        )

    def _photographs(self, index: int, slot: Slot) -> Iterator[int]:
        """Photographs to cut sample `index` from, by number, its own first, without end.

        They are those of its shard; only the last attempt looks through the whole split.
        """
        near = cycle(chain([slot.photograph], self.recipe.others(index)))
        of = self.recipe.pools[slot.pool].photographs[slot.split]
        far = (number % of for number in count(slot.photograph + 1))
        return chain(islice(near, (ATTEMPTS - 1) * CROPS // SAME_PHOTOGRAPH), far)

    def _try(
        self,
        key: tuple[int, int, int],
        slot: Slot,
        drawn: Sequence[Degradation],
        number: int,
        rng: np.random.Generator,
        redrawn: Counter[str],
    ) -> PlannedSample | None:
        recipe = self.recipe
        clean = self.images.open(slot, number)
        box = clean.box(rng, recipe.size, recipe.preset.draw_resizing(rng))
        deep = needs_depth(slot.types)
        # Most fogs that do not suit a crop show in a rough depth, long before all else is done.
        if deep and not compose.suits(drawn, clean.rough_depth(box)):
            redrawn[f"implausible {' + '.join(slot.types)}"] += 1
            return None
        crop = clean.cut(box, recipe.size)
        if reason := refusal(crop):
            redrawn[reason] += 1
            return None
        depth = clean.cut_depth(box, crop) if deep else None
        derived = compose.derive(drawn, depth)
        if not compose.plausible(derived):
            redrawn[f"implausible {' + '.join(slot.types)}"] += 1
            return None
        after = draw_postprocess(recipe.preset, key)
        origin = self._origin(*key[1:], recipe.pools[slot.pool].source, clean, box, depth)
        return PlannedSample(derived, crop, depth, after, origin)

    def _follow(self, row: ManifestRow) -> PlannedSample:
        """The sample that a row of a manifest describes."""
        provenance, degradations = row.provenance, row.degradations
        index, attempt, box = provenance.index, provenance.attempt, provenance.crop_box
        clean = self.images.open_for(row)
        crop = clean.cut(box, self.recipe.size)
        types = [one.type for one in degradations]
        depth = clean.cut_depth(box, crop) if needs_depth(types) else None
        origin = self._origin(index, attempt, row.source, clean, box, depth)
        origin = replace(origin, review=row.review)
        return PlannedSample(degradations, crop, depth, provenance.postprocess, origin)

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
            depth_hash=clean.depth_hash if depth is not None else "",
            group=clean.group,
        )
