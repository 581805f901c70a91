"""Two hashes that name a dataset: what it was made of, and what it holds."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from generators.dataset.info import Identity
from generators.dataset.parquet import MAKE_AGAIN, columns_of, open_parquet, reading
from generators.dataset.recipe import Recipe
from generators.dataset.sorted_lines import SortedLines
from generators.presets import Preset
from generators.sources.splits import SPLITS

if TYPE_CHECKING:
    from generators.files import Place

COLUMNS = ["id", "tuples", "degraded_sha256", "recipe"]


def split_identity(files: Sequence["Place"], preset: Preset | None) -> Identity:
    """`recipe_id` and `content_id` of the rows in `files`, whatever the files' order.

    `recipe_id` covers ids, parameters, photograph hashes, crops and the preset, and is the same
    wherever the dataset is made; `content_id` covers ids, pixel hashes and tuples, and pins the
    very pixels.

    Raises:
        InputError: a file cannot be read.
    """
    with SortedLines() as recipes, SortedLines() as contents:
        for row in _rows(files):
            recipe = json.loads(row["recipe"])
            tuples = canonical_tuples(row["tuples"])
            crop = [recipe["photograph"], recipe["crop_box"], recipe["nuisance"]]
            recipes.add(json.dumps([row["id"], tuples, crop], sort_keys=True))
            contents.add(json.dumps([row["id"], row["degraded_sha256"], tuples]))
        recipes.add(json.dumps(preset.to_json() if preset else {}, sort_keys=True))
        return Identity(recipes.sha256(), contents.sha256())


def dataset_identity(folder: "Place", recipe: Recipe) -> dict[str, Identity]:
    """The identity of every split of the dataset in `folder` that holds samples.

    Raises:
        InputError: a file cannot be read.
    """
    files = {
        split: [folder / "data" / shard.name for shard in recipe.shards if shard.split == split]
        for split in SPLITS
    }
    return {split: split_identity(paths, recipe.preset) for split, paths in files.items() if paths}


def canonical_tuples(tuples: list[dict[str, Any]]) -> list[list[Any]]:
    """Tuples as sorted [type, key, [numbers of five digits]], equal for equal tuples."""
    return sorted([t["type"], t["key"], [f"{entry:.5g}" for entry in t["value"]]] for t in tuples)


def _rows(files: Sequence["Place"]) -> Iterator[dict[str, Any]]:
    for file in files:
        with reading(file, MAKE_AGAIN):
            opened = open_parquet(file)
            columns = columns_of(opened, file, COLUMNS)
            for batch in opened.iter_batches(batch_size=4096, columns=columns):
                yield from batch.to_pylist()
