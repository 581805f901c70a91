"""What a model learns from: freshly degraded crops, chunk by chunk, reduced to what its views need.

A chunk is a shard of a dataset that is never written: its photographs, crops, values and noise
follow from the recipe and the chunk's number alone, as `generate` would make them. Making one takes
as long as training on it a few times, so chunks lie on disk and are seen again and again, while new
ones join them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import COUNT, statistics
from dubench.duvlm.views import NANO_SIDE, reduced
from generators import engines, presets
from generators.build.clean_images import CleanImages, Photographs
from generators.build.generate import gather_options, pools_of
from generators.build.job import Progress
from generators.build.planning import Planner
from generators.dataset.recipe import Recipe, share_out
from generators.errors import InputError
from generators.files import write_whole
from generators.sample import render
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS, SEVERITIES, TYPES, Degradation, scalar

SIDE = 256
MIXTURE = ("du110k-wild", "du110k", "du110k-wild")
"""Presets of the chunks, in turn."""
COLUMNS = [(key.name, i) for key in KEYS.values() for i in range(key.size)]
"""What the columns of `Samples.values` are."""
PER_CHUNK = 700
"""Samples of a chunk, and of each preset's part of the validation."""
_MOST = 3_000_000  # samples of a preset: more than anyone makes


ROW = np.dtype(
    [
        ("photo", np.uint8, (NANO_SIDE, NANO_SIDE, 3)),
        ("statistics", np.float32, (COUNT,)),
        ("values", np.float32, (len(COLUMNS),)),
        ("type", np.uint8),
        ("severity", np.uint8),
    ]
)
"""A degraded crop, reduced: RGB at half its size; statistics of the whole crop; the truth in units,
NaN where a key is another type's; indices into the taxonomy's types and SEVERITIES, 255 for none.
"""
Samples = NDArray[np.void]
"""(n,) of ROW."""


@dataclass(frozen=True)
class Plan:
    """The datasets that chunks are cut from.

    Attributes:
        recipes: one per preset of MIXTURE, without repetition.
        photographs: per recipe and pool, the photographs by split.
    """

    recipes: tuple[Recipe, ...]
    photographs: tuple[Photographs, ...]

    @property
    def identity(self) -> list[Any]:
        """What tells these samples from those of other photographs or seeds."""
        return [[r.preset.name, r.seed, [pool.digest for pool in r.pools]] for r in self.recipes]


class _Looked(Progress):
    """Reports how many photographs have been looked at."""

    def __init__(self, on_progress: engines.OnProgress) -> None:
        self._on_progress = on_progress

    def inspected(self, files: int, total: int) -> None:
        """See `Progress`."""
        self._on_progress(files, total)


def plan(
    sources: Sequence[str], home: Path, seed: int, workers: int, on_progress: engines.OnProgress
) -> Plan:
    """Look through the photographs of `sources`, about three in a hundred kept for validation.

    Raises:
        InputError: a source is unusable.
    """
    recipes, photographs, progress = [], [], _Looked(on_progress)
    for name in dict.fromkeys(MIXTURE):
        preset = presets.load(name)
        cycle = len(preset.cycle)
        splits = {"train": _MOST // cycle * cycle, "validation": _MOST // 30 // cycle * cycle}
        splits["test"] = 0
        options = gather_options(home / name, splits, SIDE, seed, workers, progress)
        pools = pools_of(
            home / name, [SourceSpec.parse(text) for text in sources], options, preset, None,
            "cpu", progress,
        )  # fmt: skip
        recipes.append(Recipe(preset, seed, SIDE, splits, share_out(splits, pools)))
        photographs.append([pool.photographs or {} for pool in pools])
    return Plan(tuple(recipes), tuple(photographs))


def chunk_name(number: int) -> str:
    """The file of a chunk of the training split."""
    return f"{number:05d}.npy"


def validation_name(preset: str) -> str:
    """The file of a preset's samples of held-out photographs."""
    return f"validation-{preset}.npy"


def make_missing(plan: Plan, folder: Path, numbers: Sequence[int], workers: int) -> None:
    """Make those of the training chunks that are not in `folder`."""
    missing = [number for number in numbers if not (folder / chunk_name(number)).exists()]
    for _ in engines.run(_make_chunk, [(plan, folder, number) for number in missing], workers):
        pass


def _make_chunk(task: tuple[Plan, Path, int], report: engines.Report) -> None:
    plan, folder, number = task
    names = list(dict.fromkeys(MIXTURE))
    turn = number % len(MIXTURE)
    which = names.index(MIXTURE[turn])
    repeats = MIXTURE.count(MIXTURE[turn])
    shard = number // len(MIXTURE) * repeats + MIXTURE[:turn].count(MIXTURE[turn])
    recipe = plan.recipes[which]
    chosen = [shard for shard in recipe.shards if shard.split == "train"][shard]
    samples = make(recipe, plan.photographs[which], chosen.in_turn(recipe.seed))
    write(folder / chunk_name(number), samples)
    report(number)


def make_validation(task: tuple[Plan, Path, int], report: engines.Report) -> None:
    """Make the samples of held-out photographs of one preset, unless they are there."""
    plan, folder, which = task
    recipe, photographs = plan.recipes[which], plan.photographs[which]
    path = folder / validation_name(recipe.preset.name)
    if not path.exists():
        shard = next(shard for shard in recipe.shards if shard.split == "validation")
        write(path, make(recipe, photographs, shard.in_turn(recipe.seed)))
    report(which)


def make(recipe: Recipe, photographs: Photographs, indices: Sequence[int]) -> Samples:
    """Make these samples of a recipe."""
    planner = _planner(recipe, photographs)
    samples = np.empty(len(indices), ROW)
    for row, index in zip(samples, indices, strict=True):
        planned = planner.plan(index, Counter())
        image = render(
            planned.clean, planned.degradations, planned.postprocess, planned.depth, planned.key
        )
        (degradation,) = planned.degradations
        row["photo"], row["statistics"] = reduced(image), statistics(image)
        row["type"], row["severity"], row["values"] = _truth(degradation)
    return samples


_PLANNERS: dict[str, Planner] = {}
"""Of this process, one per preset: they keep decoded photographs."""


def _planner(recipe: Recipe, photographs: Photographs) -> Planner:
    name = recipe.preset.name
    if name not in _PLANNERS or _PLANNERS[name].recipe != recipe:
        _PLANNERS[name] = Planner(recipe, CleanImages(recipe, photographs))
    return _PLANNERS[name]


def _truth(degradation: Degradation) -> tuple[int, int, list[float]]:
    severity = TYPES[degradation.type].severity
    grade = 255
    if severity:
        grade = SEVERITIES.index(severity.grade(scalar(degradation.values, severity.of)))
    values = []
    for name, i in COLUMNS:
        value = degradation.parameters.get(name, float("nan"))
        values.append(value[i] if isinstance(value, tuple) else value)
    return list(TYPES).index(degradation.type), grade, values


def write(path: Path, samples: Samples) -> None:
    """Write samples to a file, whole or not at all."""
    data = BytesIO()
    np.save(data, samples)
    write_whole(path, data.getvalue())


def read(path: Path) -> Samples:
    """The samples of a file; what is not touched stays on disk.

    Raises:
        InputError: the file is damaged.
    """
    try:
        samples = np.load(path, mmap_mode="r")
        if samples.dtype != ROW:
            raise ValueError("other views")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it, and it is made again") from None
    return samples
