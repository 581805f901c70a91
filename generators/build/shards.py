"""Make one shard: a pure function of the recipe and the shard's number."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from generators.build.clean_images import CleanImages, Photographs
from generators.build.planning import PlannedSample, Planner
from generators.dataset.manifest import ManifestRow
from generators.dataset.order import ROW_GROUP
from generators.dataset.parquet import shard_writer
from generators.dataset.recipe import Recipe
from generators.dataset.schema import Row, encode_row
from generators.physics import Image
from generators.sample import Sample, render

if TYPE_CHECKING:
    from generators.files import Place

OnRendered = Callable[[Mapping[str, int]], None]
"""Called with the number of samples of each type that were rendered since the last call."""


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
    folder: "Place"
    device: str = "cpu"
    rows: Mapping[int, ManifestRow] | None = None

    def make(self, number: int, on_progress: OnRendered) -> Counter[str]:
        """Make shard `number`; returns how many crops were redrawn, by reason.

        Rows are made in the photographs' order and written in their own. `on_progress` is called
        for as many rows as a row group holds.
        """
        shard = self.recipe.shards[number]
        order = shard.in_turn(self.recipe.seed)
        redrawn: Counter[str] = Counter()
        rows: dict[int, Row] = {}
        for start in range(0, len(order), ROW_GROUP):
            indices = order[start : start + ROW_GROUP]
            rows.update(zip(indices, self.fresh(indices, redrawn), strict=True))
            on_progress(Counter(name for i in indices for name in self.recipe.types_of(i)))
        with shard_writer(self.folder / shard.name, ROW_GROUP) as writer:
            for index in range(shard.start, shard.stop):
                writer.add(rows.pop(index))
        return redrawn

    def fresh(self, indices: Iterable[int], redrawn: Counter[str]) -> Iterator[Row]:
        """Make the rows of these samples; counts in `redrawn` as `Planner.plan` does."""
        for plan, degraded in self._rendered(self._planner.plan(i, redrawn) for i in indices):
            sample = Sample(plan.degradations, plan.clean, degraded, plan.depth, plan.postprocess)
            yield encode_row(sample, plan.origin, self.recipe.preset.draws)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.recipe, CleanImages(self.recipe, self.photographs), self.rows)

    def _rendered(self, plans: Iterator[PlannedSample]) -> Iterator[tuple[PlannedSample, Image]]:
        if self.device == "cpu":
            for plan in plans:
                yield plan, _render(plan)
            return
        from generators.batched.render import render_batch

        waiting = list(plans)
        rendered: dict[int, Image] = {}
        batches: dict[tuple[str, ...], list[PlannedSample]] = {}
        for plan in waiting:
            if plan.postprocess.get("jpeg_quality") or plan.postprocess.get("sharpening"):
                # They would make several levels of the one that a device may be off.
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


def _render(plan: PlannedSample) -> Image:
    return render(plan.clean, plan.degradations, plan.postprocess, plan.depth, plan.key)
