"""What a model learns from: freshly degraded crops, chunk by chunk, reduced to what its views need.

A chunk is a shard of a dataset that is never written: its photographs, crops, values and noise
follow from the recipe and the chunk's number alone, as `generate` would make them. Making one takes
as long as training on it a few times, so chunks lie on disk and are seen again and again, while new
ones join them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import COUNT, statistics
from dubench.dataset import GroundTruth
from dubench.duvlm.views import NANO_SIDE, NANO_VIEWS, PAPERS, as_pictures, reduced
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
_REPORTED = 20  # samples between two reports of a worker
_MOST = 3_000_000  # samples of a preset: more than anyone makes


TRUTH = [("values", np.float32, (len(COLUMNS),)), ("type", np.uint8), ("severity", np.uint8)]
"""Fields of what is true of a crop: values in units, NaN where a key is another type's; indices
into the taxonomy's types and SEVERITIES, 255 for none."""
Truth = NDArray[np.void]
"""(n,) of TRUTH, and of ROW whose fields are more."""
ROW = np.dtype(
    [
        ("photo", np.uint8, (NANO_SIDE, NANO_SIDE, 3)),
        ("statistics", np.float32, (COUNT,)),
        *TRUTH,
    ]
)
"""A degraded crop, reduced: RGB at half its size; statistics of the whole crop; the truth."""
Samples = NDArray[np.void]
"""(n,) of ROW, or of ROW and further views: see `row_of`."""


def row_of(views: Sequence[str]) -> np.dtype[np.void]:
    """ROW, with a field for each of the paper's views among nano's `views`, at half its size."""
    more = [(view, np.uint8, (NANO_SIDE, NANO_SIDE)) for view in views if view in PAPERS]
    return np.dtype([*ROW.descr, *more])


@dataclass(frozen=True)
class Plan:
    """The datasets that chunks are cut from.

    Attributes:
        recipes: one per preset of MIXTURE, without repetition.
        photographs: per recipe and pool, the photographs by split.
        views: pictures that nano is shown.
    """

    recipes: tuple[Recipe, ...]
    photographs: tuple[Photographs, ...]
    views: tuple[str, ...] = NANO_VIEWS

    @property
    def identity(self) -> list[Any]:
        """What tells these samples from those of other photographs, seeds or views."""
        of = [[r.preset.name, r.seed, [pool.digest for pool in r.pools]] for r in self.recipes]
        return of if self.views == NANO_VIEWS else [*of, list(self.views)]


class _Looked(Progress):
    """Reports how many photographs have been looked at."""

    def __init__(self, on_progress: engines.OnProgress) -> None:
        self._on_progress = on_progress

    def inspected(self, files: int, total: int) -> None:
        """See `Progress`."""
        self._on_progress(files, total)


