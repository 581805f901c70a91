"""Make a dataset: plan it, make its shards, describe it. Begun again, it goes on."""

import errno
import fcntl
import json
import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generators import card, croissant, engines, photographs, presets
from generators.errors import InputError
from generators.identity import split_identity
from generators.recipe import Recipe, read_json, share_out
from generators.shards import Shards
from generators.sources import Photograph, Pool, SourceSpec, gather
from generators.splits import SPLITS, split_counts

PIXEL_LIBRARIES = ("fpng", "numpy", "opencv-python-headless", "pyarrow")
LEAST_SIZE, MOST_SIZE = 32, 2048
# Photographs differ: between half and one and a half times this.
BYTES_PER_PIXEL = 3.0
INSPECT_CHUNK = 64
_PHOTOGRAPHS, _LOCK = ".photographs.json", ".lock"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Told = Callable[[str], None]


@dataclass
class Made:
    """What a run did.

    Attributes:
        folder: where the dataset is.
        recipe: what it is.
        new: samples made by this run; the others were there.
        left_out: per source, why files were left out, and which.
        redrawn: crops drawn again, by reason.
        identity: `recipe_id` and `content_id` per split.
    """

    folder: Path
    recipe: Recipe
    new: int = 0
    left_out: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    redrawn: Counter[str] = field(default_factory=Counter)
    identity: dict[str, dict[str, str]] = field(default_factory=dict)


class Progress:
    """Hears how a run goes. Every method may be overridden; the default says nothing."""

    def inspected(self, files: int, total: int) -> None:
        """`files` of `total` photographs have been looked at."""

    def planned(self, recipe: Recipe, done: int) -> None:
        """The recipe stands; `done` samples are there already."""

    def made(self, counts: Mapping[str, int]) -> None:
        """So many more samples of each type are made."""


