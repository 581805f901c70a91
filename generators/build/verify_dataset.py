"""What must hold between a dataset's rows, and between them and recipe.json."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generators.build.blind import COLUMNS as BLIND_COLUMNS
from generators.dataset.folder import data_files
from generators.dataset.identity import dataset_identity
from generators.dataset.info import DatasetInfo, Identity
from generators.dataset.parquet import open_parquet, reading
from generators.dataset.recipe import Recipe
from generators.errors import InputError
from generators.sources.splits import SPLITS
from generators.walk import is_litter

if TYPE_CHECKING:
    from generators.files import Place


@dataclass
class ShardContent:
    """What one shard's rows say of themselves, for the checks between rows.

    Attributes:
        photographs: hash → id of a row that uses it.
        types: degradations of each type.
        accepted: rows that people accepted.
    """

    photographs: dict[str, str] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    accepted: int = 0


@dataclass
class DatasetContent:
    """The same of all shards; it grows with the photographs, not with the rows.

    Attributes:
        photographs: hash → split → id of a row that uses it.
        types: per split, degradations of each type.
        accepted: rows that people accepted.
    """

    photographs: dict[str, dict[str, str]] = field(default_factory=dict)
    types: dict[str, Counter[str]] = field(
        default_factory=lambda: {split: Counter() for split in SPLITS}
    )
    accepted: int = 0

    def add(self, split: str, content: ShardContent) -> None:
        """Take in what a shard of `split` holds."""
        for photograph, row in content.photographs.items():
            self.photographs.setdefault(photograph, {}).setdefault(split, row)
        self.types[split] += content.types
        self.accepted += content.accepted


def dataset_problems(
    folder: "Place", info: DatasetInfo, content: DatasetContent, workers: int | None, engine: str
) -> Iterator[str]:
    """Check the dataset in `folder`, which holds `content`, as a whole.

    Args:
        workers, engine: as `engines.run` takes them.
    """
    recipe = info.recipe
    yield from _shared_photographs(content)
    yield from _type_counts(recipe, content)
    files = data_files(folder, info)
    yield from _stray_files(files, recipe)
    promised = info.review.accepted if info.review else 0
    if content.accepted != promised:
        yield f"{content.accepted} rows are accepted, not {promised}"
    yield from _blind_files(files, info.blind.test if info.blind else 0)
    # A malformed row has no identity; the shard's own check has named it.
    with suppress(KeyError, TypeError, ValueError):
        identities = dataset_identity(folder, recipe, workers, engine)
        yield from _identities(info.identity, identities)


def _shared_photographs(content: DatasetContent) -> Iterator[str]:
    for photograph, rows in content.photographs.items():
        if len(rows) > 1:
            where = ", ".join(f"{split} ({row})" for split, row in rows.items())
            yield f"photograph {photograph[:12]} is on two sides: {where}"


def _type_counts(recipe: Recipe, content: DatasetContent) -> Iterator[str]:
    for split in SPLITS:
        cycles = recipe.splits[split] // len(recipe.preset.cycle)
        for name in recipe.preset.types:
            wanted = cycles * recipe.preset.cycle.count(name)
            if (there := content.types[split][name]) != wanted:
                yield f"{split} holds {there} of {name}, not {wanted}"


def _stray_files(files: Sequence["Place"], recipe: Recipe) -> Iterator[str]:
    names = {shard.name for shard in recipe.shards}
    for file in files:
        if file.name not in names and not (file.name.startswith("blind-") or is_litter(file.name)):
            yield f"{file.name} is not part of the recipe"


def _blind_files(files: Sequence["Place"], promised: int) -> Iterator[str]:
    """A blind test split shows ids and degraded images, as many as promised, and nothing else."""
    ids: list[str] = []
    for file in files:
        if not file.name.startswith("blind-"):
            continue
        try:
            with reading(file, remedy="", name=file.name), open_parquet(file) as opened:
                columns = opened.schema_arrow.names
                ids += opened.read(columns=["id"])["id"].to_pylist()
        except InputError as error:
            yield str(error)
            continue
        if columns != list(BLIND_COLUMNS):
            yield f"{file.name} shows {', '.join(columns)}, not id and degraded alone"
    if len(ids) != promised or len(set(ids)) != promised:
        yield f"the blind test split holds {len(set(ids))} samples, not {promised}"


def _identities(
    promised: Mapping[str, Identity], identities: Mapping[str, Identity]
) -> Iterator[str]:
    for split, identity in identities.items():
        wanted = promised.get(split)
        if not wanted or identity.recipe_id != wanted.recipe_id:
            yield f"{split}: recipe_id is not the one in recipe.json"
        if not wanted or identity.content_id != wanted.content_id:
            yield f"{split}: content_id is not the one in recipe.json"
