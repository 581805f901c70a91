"""Make the shards that are missing from a folder, and describe the dataset when it is whole."""

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from generators import engines
from generators.build.job import GenerateResult, Job, Progress
from generators.build.revise import Revision, revise
from generators.build.shards import Shards
from generators.dataset.cards import card, croissant
from generators.dataset.folder import write_or_match_recipe
from generators.dataset.identity import dataset_identity
from generators.dataset.info import DatasetInfo, Finished, Identity, installed_versions
from generators.dataset.manifest import copy_rows, read_manifest
from generators.dataset.parquet import holds
from generators.dataset.recipe import Recipe
from generators.errors import InputError
from generators.files import write_whole
from generators.sources.pools import Photograph

if TYPE_CHECKING:
    from generators.files import Place

_JOB, _MANIFEST = ".job.json", ".manifest.parquet"
"""What is handed over to workers; beside the shards, where all machines see it."""


def produce(out: "Place", job: Job, workers: int | None, progress: Progress) -> GenerateResult:
    """Make the dataset of `job` in `out`, or what is missing or damaged of it.

    The caller holds `out`.

    Raises:
        InputError: `out` holds another dataset, or a shard that was lost from a finished dataset
            does not come out as it was; other finished shards stay.
    """
    recipe = job.recipe
    info = write_or_match_recipe(out, job.info)
    missing = _missing(out, recipe)
    redrawn: Counter[str] = Counter()
    if missing or not info.finished:
        redrawn = _make_shards(out, job, missing, workers, progress)
    if not info.finished:
        info = _finish(out, job, workers)
    elif missing:
        identity = dataset_identity(out, recipe, workers, job.engine)
        _check_remade(out, recipe, info.identity, identity, missing)
    return GenerateResult(
        out, recipe, _count(recipe, missing), info.identity, job.left_out, redrawn
    )


def _missing(out: "Place", recipe: Recipe) -> list[int]:
    """Numbers of the shards that are not there, or not whole."""
    if isinstance(out, Path):
        return [
            number
            for number, shard in enumerate(recipe.shards)
            if not holds(out / "data" / shard.name, shard.stop - shard.start)
        ]
    # An object is whole. To list a thousand takes one request, to look into each a thousand.
    there = {file.name for file in (out / "data").iterdir()} if (out / "data").exists() else set()
    return [number for number, shard in enumerate(recipe.shards) if shard.name not in there]


def _count(recipe: Recipe, shards: Sequence[int]) -> int:
    """How many samples the shards of these numbers hold."""
    return sum(recipe.shards[i].stop - recipe.shards[i].start for i in shards)


def _make_shards(
    out: "Place", job: Job, missing: Sequence[int], workers: int | None, progress: Progress
) -> Counter[str]:
    """Make the `missing` shards; returns how many crops were redrawn, by reason."""
    progress.planned(job.recipe, job.recipe.n - _count(job.recipe, missing))
    redrawn: Counter[str] = Counter()
    work = partial(_make_shard, out.absolute(), job.device, job.revision)
    gpu = job.device != "cpu"
    try:
        _hand_over(out, job)
        for more in engines.run(
            work, missing, workers, progress.rendered, engine=job.engine, gpu=gpu
        ):
            redrawn.update(more)
    finally:
        (out / _JOB).unlink(missing_ok=True)
        (out / _MANIFEST).unlink(missing_ok=True)
        if isinstance(out, Path):
            for part in (out / "data").glob(".*.part"):  # of a worker that was killed
                part.unlink()
    return redrawn


def _make_shard(
    out: "Place", device: str, revision: Revision | None, number: int, report: engines.Report
) -> Counter[str]:
    shards = _shards(out, device)
    return revise(shards, revision, number, report) if revision else shards.make(number, report)


@lru_cache(maxsize=1)
def _shards(out: "Place", device: str) -> Shards:
    """A worker's own copy of the recipe and the photographs' names.

    Raises:
        InputError: this machine does not see `out`, or would make other pixels.
    """
    try:
        job = json.loads((out / _JOB).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{out} is not to be seen from {platform.node()}: give an --out that all machines see "
            "under one name"
        ) from None
    _check_versions(job["versions"])
    photographs = [
        {
            split: [Photograph(path=Path(photo.pop("path")), **photo) for photo in photos]
            for split, photos in pool.items()
        }
        for pool in job["photographs"]
    ]
    path = out / _MANIFEST
    rows = read_manifest(path).rows if path.exists() else None
    return Shards(DatasetInfo.read(out).recipe, photographs, out / "data", device, rows)


def _check_versions(wanted: Mapping[str, str]) -> None:
    """Raise InputError where this machine has other libraries than the one that began the run."""
    here = installed_versions()
    for name, version in wanted.items():
        if here[name] != version:
            raise InputError(
                f"{platform.node()} has {name} {here[name]}, and the run began with {version}: "
                "install the same on every machine, for pixels depend on it"
            )


def _hand_over(out: "Place", job: Job) -> None:
    """Write down for the workers what does not fit into recipe.json."""
    pools = [
        {
            split: [asdict(photo) | {"path": str(photo.path.absolute())} for photo in photos]
            for split, photos in pool.items()
        }
        for pool in job.photographs
    ]
    job_file = {"versions": installed_versions(), "photographs": pools}
    write_whole(out / _JOB, json.dumps(job_file))
    if job.manifest:
        copy_rows(job.manifest, out / _MANIFEST)


def _finish(out: "Place", job: Job, workers: int | None) -> DatasetInfo:
    """Write the card, Croissant and the finished recipe.json: the dataset is whole."""
    identity = dataset_identity(out, job.recipe, workers, job.engine)
    finished = Finished(identity, job.left_out)
    info = replace(job.info, finished=finished)
    metadata = croissant.metadata(job.recipe, datetime.now(UTC).date().isoformat())
    write_whole(out / "croissant.json", json.dumps(metadata, indent=1))
    write_whole(out / "README.md", card.card(info))
    info.write(out)
    return info


def _check_remade(
    out: "Place",
    recipe: Recipe,
    identity: Mapping[str, Identity],
    now: Mapping[str, Identity],
    remade: Sequence[int],
) -> None:
    """Make sure that a finished dataset has its `identity` again now that shards are `remade`."""
    shards = [recipe.shards[number] for number in remade]
    changed = [s for s in shards if now[s.split] != identity[s.split]]
    if not changed:
        return
    for shard in changed:  # wrong ones would count as whole
        (out / "data" / shard.name).unlink()
    raise InputError(
        f"{out}: {changed[0].name} was lost, and made again it does not give the identity "
        "in recipe.json, as with other library versions, another --device, or another damaged "
        "shard; make the dataset anew under another --out"
    )
