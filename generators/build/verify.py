"""Prove a dataset: render every row again, and check what must hold between rows."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generators import engines
from generators.build.jpeg_tolerance import has_witness
from generators.dataset.identity import split_identity
from generators.dataset.info import DatasetInfo, Identity
from generators.dataset.recipe import Recipe, Shard
from generators.dataset.schema import (
    REVIEW,
    Provenance,
    degradations_of,
    flat_columns,
    provenance_of,
    severity,
    types_of,
)
from generators.errors import InputError
from generators.images import decode_depth, decode_rgb, pixel_hash
from generators.physics import Image
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, five_digits, stream
from generators.sample import Sample, draw, needs_depth, render
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES, Degradation, Value, scalar

# Other processors and libraries round their last bit differently.
TOLERANCE = 1


@dataclass
class Audit:
    """What `verify` found.

    Attributes:
        rows: rows looked at.
        exact: rows whose pixels came out the same when rendered again.
        close: rows that came out within one level, as from another processor; or, if they went
            through JPEG, as the JPEG of a picture within one level.
        blind: images of a blind test split, which cannot be rendered again without its answers.
        problems: what is wrong, one line each, naming file and row.
    """

    rows: int = 0
    exact: int = 0
    close: int = 0
    blind: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass
class _ShardFound(Audit):
    """One shard's share of the audit, and what the checks between rows need of it."""

    ids: list[str] = field(default_factory=list)
    photographs: dict[str, str] = field(default_factory=dict)  # hash → a row that uses it
    types: Counter[str] = field(default_factory=Counter)
    accepted: int = 0


def verify(
    folder: Path, workers: int | None = None, heard: Callable[[int], None] = lambda rows: None
) -> Audit:
    """Check every row of the dataset in `folder` and what must hold between them.

    Each degraded image is rendered again from its clean image, parameters and nuisance values,
    and its parameters drawn again from the seed; tuples are checked against the taxonomy, splits
    against the recipe and for shared photographs, counts and hashes against recipe.json.

    Args:
        heard: told the number of rows done, every now and then.

    Raises:
        InputError: `folder` holds no dataset, or an unfinished one; no workers.

    Example:
        >>> from pathlib import Path  # du110k is that of `generate`'s example
        >>> from generators import verify
        >>> verify(Path("du110k")).good
        True
    """
    info = DatasetInfo.read_finished(folder)
    recipe = info.recipe
    audit = Audit()
    found = engines.run(
        partial(_verify_shard, folder),
        list(range(len(recipe.shards))),
        workers,
        heard,
    )
    accepted = 0
    ids: dict[str, str] = {}
    sides: dict[str, dict[str, str]] = {}
    types: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for shard, part in zip(recipe.shards, found, strict=True):
        audit.rows += part.rows
        audit.exact += part.exact
        audit.close += part.close
        audit.problems += part.problems
        types[shard.split] += part.types
        accepted += part.accepted
        for name in part.ids:
            if name in ids:
                audit.problems.append(f"{shard.name}: id {name} is also in {ids[name]}")
            ids[name] = shard.name
        for photograph, row in part.photographs.items():
            sides.setdefault(photograph, {}).setdefault(shard.split, row)
    audit.problems += _between_rows(folder, recipe, sides, types)
    promised = info.review.accepted if info.review else 0
    if accepted != promised:
        audit.problems.append(f"{accepted} rows are accepted, not {promised}")
    audit.blind = info.blind.test if info.blind else 0
    audit.problems += _blind(folder, audit.blind)
    audit.problems += _identity(folder, recipe, info.identity)
    return audit


def _between_rows(
    folder: Path,
    recipe: Recipe,
    sides: Mapping[str, Mapping[str, str]],
    types: Mapping[str, Counter[str]],
) -> Iterator[str]:
    for photograph, rows in sides.items():
        if len(rows) > 1:
            where = ", ".join(f"{split} ({row})" for split, row in rows.items())
            yield f"photograph {photograph[:12]} is on two sides: {where}"
    for split in SPLITS:
        wanted = recipe.splits[split] // len(recipe.preset.types)
        for name in recipe.preset.types:
            if types[split][name] != wanted:
                yield f"{split} holds {types[split][name]} of {name}, not {wanted}"
    names = {shard.name for shard in recipe.shards}
    for file in sorted((folder / "data").glob("*.parquet")):
        if file.name not in names and not file.name.startswith("blind-"):
            yield f"{file.name} is not part of the recipe"


def _blind(folder: Path, promised: int) -> Iterator[str]:
    """A blind test split shows ids and degraded images, as many as promised, and nothing else."""
    ids: list[str] = []
    for file in sorted((folder / "data").glob("blind-*.parquet")):
        table = pq.read_table(file)
        ids += table["id"].to_pylist()
        if table.schema.names != ["id", "degraded"]:
            yield f"{file.name} shows {', '.join(table.schema.names)}, not id and degraded alone"
    if len(ids) != promised or len(set(ids)) != promised:
        yield f"the blind test split holds {len(set(ids))} samples, not {promised}"


def _identity(folder: Path, recipe: Recipe, promised: Mapping[str, Identity]) -> Iterator[str]:
    for split in SPLITS:
        files = [folder / "data" / s.name for s in recipe.shards if s.split == split]
        if not files:
            continue
        try:
            found = split_identity(files, recipe.preset.as_json())
        except (KeyError, TypeError, ValueError):
            continue  # the shard's own check has named what cannot be read
        wanted = promised.get(split)
        if not wanted or found.recipe_id != wanted.recipe_id:
            yield f"{split}: recipe_id is not the one in recipe.json"
        if not wanted or found.content_id != wanted.content_id:
            yield f"{split}: content_id is not the one in recipe.json"


