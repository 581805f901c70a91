"""Two hashes that name a dataset: what it was made of, and what it holds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from generators import engines
from generators.dataset.info import Identity
from generators.dataset.parquet import MAKE_AGAIN, columns_of, open_parquet, reading
from generators.dataset.recipe import Recipe
from generators.dataset.sorted_lines import SortedLines
from generators.presets import Preset

if TYPE_CHECKING:
    from generators.files import Place

COLUMNS = ["id", "tuples", "degraded_sha256", "recipe"]
FEW = 100_000
"""Rows that are hashed here sooner than a cluster's workers start."""


@dataclass(frozen=True)
class _Lines:
    """What is hashed of one file's rows, a line each."""

    recipes: list[str]
    contents: list[str]


def split_identity(files: Sequence["Place"], preset: Preset | None) -> Identity:
    """`recipe_id` and `content_id` of the rows in `files`, whatever the files' order.

    `recipe_id` covers ids, parameters, photograph hashes, crops and the preset, and is the same
    wherever the dataset is made; `content_id` covers ids, pixel hashes and tuples, and pins the
    very pixels.

    Raises:
        InputError: a file cannot be read.
    """
    return _identity_of(map(_lines_of, files), preset)


def dataset_identity(
    folder: "Place", recipe: Recipe, workers: int | None = None, engine: str = "local"
) -> dict[str, Identity]:
    """The identity of every split of the dataset in `folder` that holds samples.

    Args:
        workers, engine: of more than `FEW` rows, where a cluster reads them, as `engines.run` takes
            them; one machine hashes in this process.

    Raises:
        InputError: a file cannot be read.
    """
    shards = recipe.shards
    files = [folder.absolute() / "data" / shard.name for shard in shards]
    lines: Iterator[_Lines]
    if engine == "local" or recipe.n < FEW:
        lines = map(_lines_of, files)
    else:
        lines = engines.run(_lines_of, files, workers, engine=engine)
    by_split = groupby(zip(shards, lines, strict=True), key=lambda pair: pair[0].split)
    return {
        split: _identity_of((of_file for _, of_file in pairs), recipe.preset)
        for split, pairs in by_split
    }


def canonical_tuples(tuples: list[dict[str, Any]]) -> list[list[Any]]:
    """Tuples as sorted [type, key, [numbers of five digits]], equal for equal tuples."""
    return sorted([t["type"], t["key"], [f"{entry:.5g}" for entry in t["value"]]] for t in tuples)


def _lines_of(file: "Place", report: engines.Report | None = None) -> _Lines:
    lines = _Lines([], [])
    for row in _rows(file):
        recipe = json.loads(row["recipe"])
        tuples = canonical_tuples(row["tuples"])
        crop = [recipe["photograph"], recipe["crop_box"], recipe["nuisance"]]
        lines.recipes.append(json.dumps([row["id"], tuples, crop], sort_keys=True))
        lines.contents.append(json.dumps([row["id"], row["degraded_sha256"], tuples]))
    return lines


def _identity_of(files: Iterable[_Lines], preset: Preset | None) -> Identity:
    with SortedLines() as recipes, SortedLines() as contents:
        for lines in files:
            recipes.add(lines.recipes)
            contents.add(lines.contents)
        recipes.add([json.dumps(preset.to_json() if preset else {}, sort_keys=True)])
        return Identity(recipes.sha256(), contents.sha256())


def _rows(file: "Place") -> Iterator[dict[str, Any]]:
    with reading(file, MAKE_AGAIN):
        opened = open_parquet(file)
        columns = columns_of(opened, file, COLUMNS)
        for batch in opened.iter_batches(batch_size=4096, columns=columns):
            yield from batch.to_pylist()
