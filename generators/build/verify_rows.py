"""Prove one row: its place in the recipe, its ground truth, and its pixels rendered again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from generators.build.jpeg_tolerance import within_one_level_of_jpeg
from generators.dataset.order import Shard
from generators.dataset.recipe import Recipe
from generators.dataset.schema import (
    REVIEW,
    Provenance,
    Row,
    RowError,
    decode_row,
    degradations_of,
    flat_columns,
    severity,
    types_of,
)
from generators.errors import InputError, first_line
from generators.images import pixel_hash
from generators.physics import Image
from generators.postprocess import draw_postprocess, subsampling_of
from generators.randomness import Purpose, five_digits, stream
from generators.sample import Sample, draw, render
from generators.taxonomy import TYPES, Degradation, Value, scalar

TOLERANCE = 1
"""Levels by which a pixel may differ: other processors and libraries round their last bit so."""


@dataclass(frozen=True)
class RowProof:
    """What came of proving one row.

    Attributes:
        pixel_residual: see the function of that name; None where the row cannot be rendered.
        problems: what is wrong with it, pixels aside.
    """

    pixel_residual: int | None
    problems: list[str]


def prove_row(recipe: Recipe, shard: Shard, row: Row, provenance: Provenance) -> RowProof:
    """Check a row of `shard` against the recipe and itself, and render it again.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the row is malformed.
    """
    problems = [
        *_place_problems(recipe, shard, row, provenance),
        *_truth_problems(recipe, row, provenance),
    ]
    try:
        sample, _ = decode_row(row)
    except RowError as error:
        return RowProof(None, [*problems, str(error)])
    if sample.clean.shape != (recipe.size, recipe.size, 3):
        problems.append(f"clean and degraded are not of {recipe.size}×{recipe.size}")
    if pixel_hash(sample.degraded) != row["degraded_sha256"]:
        problems.append("the degraded pixels are not those of degraded_sha256")
    if sample.depth is None and row["depth"] is not None:
        problems.append(f"has a depth map, which {' + '.join(types_of(row))} does not use")
    key = (recipe.seed, provenance.index, provenance.attempt)
    try:
        if changed := _undrawn(recipe, sample, key):
            problems.append(f"{', '.join(changed)} is not what the seed draws")
        return RowProof(pixel_residual(sample, key), problems)
    except (ArithmeticError, InputError, cv2.error) as error:  # a scale of 0, an index below 0
        name = type(error).__name__
        return RowProof(None, [*problems, f"cannot be rendered ({name}: {first_line(error)})"])


def pixel_residual(sample: Sample, key: tuple[int, int, int]) -> int:
    """The largest difference in levels between `sample.degraded` and its second rendering.

    What JPEG made of a difference of one level counts as one.

    Args:
        key: (seed, index, attempt), which its noise follows from.
    """
    after = sample.postprocess
    again = _render_again(sample, after, key)
    levels = int(np.abs(again.astype(np.int16) - sample.degraded).max())
    if levels > TOLERANCE and after and scalar(after, "jpeg_quality"):
        uncompressed = _render_again(sample, {**after, "jpeg_quality": 0.0}, key)
        quality = round(scalar(after, "jpeg_quality"))
        if within_one_level_of_jpeg(sample.degraded, uncompressed, quality, subsampling_of(after)):
            return TOLERANCE
    return levels


def _render_again(sample: Sample, after: Mapping[str, Value], key: tuple[int, int, int]) -> Image:
    return render(sample.clean, sample.degradations, after, sample.depth, key)


def _undrawn(recipe: Recipe, sample: Sample, key: tuple[int, int, int]) -> list[str]:
    """Names of the values that are not those that the seed draws."""
    types = [one.type for one in sample.degradations]
    degradations = draw(recipe.preset, types, stream(*key, Purpose.PARAMETERS), sample.depth)
    drawn = _values(degradations) | draw_postprocess(recipe.preset, key)
    values = sample.values | sample.postprocess
    return sorted(name for name in drawn if drawn[name] != values.get(name))


def _place_problems(
    recipe: Recipe, shard: Shard, row: Row, provenance: Provenance
) -> Iterator[str]:
    """Is this the row that the recipe puts here?"""
    index, types = provenance.index, types_of(row)
    if row["id"] != recipe.id_of(index):
        yield f"its id does not belong to index {index}"
    first = recipe.first_attempt(index)
    if provenance.attempt < first:
        yield f"attempt {provenance.attempt} comes before {first}, its first"
    if row["review"] not in REVIEW:
        yield f"review is {row['review']!r}, not one of {', '.join(REVIEW)}"
    if not shard.start <= index < shard.stop:
        belongs = recipe.split_of(index) if index < recipe.n else "no split"
        yield f"index {index} belongs to {belongs}, samples {shard.start} to {shard.stop - 1} here"
    elif types != recipe.types_of(index):
        yield f"type is {' + '.join(types)}, the recipe says {' + '.join(recipe.types_of(index))}"
    if provenance.seed != recipe.seed or provenance.preset != recipe.preset.name:
        yield "its seed or preset is not the dataset's"
    if tuple(row["crop_box"]) != provenance.crop_box:
        yield "crop_box is not the one in its recipe"


def _truth_problems(recipe: Recipe, row: Row, provenance: Provenance) -> Iterator[str]:
    """Do tuples, flat columns and severity say the same, within the preset's ranges?"""
    types = types_of(row)
    keys = {key.name: recipe.preset.keys[key.name] for name in types for key in TYPES[name].keys}
    owned = sorted((name, key.name) for name in types for key in TYPES[name].keys)
    triples = row["tuples"]
    if sorted((t["type"], t["key"]) for t in triples) != owned:
        yield f"tuples are not one of each key of {' + '.join(types)}"
        return
    degradations = degradations_of(row, provenance)
    values = _values(degradations)
    derived = {name for type_name in types for name in TYPES[type_name].derived}
    for triple in triples:
        key = keys[triple["key"]]
        shape = [key.size] if key.kind == "vector" else []
        if triple["shape"] != shape:
            yield f"{key.name} has shape {triple['shape']}, not {shape}"
        try:
            key.check(values[key.name])
        except InputError as error:
            yield str(error)
    for name in flat_columns():
        wanted = values.get(name) if name in keys or name in derived else None
        value = row.get(name)  # a dataset older than a type lacks its columns
        if _rounded(value) != wanted:
            yield f"column {name} is {value}, its tuple or recipe says {wanted}"
    if row["severity"] != severity(degradations):
        yield f"severity is {row['severity']}, its values say {severity(degradations)}"


def _values(degradations: Iterable[Degradation]) -> dict[str, Value]:
    return {name: value for one in degradations for name, value in one.values.items()}


def _rounded(value: Any) -> Value | None:
    if value is None:
        return None
    return tuple(map(five_digits, value)) if isinstance(value, list) else five_digits(value)
