"""A dataset without its pixels: enough to make it again wherever the photographs are.

One small Parquet file: a row per sample with its source, photograph hash, crop, parameters and
seed, and the dataset's recipe and identity in the file's metadata. It may carry the depth maps of
the photographs too: see `dataset.carried_depth`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from generators.dataset import carried_depth
from generators.dataset.info import DatasetInfo, Identity
from generators.dataset.parquet import MAKE_AGAIN, open_parquet, read_columns, reading
from generators.dataset.recipe import Recipe
from generators.dataset.review_figures import ReviewSummary
from generators.dataset.schema import Provenance, Row, degradations_of, provenance_of, schema
from generators.depth.prepared import cache_of
from generators.errors import InputError, plain_errors
from generators.files import whole
from generators.lock import hold_beside
from generators.sample import needs_depth
from generators.sources.pools import Photograph
from generators.taxonomy import Degradation
from generators.typed_json import from_json, to_json

if TYPE_CHECKING:
    from generators.files import Place

FORMAT = b"1"
COLUMNS = (
    "id", "type", "tuples", "source", "source_id", "crop_box", "depth_source", "recipe",
    "degraded_sha256", "review",
)  # fmt: skip
_KEY = b"dubench_manifest"


@dataclass(frozen=True)
class _Metadata:
    """What the file's metadata holds as JSON, by name."""

    recipe: Mapping[str, Any]
    identity: Mapping[str, Identity]
    review: ReviewSummary | None


@dataclass(frozen=True)
class ManifestRow:
    """What a manifest says of one sample.

    Attributes:
        source, source_id, review: as in the row.
    """

    provenance: Provenance
    degradations: tuple[Degradation, ...]
    source: str
    source_id: str
    review: str

    @staticmethod
    def of(record: Row) -> "ManifestRow":
        """That of a row with `COLUMNS`; raises as `degradations_of`."""
        provenance = provenance_of(record)
        return ManifestRow(
            provenance,
            degradations_of(record, provenance),
            record["source"],
            record["source_id"],
            record["review"],
        )


@dataclass(frozen=True)
class Manifest:
    """A dataset without its pixels.

    Attributes:
        recipe: as in recipe.json.
        identity: per split.
        rows: by sample index.
        review: what recipe.json says of its review; None if people have not looked at it.
        carries_depth: whether the depth maps of its photographs are in the file.
    """

    recipe: Recipe
    identity: Mapping[str, Identity]
    rows: Mapping[int, ManifestRow]
    review: ReviewSummary | None = None
    carries_depth: bool = False

    @property
    def photographs(self) -> dict[str, str]:
        """Photograph hash → its name in the source, for every photograph (not scene) used."""
        return {
            row.provenance.photograph: row.source_id
            for row in self.rows.values()
            if row.source != "dead-leaves"
        }

    @property
    def depth_hashes(self) -> dict[str, str]:
        """Photograph hash → hash of its depth map, empty for none, where depth is used."""
        return {
            row.provenance.photograph: row.provenance.depth_hash
            for row in self.rows.values()
            if row.source != "dead-leaves" and needs_depth([one.type for one in row.degradations])
        }


@plain_errors()
def write_manifest(folder: Path, path: Path, with_depth: bool = False) -> int:
    """Write the manifest of the finished dataset in `folder` to `path`; returns its rows.

    Args:
        with_depth: carry the depth maps, which lie beside `folder`.

    Raises:
        InputError: `folder` holds no finished dataset, a shard cannot be read, a depth map is
            missing or another, or `path` cannot be written.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generate`'s example
        >>> from generators import write_manifest
        >>> write_manifest(Path("du110k"), Path("du110k.parquet"))
        200
    """
    info = DatasetInfo.read_finished(folder)
    recipe = info.recipe
    tables = []
    for shard in recipe.shards:
        file = folder / "data" / shard.name
        with reading(file, MAKE_AGAIN):
            tables.append(read_columns(file, COLUMNS))
    metadata = {
        _KEY: FORMAT,
        b"recipe": json.dumps(recipe.to_json()).encode(),
        b"identity": json.dumps(to_json(info.identity)).encode(),
        b"review": json.dumps(to_json(info.review)).encode(),
    }
    table = pa.concat_tables(tables).replace_schema_metadata(metadata)
    with hold_beside(path), whole(path) as part:
        if with_depth:
            carried_depth.write(table, part, cache_of(folder))
        else:
            pq.write_table(table, part, compression="zstd")
    return table.num_rows