def generate(
    n: int,
    out: Path,
    sources: Sequence[SourceSpec],
    preset: str = "du110k",
    size: int = 256,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Made:
    """Make about `n` pairs in the folder `out`, or finish what an earlier run began there.

    `n` is rounded to a multiple of the number of types, so that every type has as many samples.

    Args:
        sources: where photographs come from.
        preset: name of a bundled preset or path of a TOML file.
        size: side of an image in pixels.
        seed: 0 … 2⁶³ − 1; with the photographs, it decides every byte.
        workers: processes; all cores by default. The bytes do not depend on it.

    Raises:
        InputError: an argument is wrong, `out` holds something else, sources are unusable, or
            the disk is full. Whatever was finished stays.
    """
    progress = progress or Progress()
    workers = engines.cores() if workers is None else workers
    _check(n, size, seed, workers)
    chosen = presets.load(preset)
    splits = split_counts(n, len(chosen.types))
    _check_folder(out)
    pools = gather(sources, splits, size, seed, partial(_look, workers, progress))
    recipe = Recipe(chosen, seed, size, splits, share_out(splits, pools))
    _check_space(out, recipe)
    with _lock(out):
        before = _settle(out, recipe)
        made = Made(out, recipe, left_out={p.kind: p.left_out for p in pools if p.left_out})
        if "made" in before:
            made.identity = before["made"]["identity"]
            return made
        return _make(made, pools, workers, progress)


def _make(made: Made, pools: list[Pool], workers: int, progress: Progress) -> Made:
    out, recipe = made.folder, made.recipe
    data = out / "data"
    _write_photographs(out / _PHOTOGRAPHS, pools)
    for part in data.glob(".*.part"):
        part.unlink()
    missing = [i for i, s in enumerate(recipe.shards) if not (data / s.name).exists()]
    made.new = sum(recipe.shards[i].stop - recipe.shards[i].start for i in missing)
    progress.planned(recipe, recipe.n - made.new)
    try:
        for redrawn in engines.run(
            partial(_shard, out), missing, workers, lambda counts: progress.made(counts)
        ):
            made.redrawn.update(redrawn)
        _describe(made)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise InputError(
            f"{out}: no space left; the {_finished(data, recipe)} finished shards of "
            f"{len(recipe.shards)} are safe: free some space and run the same command again"
        ) from None
    finally:
        for part in data.glob(".*.part"):
            part.unlink()
    (out / _PHOTOGRAPHS).unlink()
    return made


def _finished(data: Path, recipe: Recipe) -> int:
    return sum((data / shard.name).exists() for shard in recipe.shards)


def _shard(out: Path, number: int, report: engines.Report) -> Counter[str]:
    return _shards(out).make(number, report)


@lru_cache(maxsize=1)
def _shards(out: Path) -> Shards:
    """A worker's own copy of the recipe and the photographs' names."""
    told = json.loads((out / _PHOTOGRAPHS).read_text("utf-8"))
    members = [
        {
            split: [Photograph(path=Path(photo.pop("path")), **photo) for photo in photos]
            for split, photos in pool.items()
        }
        for pool in told
    ]
    return Shards(Recipe.read(out), members, out / "data")


def _write_photographs(path: Path, pools: list[Pool]) -> None:
    members = [
        {
            split: [asdict(photo) | {"path": str(photo.path)} for photo in photos]
            for split, photos in (pool.photographs or {}).items()
        }
        for pool in pools
    ]
    write_whole(path, json.dumps(members))


def _look(
    workers: int, progress: Progress, files: Sequence[Path]
) -> Iterator[photographs.Inspection | str]:
    """Inspect files, in order; with several processes where there are many."""
    chunks = [files[i : i + INSPECT_CHUNK] for i in range(0, len(files), INSPECT_CHUNK)]
    found = (
        engines.run(_inspect, chunks, workers)
        if len(chunks) > 1
        else (_inspect(chunk) for chunk in chunks)
    )
    done = 0
    for chunk in found:
        done += len(chunk)
        progress.inspected(done, len(files))
        yield from chunk


def _inspect(
    files: Sequence[Path], report: engines.Report | None = None
) -> list[photographs.Inspection | str]:
    found: list[photographs.Inspection | str] = []
    for file in files:
        try:
            found.append(photographs.inspect(file))
        except photographs.UnreadableError as error:
            found.append(str(error))
    return found


def _describe(made: Made) -> None:
    """Write the card and Croissant, and close the recipe: the dataset is whole."""
    out, recipe = made.folder, made.recipe
    for split in SPLITS:
        files = [out / "data" / s.name for s in recipe.shards if s.split == split]
        if files:
            made.identity[split] = split_identity(files, recipe.preset.as_json())
    about = croissant.metadata(recipe, datetime.now(UTC).date().isoformat())
    write_whole(out / "croissant.json", json.dumps(about, indent=1))
    write_whole(out / "README.md", card.card(recipe, made.identity, made.left_out))
    closed = _opened(recipe) | {"made": {"identity": made.identity, "left_out": made.left_out}}
    write_whole(out / "recipe.json", json.dumps(closed, indent=1))


def _opened(recipe: Recipe) -> dict[str, Any]:
    versions = {name: version(name) for name in ("dubench", *PIXEL_LIBRARIES)}
    return recipe.as_json() | {"versions": {"python": platform.python_version(), **versions}}


def _settle(out: Path, recipe: Recipe) -> dict[str, Any]:
    """Write recipe.json, or make sure that the one there is this recipe; returns what it says."""
    wanted = json.loads(json.dumps(_opened(recipe)))
    if not (out / "recipe.json").exists():
        (out / "data").mkdir(exist_ok=True)
        write_whole(out / "recipe.json", json.dumps(wanted, indent=1))
        return wanted
    there = read_json(out)
    names = sorted(k for k in wanted if wanted[k] != there.get(k))
    if "made" in there:
        names = [name for name in names if name != "versions"]  # nothing more will be made
    if names:
        raise InputError(
            f"{out} holds a dataset with another {', '.join(names)}; "
            "choose another --out, or give the same arguments to go on with it"
        )
    return there


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _check(n: int, size: int, seed: int, workers: int) -> None:
    if n < 1:
        raise InputError(f"--n {n}: ask for at least one sample")
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise InputError(f"--size {size}: choose {LEAST_SIZE} to {MOST_SIZE} pixels")
    if not 0 <= seed < 2**63:
        raise InputError(f"--seed {seed}: choose 0 to 2⁶³ − 1")
    if workers < 1:
        raise InputError(f"--workers {workers}: choose at least one")


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; choose a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "recipe.json").exists():
        leftovers = {path.name for path in out.iterdir()}
        if leftovers - {_LOCK, "data", ".recipe.json.part"} or any((out / "data").glob("*")):
            raise InputError(
                f"--out {out} is not empty and holds no dubench dataset; choose another folder"
            )


def _check_space(out: Path, recipe: Recipe) -> None:
    """Refuse a run that cannot end well: half the usual size does not fit."""
    need = recipe.n * recipe.size**2 * BYTES_PER_PIXEL
    there = sum(file.stat().st_size for file in out.glob("data/*.parquet"))
    home = next(parent for parent in (out, *out.absolute().parents) if parent.exists())
    free = shutil.disk_usage(home).free
    if need / 2 > free + there:
        raise InputError(
            f"--out {out}: {recipe.n:,} pairs need about {need / 1e9:.1f} GB and {free / 1e9:.1f} "
            "GB are free; free some space, or choose a smaller --n or --size"
        )


@contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Hold the folder for this run alone."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = (out / _LOCK).open("w")
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{out}: another dubench generate is at work here") from None
        try:
            yield
        finally:
            (out / _LOCK).unlink(missing_ok=True)
