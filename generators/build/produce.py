"""Make the shards that are missing from a folder, and describe the dataset when it is whole."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

from generators import engines
from generators.build.revise import Revision, revise
from generators.build.shards import Photographs, Shards
from generators.dataset import card, croissant, manifest
from generators.dataset.folder import lock, write_or_match_recipe
from generators.dataset.identity import split_identity
from generators.dataset.info import (
    DatasetInfo,
    Finished,
    Identity,
    LeftOut,
    installed_versions,
)
from generators.dataset.parquet import holds
from generators.dataset.recipe import Recipe
from generators.dataset.review_figures import ReviewSummary
from generators.errors import InputError
from generators.files import FULL, write_whole
from generators.sources.pools import Photograph
from generators.sources.splits import SPLITS

_PHOTOGRAPHS, _MANIFEST = ".photographs.json", ".manifest.parquet"


@dataclass
class Made:
    """What a run did.

    Attributes:
        folder: where the dataset is.
        recipe: what it is.
        new: samples made by this run; the others were there.
        blind: samples of a blind test split, beside those of the recipe.
        left_out: per source, why files were left out, and which.
        redrawn: crops drawn again, by reason.
        identity: per split.
    """

    folder: Path
    recipe: Recipe
    new: int = 0
    blind: int = 0
    left_out: LeftOut = field(default_factory=dict)
    redrawn: Counter[str] = field(default_factory=Counter)
    identity: Mapping[str, Identity] = field(default_factory=dict)


class Progress:
    """Hears how a run goes. Every method may be overridden; the default says nothing."""

    def inspected(self, files: int, total: int) -> None:
        """`files` of `total` photographs have been looked at."""

    def spooled(self, images: int, most: int) -> None:
        """`images` of at most `most` streamed images are on disk."""

    def depths(self, maps: int, total: int) -> None:
        """`maps` of `total` depth maps are prepared."""

    def planned(self, recipe: Recipe, done: int) -> None:
        """The recipe stands; `done` samples are there already."""

    def made(self, counts: Mapping[str, int]) -> None:
        """So many more samples of each type are made."""


@dataclass(frozen=True)
class Job:
    """What to make, with what.

    Attributes:
        recipe: the dataset.
        photographs: per pool, in the recipe's order, its photographs by split.
        left_out: per source, why files were left out, and which.
        device: where the degradations run: `cpu` or a torch device.
        manifest: a manifest to follow row by row, or None to draw.
        revision: a dataset to start from, or None to make every row.
        review: what people found, for recipe.json and the card; None if they have not looked.
    """

    recipe: Recipe
    photographs: Photographs
    left_out: LeftOut
    device: str = "cpu"
    manifest: Path | None = None
    revision: Revision | None = None
    review: ReviewSummary | None = None

    @property
    def info(self) -> DatasetInfo:
        """recipe.json before the dataset is finished."""
        return DatasetInfo(self.recipe, installed_versions(), review=self.review)


def produce(out: Path, job: Job, workers: int, progress: Progress) -> Made:
    """Make the dataset of `job` in `out`, or what is missing or damaged of it.

    Raises:
        InputError: `out` holds another dataset, the disk is full, or a shard that was lost from
            a finished dataset does not come out as it was; other finished shards stay.
    """
    with lock(out):
        info = write_or_match_recipe(out, job.info)
        made = Made(out, job.recipe, left_out=job.left_out)
        missing = _missing(out, job.recipe)
        if not info.finished:
            _make(made, job, missing, workers, progress)
            return made
        made.identity = info.identity
        if missing:
            _make(made, job, missing, workers, progress, lost=True)
            _compare(made, missing)
        return made


def _missing(out: Path, recipe: Recipe) -> list[int]:
    """Numbers of the shards that are not there, or not whole."""
    return [
        number
        for number, shard in enumerate(recipe.shards)
        if not holds(out / "data" / shard.name, shard.stop - shard.start)
    ]


def _make(
    made: Made,
    job: Job,
    missing: Sequence[int],
    workers: int,
    progress: Progress,
    lost: bool = False,
) -> None:
    """Make the `missing` shards, and describe the dataset unless they were `lost` from it."""
    out, recipe = made.folder, job.recipe
    data = out / "data"
    _hand_over(out, job)
    for part in data.glob(".*.part"):
        part.unlink()
    made.new = sum(recipe.shards[i].stop - recipe.shards[i].start for i in missing)
    progress.planned(recipe, recipe.n - made.new)
    try:
        work = partial(_shard, out, job.device, job.revision)
        for redrawn in engines.run(work, missing, workers, progress.made):
            made.redrawn.update(redrawn)
        if not lost:
            _describe(made, job)
    except OSError as error:
        if error.errno not in FULL:
            raise
        finished = len(recipe.shards) - len(_missing(out, recipe))
        raise InputError(
            f"{out}: no space left; the {finished} finished shards of {len(recipe.shards)} are "
            "safe: free some space and run the same command again"
        ) from None
    finally:
        for part in data.glob(".*.part"):
            part.unlink()
    (out / _PHOTOGRAPHS).unlink()
    (out / _MANIFEST).unlink(missing_ok=True)


def _shard(
    out: Path, device: str, revision: Revision | None, number: int, report: engines.Report
) -> Counter[str]:
    shards = _shards(out, device)
    return revise(shards, revision, number, report) if revision else shards.make(number, report)


@lru_cache(maxsize=1)
def _shards(out: Path, device: str) -> Shards:
    """A worker's own copy of the recipe and the photographs' names."""
    told = json.loads((out / _PHOTOGRAPHS).read_text("utf-8"))
    members = [
        {
            split: [Photograph(path=Path(photo.pop("path")), **photo) for photo in photos]
            for split, photos in pool.items()
        }
        for pool in told
    ]
    follow = out / _MANIFEST
    rows = manifest.read(follow).rows if follow.exists() else None
    return Shards(DatasetInfo.read(out).recipe, members, out / "data", device, rows)


def _hand_over(out: Path, job: Job) -> None:
    """Write down for the workers what does not fit into recipe.json."""
    members = [
        {
            split: [asdict(photo) | {"path": str(photo.path)} for photo in photos]
            for split, photos in pool.items()
        }
        for pool in job.photographs
    ]
    write_whole(out / _PHOTOGRAPHS, json.dumps(members))
    if job.manifest:
        write_whole(out / _MANIFEST, job.manifest.read_bytes())


def _describe(made: Made, job: Job) -> None:
    """Write the card and Croissant, and close the recipe: the dataset is whole."""
    out, recipe = made.folder, made.recipe
    made.identity = identities(out, recipe)
    about = croissant.metadata(recipe, datetime.now(UTC).date().isoformat())
    write_whole(out / "croissant.json", json.dumps(about, indent=1))
    info = replace(job.info, finished=Finished(made.identity, made.left_out))
    write_whole(out / "README.md", card.card(info))
    info.write(out)


def _compare(made: Made, lost: Sequence[int]) -> None:
    """Make sure that a finished dataset whose `lost` shards were made again is what it was."""
    found = identities(made.folder, made.recipe)
    shards = [made.recipe.shards[number] for number in lost]
    changed = [s for s in shards if found[s.split] != made.identity[s.split]]
    if not changed:
        return
    for shard in changed:  # wrong ones would count as whole
        (made.folder / "data" / shard.name).unlink()
    raise InputError(
        f"{made.folder}: {changed[0].name} was lost, and made again it does not give the identity "
        "in recipe.json, as with other library versions, another --device, or another damaged "
        "shard; make the dataset anew under another --out"
    )


def identities(out: Path, recipe: Recipe) -> dict[str, Identity]:
    """The identity of every split that holds samples."""
    files = {
        split: [out / "data" / s.name for s in recipe.shards if s.split == split]
        for split in SPLITS
    }
    preset = recipe.preset.as_json()
    return {split: split_identity(paths, preset) for split, paths in files.items() if paths}