def copy_rows(source: Path, target: "Place") -> None:
    """Write the manifest at `source` to `target`, without the depth it may carry."""
    with whole(target) as part:
        pq.write_table(pq.read_table(source, columns=list(COLUMNS)), part)


def read_manifest(path: "Place") -> Manifest:
    """The manifest in the file at `path`.

    Raises:
        InputError: there is no such file, it is no manifest or one of some of the rows alone, or of
            another version.
    """
    where = f"--manifest {path}"
    if not path.is_file():
        raise InputError(f"{where}: no such file")
    with reading(path, "it is not a Parquet file, or is cut short: export it again", where):
        file = open_parquet(path)
        there = file.schema_arrow
    metadata = there.metadata or {}
    if _KEY not in metadata:
        raise InputError(f"{where} is no manifest; dubench manifest DIR makes one")
    if metadata[_KEY] != FORMAT:
        raise InputError(
            f"{where} is of version {metadata[_KEY].decode()}; this dubench reads {FORMAT.decode()}"
        )
    wanted = schema()
    types = {field.name: field.type for field in there}
    if any(types.get(name) != wanted.field(name).type for name in COLUMNS):
        raise InputError(f"{where} lacks columns of a manifest; export it again")
    with reading(path, "it is cut short: export it again", where):
        table = file.read(columns=list(COLUMNS))
    try:
        rows = [ManifestRow.of(record) for record in table.to_pylist()]
        data = {name: json.loads(metadata[name.encode()]) for name in _Metadata.__annotations__}
    except (KeyError, IndexError, TypeError, ValueError):
        raise InputError(f"{where} is damaged; export it again") from None
    entries = from_json(_Metadata, data, where)
    recipe = Recipe.from_json(entries.recipe, where)
    by_index = {row.provenance.index: row for row in rows}
    if len(rows) != recipe.n or by_index.keys() != {*range(recipe.first, recipe.first + recipe.n)}:
        raise InputError(
            f"{where}: its {len(rows):,} rows are not one of each of the {recipe.n:,} samples of "
            "its recipe; export it again"
        )
    carries_depth = carried_depth.COLUMN in types
    return Manifest(recipe, entries.identity, by_index, entries.review, carries_depth)


def check_photographs(
    manifest: Manifest, photographs: Mapping[str, Photograph], where: str
) -> None:
    """Make sure that every photograph of `manifest` is at hand.

    Args:
        photographs: by hash.
        where: the sources, for the message.

    Raises:
        InputError: some are missing or differ; the message counts and names them.
    """
    names = {photo.source_id for photo in photographs.values()}
    lost = {sha: name for sha, name in manifest.photographs.items() if sha not in photographs}
    if not lost:
        return
    differing = sorted(name for name in lost.values() if name in names)
    missing = sorted(name for name in lost.values() if name not in names)
    lists = [
        f"{len(some)} {what} ({', '.join(some[:3])}{', …' if len(some) > 3 else ''})"
        for what, some in (("are missing", missing), ("are other files", differing))
        if some
    ]
    kinds = ", ".join(sorted({row.source for row in manifest.rows.values()} - {"dead-leaves"}))
    raise InputError(
        f"of {len(manifest.photographs)} photographs of the manifest, {' and '.join(lists)} in "
        f"{where}; give the photographs it was made from: {kinds}"
    )


def check_depth(manifest: Manifest, photographs: Mapping[str, Photograph]) -> None:
    """Make sure that photographs have the depth that `manifest` was made with.

    Args:
        photographs: by hash, all that it uses.

    Raises:
        InputError: some have another; the message counts and names them.
    """
    wanted = manifest.depth_hashes
    other = sorted(
        photographs[sha].source_id
        for sha, depth_hash in wanted.items()
        if photographs[sha].depth_hash != depth_hash
    )
    if other:
        raise InputError(
            f"of {len(wanted)} photographs whose depth the manifest uses, {len(other)} have "
            f"another here ({', '.join(other[:3])}{', …' if len(other) > 3 else ''}); it was made "
            f"with {manifest.recipe.depth_sources}: give the same --depth, or have it exported "
            "with dubench manifest --with-depth"
        )