def plan(
    sources: Sequence[str],
    home: Path,
    seed: int,
    workers: int,
    on_progress: engines.OnProgress,
    views: tuple[str, ...] = NANO_VIEWS,
    images: int | None = None,
) -> Plan:
    """Look through the photographs of `sources`, about three in a hundred kept for validation.

    Args:
        images: crops of MIXTURE that all photographs are to serve; unless given, they serve more
            than anyone makes, and fewer crops show a part of them.

    Raises:
        InputError: a source is unusable.
    """
    recipes, photographs, progress = [], [], _Looked(on_progress)
    for name in dict.fromkeys(MIXTURE):
        preset = presets.load(name)
        cycle = len(preset.cycle)
        most = {"train": _MOST // cycle * cycle, "validation": _MOST // 30 // cycle * cycle}
        most["test"] = 0
        options = gather_options(home / name, most, SIDE, seed, workers, progress)
        pools = pools_of(
            home / name, [SourceSpec.parse(text) for text in sources], options, preset, None,
            "cpu", progress,
        )  # fmt: skip
        splits = most if images is None else _serving(images, preset)
        recipes.append(Recipe(preset, seed, SIDE, splits, share_out(splits, pools)))
        photographs.append([pool.photographs or {} for pool in pools])
    return Plan(tuple(recipes), tuple(photographs), views)


def _serving(images: int, preset: presets.Preset) -> dict[str, int]:
    """A preset's samples by split, where so many of MIXTURE are seen."""
    turns = MIXTURE.count(preset.name)
    counts = {"train": -(-images // len(MIXTURE)) * turns, "validation": PER_CHUNK, "test": 0}
    cycle = len(preset.cycle)
    return {split: -(-count // cycle) * cycle for split, count in counts.items()}


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
    indices = chosen.in_turn(recipe.seed)
    samples = make(recipe, plan.photographs[which], indices, plan.views)
    write(folder / chunk_name(number), samples)
    report(number)


def make_validation(
    plan: Plan, folder: Path, workers: int, on_progress: Callable[[int, int], None]
) -> None:
    """Make the samples of held-out photographs, those of each preset unless they are there.

    Args:
        on_progress: called with how many of how many samples are made.
    """
    missing = [
        which
        for which, recipe in enumerate(plan.recipes)
        if not (folder / validation_name(recipe.preset.name)).exists()
    ]
    total = PER_CHUNK * len(missing)
    done = 0

    def more(samples: int) -> None:
        nonlocal done
        done += samples
        on_progress(done, total)

    on_progress(done, total)
    for _ in engines.run(_make_validation, [(plan, folder, w) for w in missing], workers, more):
        pass


def _make_validation(task: tuple[Plan, Path, int], report: engines.Report) -> None:
    plan, folder, which = task
    recipe, photographs = plan.recipes[which], plan.photographs[which]
    shard = next(shard for shard in recipe.shards if shard.split == "validation")
    indices = shard.in_turn(recipe.seed)
    parts = []
    for start in range(0, len(indices), _REPORTED):
        parts.append(make(recipe, photographs, indices[start : start + _REPORTED], plan.views))
        report(len(parts[-1]))
    write(folder / validation_name(recipe.preset.name), np.concatenate(parts))


def make(
    recipe: Recipe,
    photographs: Photographs,
    indices: Sequence[int],
    views: Sequence[str] = NANO_VIEWS,
) -> Samples:
    """Make these samples of a recipe."""
    row_type = row_of(views)
    samples = np.empty(len(indices), row_type)
    for row, index in zip(samples, indices, strict=True):
        image, degradation = crop(recipe, photographs, index)
        row["photo"], row["statistics"] = reduced(image), statistics(image)
        row["type"], row["severity"], row["values"] = truth(degradation)
        for view in PAPERS:
            if view in (row_type.names or ()):
                row[view] = reduced(as_pictures(image, [view])[0])[..., 0]
    return samples


def crop(
    recipe: Recipe, photographs: Photographs, index: int
) -> tuple[NDArray[np.uint8], Degradation]:
    """A sample of a recipe: the degraded crop (S, S, 3), RGB, and its degradation."""
    planned = _planner(recipe, photographs).plan(index, Counter())
    image = render(
        planned.clean, planned.degradations, planned.postprocess, planned.depth, planned.key
    )
    (degradation,) = planned.degradations
    return image, degradation


_PLANNERS: dict[str, Planner] = {}
"""Of this process, one per preset: they keep decoded photographs."""


def _planner(recipe: Recipe, photographs: Photographs) -> Planner:
    name = recipe.preset.name
    if name not in _PLANNERS or _PLANNERS[name].recipe != recipe:
        _PLANNERS[name] = Planner(recipe, CleanImages(recipe, photographs))
    return _PLANNERS[name]


def truth(degradation: Degradation) -> tuple[int, int, list[float]]:
    """Type, severity and values of a degradation, as in TRUTH."""
    severity = TYPES[degradation.type].severity
    grade = 255
    if severity:
        grade = SEVERITIES.index(severity.grade(scalar(degradation.values, severity.of)))
    return list(TYPES).index(degradation.type), grade, values_of(degradation)


def truth_of(ground_truth: GroundTruth) -> Truth:
    """The answers of a split, as TRUTH."""
    truth = np.empty(len(ground_truth.ids), TRUTH)
    truth["type"] = ground_truth.types
    truth["severity"] = [
        255 if grade is None else SEVERITIES.index(grade) for grade in ground_truth.severity
    ]
    values = [ground_truth.values[key.name].reshape(len(truth), -1) for key in KEYS.values()]
    truth["values"] = np.concatenate(values, axis=1)
    return truth


def values_of(degradation: Degradation) -> list[float]:
    """The values of COLUMNS, NaN where a key is another type's."""
    values = []
    for name, i in COLUMNS:
        value = degradation.parameters.get(name, float("nan"))
        values.append(value[i] if isinstance(value, tuple) else value)
    return values


def write(path: Path, samples: Samples) -> None:
    """Write samples to a file, whole or not at all."""
    data = BytesIO()
    np.save(data, samples)
    write_whole(path, data.getvalue())


def read(path: Path, views: Sequence[str] = NANO_VIEWS) -> Samples:
    """The samples of a file; what is not touched stays on disk.

    Args:
        views: that they were made for.

    Raises:
        InputError: the file is damaged.
    """
    try:
        samples = np.load(path, mmap_mode="r")
        if samples.dtype != row_of(views):
            raise ValueError("other views")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it, and it is made again") from None
    return samples
