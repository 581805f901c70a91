"""Make one shard of a dataset that people have looked at: rows are kept, accepted or replaced."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from generators.build.shards import OnRendered, Shards
from generators.dataset.info import DatasetInfo
from generators.dataset.order import ROW_GROUP
from generators.dataset.parquet import reading, shard_writer
from generators.dataset.schema import ACCEPTED, Row
from generators.errors import InputError


@dataclass(frozen=True)
class Revision:
    """What to keep of which dataset; the new recipe says what to replace.

    Attributes:
        folder: the dataset as it was reviewed.
        accepted: ids of samples that people accepted now.
    """

    folder: Path
    accepted: frozenset[str]


def revise(
    shards: Shards, revision: Revision, number: int, on_progress: OnRendered
) -> Counter[str]:
    """Make shard `number` of the revised dataset; returns how many crops were redrawn, by reason.

    Rows that the new recipe calls by another name are made anew; the others are copied.

    Raises:
        InputError: the old shard cannot be read, or does not hold what its recipe says.
    """
    shard = shards.recipe.shards[number]
    redrawn: Counter[str] = Counter()
    with shard_writer(shards.folder / shard.name, ROW_GROUP) as writer:
        start = shard.start
        for rows in _batches(revision.folder, number):
            indices = range(start, start + len(rows))
            start = indices.stop
            for index, old in zip(indices, rows, strict=True):
                if old["id"] != shards.recipe.id_of(index):
                    (new,) = shards.fresh([index], redrawn)
                    writer.add(new)
                else:
                    accepted = old["id"] in revision.accepted
                    writer.add(old | {"review": ACCEPTED} if accepted else old)
            on_progress(Counter(name for i in indices for name in shards.recipe.types_of(i)))
    return redrawn


def _batches(folder: Path, number: int) -> Iterator[list[Row]]:
    """The rows of a shard of the dataset in `folder`, which holds exactly what it should."""
    recipe = DatasetInfo.read(folder).recipe
    shard = recipe.shards[number]
    path = folder / "data" / shard.name
    names = [recipe.id_of(index) for index in range(shard.start, shard.stop)]
    with reading(path, f"run dubench verify {folder}"):
        file = pq.ParquetFile(path)
        if file.read(["id"])["id"].to_pylist() != names:
            raise InputError(
                f"{path} does not hold the samples that recipe.json puts there; run dubench "
                f"verify {folder}"
            )
        for batch in file.iter_batches(ROW_GROUP):
            yield batch.to_pylist()