def _verify_shard(folder: Path, number: int, report: engines.Report) -> _ShardFound:
    recipe = _recipe(folder)
    shard = recipe.shards[number]
    found = _ShardFound()
    path = folder / "data" / shard.name
    if not path.exists():
        found.problems.append(f"{shard.name} is missing")
        return found
    try:
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(batch_size=100):
            for row in batch.to_pylist():
                _verify_row(recipe, shard, found, row)
            report(len(batch))
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        found.problems.append(f"{shard.name} cannot be read: {reason}")
        return found
    if found.rows != shard.stop - shard.start:
        found.problems.append(
            f"{shard.name} holds {found.rows} rows, not {shard.stop - shard.start}"
        )
    return found


@lru_cache(maxsize=1)
def _recipe(folder: Path) -> Recipe:
    return DatasetInfo.read(folder).recipe


def _verify_row(recipe: Recipe, shard: Shard, found: _ShardFound, row: dict[str, Any]) -> None:
    where = f"{shard.name} row {found.rows} ({row.get('id')})"
    found.rows += 1
    try:
        provenance = provenance_of(row)
        found.ids.append(row["id"])
        found.types.update(types_of(row))
        found.accepted += row["review"] == REVIEW[1]
        found.photographs.setdefault(provenance.photograph, row["id"])
        problems = [*_place(recipe, shard, row, provenance), *_truth(row)]
        difference = _difference(recipe, row, provenance, problems)
    except (KeyError, IndexError, TypeError, ValueError, AssertionError) as error:
        found.problems.append(f"{where}: malformed ({type(error).__name__}: {error})")
        return
    if difference == 0:
        found.exact += 1
    elif difference is not None and difference <= TOLERANCE:
        found.close += 1
    elif difference is not None:
        problems.append(f"rendered again, pixels differ by up to {difference} levels")
    found.problems += [f"{where}: {problem}" for problem in problems]


def _place(
    recipe: Recipe, shard: Shard, row: Mapping[str, Any], provenance: Provenance
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


def _truth(row: Mapping[str, Any]) -> Iterator[str]:
    """Do tuples, flat columns and severity say the same, within the taxonomy?"""
    types = types_of(row)
    keys = {key.name: key for name in types for key in TYPES[name].keys}
    owned = sorted((name, key.name) for name in types for key in TYPES[name].keys)
    triples = row["tuples"]
    if sorted((t["type"], t["key"]) for t in triples) != owned:
        yield f"tuples are not one of each key of {' + '.join(types)}"
        return
    degradations = degradations_of(row)
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
        told = row.get(name)  # a dataset older than a type lacks its columns
        if _rounded(told) != wanted:
            yield f"column {name} is {told}, its tuple or recipe says {wanted}"
    if row["severity"] != severity(degradations):
        yield f"severity is {row['severity']}, its values say {severity(degradations)}"


def _values(degradations: Iterable[Degradation]) -> dict[str, Value]:
    return {name: value for one in degradations for name, value in one.values.items()}


def _rounded(value: Any) -> Value | None:
    if value is None:
        return None
    return tuple(map(five_digits, value)) if isinstance(value, list) else five_digits(value)


def _difference(
    recipe: Recipe,
    row: Mapping[str, Any],
    provenance: Provenance,
    problems: list[str],
) -> int | None:
    """The row's residual, or None where it cannot be rendered; adds to `problems`."""
    clean, degraded = (decode_rgb(row[name]["bytes"]) for name in ("clean", "degraded"))
    shape = (recipe.size, recipe.size, 3)
    for name, image in (("clean", clean), ("degraded", degraded)):
        if image is None or image.shape != shape:
            problems.append(f"{name} is not an RGB image of {recipe.size}×{recipe.size}")
            return None
    assert clean is not None
    assert degraded is not None
    if pixel_hash(degraded) != row["degraded_sha256"]:
        problems.append("the degraded pixels are not those of degraded_sha256")
    depth, types = None, types_of(row)
    if needs_depth(types):
        depth = decode_depth(row["depth"]["bytes"] if row["depth"] else b"")
        if depth is None or depth.shape != shape[:2]:
            problems.append(f"depth is not a 16-bit image of {recipe.size}×{recipe.size}")
            return None
    elif row["depth"] is not None:
        problems.append(f"has a depth map, which {' + '.join(types)} does not use")
    sample = Sample(degradations_of(row), clean, degraded, depth, provenance.postprocess)
    values = sample.values | sample.postprocess
    key = (recipe.seed, provenance.index, provenance.attempt)
    drawn = _values(draw(recipe.preset, types, stream(*key, Purpose.PARAMETERS), depth))
    drawn |= draw_postprocess(recipe.preset, key)
    changed = sorted(name for name in drawn if drawn[name] != values.get(name))
    if changed:
        problems.append(f"{', '.join(changed)} is not what the seed draws")
    return residual(sample, key)


def residual(sample: Sample, key: tuple[int, int, int]) -> int:
    """The largest difference in levels between `sample.degraded` and its second rendering.

    What JPEG made of a difference of one level counts as one.

    Args:
        key: (seed, index, attempt), which its noise follows from.
    """
    after = sample.postprocess
    again = _again(sample, after, key)
    far = int(np.abs(again.astype(np.int16) - sample.degraded).max())
    if far > TOLERANCE and after and scalar(after, "jpeg_quality"):
        before = _again(sample, {**after, "jpeg_quality": 0.0}, key)
        quality = round(scalar(after, "jpeg_quality"))
        return TOLERANCE if has_witness(sample.degraded, before, quality) else far
    return far


def _again(sample: Sample, after: Mapping[str, Value], key: tuple[int, int, int]) -> Image:
    return render(sample.clean, sample.degradations, after, sample.depth, key)
