"""The folder a dataset is made in: never overwritten, and with room for it."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from generators.dataset.info import FILE, DatasetInfo
from generators.dataset.order import shards_of
from generators.dataset.recipe import Recipe
from generators.errors import InputError
from generators.lock import FOLDER_LOCK
from generators.sources.splits import SPLITS
from generators.walk import is_litter

if TYPE_CHECKING:
    from generators.files import Place

# Photographs differ: between half and one and a half times this.
BYTES_PER_PIXEL = 3.0


def write_or_match_recipe(out: "Place", info: DatasetInfo) -> DatasetInfo:
    """Write recipe.json of a dataset to be made, or make sure that the one there is its own.

    Returns:
        what recipe.json says: `info`, or more if an earlier run has finished the dataset.

    Raises:
        InputError: as `match_recipe`.
    """
    there = match_recipe(out, info)
    if there:
        return there
    if isinstance(out, Path):
        (out / "data").mkdir(exist_ok=True)
        info.write(out)
    elif not info.write_new(out):  # another run was first
        return write_or_match_recipe(out, info)
    return info


def match_recipe(out: "Place", info: DatasetInfo) -> DatasetInfo | None:
    """recipe.json in `out`, which is that of the dataset to be made; None where there is none.

    Raises:
        InputError: `out` holds another recipe; the message names what differs.
    """
    if not (out / FILE).exists():
        return None
    there = DatasetInfo.read(out)
    differing = _differing(there, info)
    if differing:
        raise InputError(
            f"{out} holds a dataset with another {', '.join(differing)}; "
            "choose another --out, or give the same arguments to go on with it"
        )
    return there


def _differing(there: DatasetInfo, wanted: DatasetInfo) -> list[str]:
    """What differs as options name it, with both values; else the fields of recipe.json."""
    old, new = there.recipe, wanted.recipe
    if [split for split in SPLITS if old.splits[split] != new.splits[split]] == ["test"]:
        return ["--blind"]  # the same --n: the test split alone is here or is not
    named = {
        "n": (old.n, new.n),
        "size": (old.size, new.size),
        "seed": (old.seed, new.seed),
        "preset": (old.preset.name, new.preset.name),
        "device": (there.device, wanted.device),
    }
    if [pool.digest for pool in old.pools] == [pool.digest for pool in new.pools]:
        named["depth"] = (_depth_of(old), _depth_of(new))
    differing = [
        f"{name} ({before} there, {now} asked)"
        for name, (before, now) in named.items()
        if before != now
    ]
    if old.preset.name == new.preset.name and old.preset != new.preset:
        differing.append("preset")
    if not there.finished:  # else nothing more is made
        libraries = sorted({*there.versions, *wanted.versions})
        both = [(name, there.versions.get(name), wanted.versions.get(name)) for name in libraries]
        differing += [f"{name} ({was} there, {is_} here)" for name, was, is_ in both if was != is_]
    if differing:
        return differing
    fields, others = there.to_json(), wanted.to_json()
    apart = {"made", "blind", "versions"}  # what an earlier run added is no difference
    return sorted(
        name for name in {*fields, *others} - apart if fields.get(name) != others.get(name)
    )


def _depth_of(recipe: Recipe) -> str:
    """Where the depth of photographs comes from, and which maps it is."""
    maps = "".join(pool.depth_digest[:8] for pool in recipe.pools)
    return recipe.depth_sources + (f" #{maps}" if maps else "")


def check_folder(out: "Place") -> None:
    """Raise InputError if `out` is a file or holds something that is no dataset of ours."""
    if not isinstance(out, Path):
        if not (out / FILE).exists() and out.is_dir() and any(out.iterdir()):
            raise InputError(f"--out {out} holds no dubench dataset; choose another place")
        return
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; choose a folder")
    if out.is_dir() and not (out / FILE).exists():
        leftovers = {path.name for path in out.iterdir() if not is_litter(path.name)}
        if leftovers - {FOLDER_LOCK, "data", ".recipe.json.part"} or any((out / "data").glob("*")):
            raise InputError(
                f"--out {out} is not empty and holds no dubench dataset; choose another folder"
            )


def check_space(out: "Place", recipe: Recipe) -> None:
    """Refuse a run that cannot end well: half the usual size does not fit in the folder."""
    if not isinstance(out, Path):
        return
    need = recipe.n * recipe.size**2 * BYTES_PER_PIXEL
    there = sum(file.stat().st_size for file in out.glob("data/*.parquet"))
    home = next(parent for parent in (out, *out.absolute().parents) if parent.exists())
    free = shutil.disk_usage(home).free
    if need / 2 > free + there:
        raise InputError(
            f"--out {out}: {recipe.n:,} pairs need about {need / 1e9:.1f} GB and {free / 1e9:.1f} "
            "GB are free; free some space, or choose a smaller --n or --size"
        )


def data_files(folder: "Place", info: DatasetInfo | None) -> list["Place"]:
    """The Parquet files of the dataset in `folder`, sorted by name; over https, where nothing lists
    them, those that `info` names."""
    data = folder / "data"
    if isinstance(data, Path):
        return sorted(data.glob("*.parquet"))
    if info and data.protocol in ("http", "https"):
        recipe = info.recipe
        blind = shards_of("test", recipe.n, info.blind.test, recipe.size) if info.blind else []
        names = [shard.name for shard in recipe.shards] + [f"blind-{shard.name}" for shard in blind]
        return [data / name for name in sorted(names)]
    files = data.iterdir() if data.exists() else ()
    return sorted((file for file in files if file.suffix == ".parquet"), key=lambda file: file.name)
