"""Prove a dataset: render every row again, and check what must hold between rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from generators import engines
from generators.build.verify_dataset import DatasetContent, ShardContent, dataset_problems
from generators.build.verify_rows import TOLERANCE, prove_row
from generators.codec import jpeg_codec
from generators.dataset.info import CODEC, DatasetInfo
from generators.dataset.order import ROW_GROUP, Shard
from generators.dataset.parquet import open_parquet, reading
from generators.dataset.recipe import Recipe
from generators.dataset.schema import ACCEPTED, Row, another_schema, provenance_of, types_of
from generators.errors import InputError, plain_errors

if TYPE_CHECKING:
    from generators.files import Place


@dataclass
class Audit:
    """What `verify` has looked at, and what is wrong with it.

    Attributes:
        rows: rows looked at.
        exact: rows whose pixels came out the same when rendered again.
        close: rows that came out within one level, as from another processor; or, if they went
            through JPEG, as the JPEG of a picture within one level.
        blind: images of a blind test split, which cannot be rendered again without its answers.
        codec: the JPEG codec that the dataset was made with, where it is not the one here.
        problems: what is wrong, one line each, naming file and row.
    """

    rows: int = 0
    exact: int = 0
    close: int = 0
    blind: int = 0
    codec: str | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass
class _ShardAudit(Audit):
    """One shard's share of the audit."""

    content: ShardContent = field(default_factory=ShardContent)


@plain_errors()
def verify(
    folder: "Place",
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda rows: None,
    *,
    engine: str = "local",
) -> Audit:
    """Check every row of the dataset in `folder` and what must hold between them.

    Each degraded image is rendered again from its clean image, parameters and nuisance values,
    and its parameters drawn again from the seed; tuples are checked against the taxonomy, splits
    against the recipe and for shared photographs, counts and hashes against recipe.json.

    Args:
        on_progress: called with the number of rows done since the last call.
        engine: `local`, or `ray`: on the cluster that RAY_ADDRESS names.

    Raises:
        InputError: `folder` holds no dataset, or an unfinished one; no workers.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generate`'s example
        >>> from generators import verify
        >>> verify(Path("du110k")).good
        True
    """
    info = DatasetInfo.read_finished(folder)
    shards = info.recipe.shards
    work = partial(_verify_shard, folder.absolute())
    codec = info.versions.get(CODEC)
    audit = Audit(
        blind=info.blind.test if info.blind else 0,
        codec=None if codec == jpeg_codec() else codec,
    )
    content = DatasetContent()
    parts = engines.run(work, range(len(shards)), workers, on_progress, engine=engine)
    for shard, part in zip(shards, parts, strict=True):
        audit.rows += part.rows
        audit.exact += part.exact
        audit.close += part.close
        audit.problems += part.problems
        content.add(shard.split, part.content)
    audit.problems += dataset_problems(folder, info, content, workers, engine)
    return audit


def _verify_shard(folder: "Place", number: int, report: engines.Report) -> _ShardAudit:
    recipe = _recipe(folder)
    shard = recipe.shards[number]
    audit = _ShardAudit()
    ids: set[str] = set()
    path = folder / "data" / shard.name
    try:
        with reading(path, remedy="", name=shard.name):
            file = open_parquet(path)
            if problem := another_schema(file.schema_arrow):
                audit.problems.append(f"{shard.name}: {problem}")
            for batch in file.iter_batches(batch_size=ROW_GROUP):
                for row in batch.to_pylist():
                    _verify_row(recipe, shard, audit, row, ids)
                report(len(batch))
    except InputError as error:
        audit.problems.append(str(error))
        return audit
    wanted = shard.stop - shard.start
    if audit.rows != wanted:
        audit.problems.append(f"{shard.name} holds {audit.rows} rows, not {wanted}")
    return audit


@lru_cache(maxsize=1)
def _recipe(folder: "Place") -> Recipe:
    return DatasetInfo.read(folder).recipe


def _verify_row(recipe: Recipe, shard: Shard, audit: _ShardAudit, row: Row, ids: set[str]) -> None:
    """Prove one row and add what came of it to `audit`, and its id to those of the shard.

    An id of another shard is no id of this one's: two shards need no comparing.
    """
    where = f"{shard.name} row {audit.rows} ({row.get('id')})"
    audit.rows += 1
    content = audit.content
    try:
        provenance = provenance_of(row)
        if row["id"] in ids:
            audit.problems.append(f"{where}: its id is also in a row above")
        ids.add(row["id"])
        content.types.update(types_of(row))
        content.accepted += row["review"] == ACCEPTED
        content.photographs.setdefault(provenance.photograph, row["id"])
        proof = prove_row(recipe, shard, row, provenance)
    except (KeyError, IndexError, TypeError, ValueError, AssertionError) as error:
        audit.problems.append(f"{where}: malformed ({type(error).__name__}: {error})")
        return
    problems, residual = proof.problems, proof.pixel_residual
    if residual == 0:
        audit.exact += 1
    elif residual is not None and residual <= TOLERANCE:
        audit.close += 1
    elif residual is not None:
        problems = [*problems, f"rendered again, pixels differ by up to {residual} levels"]
    audit.problems += [f"{where}: {problem}" for problem in problems]
