"""Replace the samples that people rejected: the same dataset again, but for them."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from generators import engines
from generators.build.generate import gather_options, pools_of
from generators.build.job import GenerateResult, Job, Progress
from generators.build.produce import produce
from generators.build.revise import Revision
from generators.dataset.folder import check_folder, check_space
from generators.dataset.ids import parse, successor
from generators.dataset.info import DatasetInfo
from generators.dataset.parquet import reading
from generators.dataset.recipe import Recipe, share_out
from generators.dataset.review_figures import ReviewSummary
from generators.dataset.schema import provenance_of
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.lock import hold_folder
from generators.sources.pools import Pool, SourceSpec

_COLUMNS = ["id", "type", "tuples", "depth_source", "recipe"]


def replace(
    folder: Path,
    out: Path,
    accepted: Collection[str],
    rejected: Collection[str],
    review: ReviewSummary,
    sources: Sequence[SourceSpec],
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    depth: DepthSpec | None = None,
) -> GenerateResult:
    """Make the dataset of `folder` in `out`, or finish it, with the `rejected` samples replaced.

    A replacement keeps index, split, source and type; its id ends in -r1 (then -r2, …), and it is
    drawn anew from the attempts beyond the rejected sample's. `accepted` rows say so; all others
    are copied. The photographs are needed only where something is replaced.

    Args:
        folder: a finished dataset; it is not changed.
        accepted, rejected: ids.
        review: what people found, for recipe.json and the card.
        sources, depth: as the dataset was generated with.

    Raises:
        InputError: `folder` is not whole, `sources` or `depth` are not what it was made from, an
            id is not in it, or as `generate`. Nothing is written then.
    """
    progress = progress or Progress()
    workers = engines.processes(workers)
    info = read_replaceable(folder)
    if out.resolve() == folder.resolve():
        raise InputError(f"--out {out} is the dataset itself, which stays as it is; choose another")
    check_folder(out)
    before = info.recipe
    rows = dict(_rows(folder, before))
    strange = sorted({*accepted, *rejected} - set(rows))
    if strange:
        raise InputError(f"{folder} has no sample {strange[0]}")
    photographs: list[Pool] = []
    if rejected:
        home = folder.absolute()
        options = gather_options(home, before.splits, before.size, before.seed, workers, progress)
        photographs = pools_of(home, sources, options, before.preset, depth, "cpu", progress)
        _check_sources(folder, before, photographs, sources)
        _check_photographs(folder, before, photographs, rows)
    recipe = dataclasses.replace(before, replaced=_replaced(before, rejected, rows))
    check_space(out, recipe)
    job = Job(
        recipe,
        [pool.photographs or {} for pool in photographs],
        info.left_out,
        revision=Revision(folder.absolute(), frozenset(accepted)),
        review=review,
    )
    with hold_folder(out):
        return produce(out, job, workers, progress)


def read_replaceable(folder: Path) -> DatasetInfo:
    """recipe.json of the dataset in `folder`, whose samples can be replaced.

    Raises:
        InputError: there is none, it is not finished, or its test split is blind.
    """
    info = DatasetInfo.read_finished(folder)
    if info.blind or info.recipe.first:
        raise InputError(
            f"{folder} belongs to a blind test split, which is out of hand once it is made; review "
            "a dataset made without --blind instead"
        )
    return info


@dataclasses.dataclass(frozen=True)
class _Row:
    """What replacing needs of a row: the attempt it was drawn at, its photograph, its depth."""

    attempt: int
    photograph: str
    depth_source: str | None


def _rows(folder: Path, recipe: Recipe) -> Iterator[tuple[str, _Row]]:
    """Every row of the dataset, by id."""
    for shard in recipe.shards:
        path = folder / "data" / shard.name
        with reading(path, f"run dubench verify {folder}"):
            for record in pq.read_table(path, columns=_COLUMNS).to_pylist():
                provenance = provenance_of(record)
                row = _Row(provenance.attempt, provenance.photograph, record["depth_source"])
                yield record["id"], row


def _replaced(
    before: Recipe, rejected: Collection[str], rows: Mapping[str, _Row]
) -> dict[str, int]:
    """The new recipe's `replaced`: what was replaced before and stands, and what is now."""
    replaced = {name: first for name, first in before.replaced.items() if name not in rejected}
    for name in rejected:
        replaced[successor(name)] = rows[name].attempt + 1
    return dict(sorted(replaced.items()))


def _check_sources(
    folder: Path, recipe: Recipe, pools: Sequence[Pool], sources: Sequence[SourceSpec]
) -> None:
    """Are these the photographs that the dataset was made from?"""
    remedy = "give the same --source, in the same order, as to dubench generate"
    then, now = ([pool.source for pool in some] for some in (recipe.pools, pools))
    if then != now:
        raise InputError(
            f"{folder} was made from {_named(then)}, and --source gives {_named(now)}; {remedy}"
        )
    specs = [spec for spec in sources for _ in range(2 if spec.source == "builtin" else 1)]
    shares = share_out(recipe.splits, list(pools))
    for spec, share, wanted in zip(specs, shares, recipe.pools, strict=True):
        if wanted.digest and (share.digest, share.photographs) != (
            wanted.digest,
            wanted.photographs,
        ):
            raise InputError(
                f"--source {spec}: its {sum(share.photographs.values()):,} photographs are not "
                f"the {sum(wanted.photographs.values()):,} that {folder} was made from; give the "
                f"same files under the same names, and {remedy}"
            )
        if share.depth == wanted.depth and share.depth_digest != wanted.depth_digest:
            raise InputError(
                f"--depth: the maps of the photographs of {spec} are not those that {folder} was "
                "made with; give the same maps as to dubench generate"
            )


def _named(pool_sources: Sequence[str]) -> str:
    """Pools as --source names them: `builtin` brings dead leaves along."""
    return ", ".join(
        source
        for place, source in enumerate(pool_sources)
        if not (source == "dead-leaves" and place and pool_sources[place - 1] == "builtin")
    )


def _check_photographs(
    folder: Path,
    recipe: Recipe,
    pools: Sequence[Pool],
    rows: Mapping[str, _Row],
) -> None:
    """Does every photograph lie in its split again, with depth from the same place?"""
    at_hand = {
        photo.sha256: (split, photo.depth_source)
        for pool in pools
        for split, photos in (pool.photographs or {}).items()
        for photo in photos
    }
    for name, row in rows.items():
        if row.photograph not in at_hand:  # a scene
            continue
        split, depth = at_hand[row.photograph]
        if split != recipe.split_of(parse(name)[0]):
            raise InputError(
                f"{folder}: the photograph of {name} would be in {split} now, and on two sides; "
                "the photographs cannot be parted as they were"
            )
        if row.depth_source not in (None, depth):
            raise InputError(
                f"{folder}: {name} has {row.depth_source} depth, and --depth gives {depth} "
                "depth for its photograph; give the same --depth as to dubench generate"
            )
