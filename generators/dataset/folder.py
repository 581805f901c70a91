"""The folder a dataset is made in: taken by one run, never half-written, never overwritten."""

import fcntl
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generators.dataset.recipe import Recipe, read_json
from generators.errors import InputError
from generators.files import write_whole

PIXEL_LIBRARIES = ("fpng", "numpy", "opencv-python-headless", "pyarrow")
# Photographs differ: between half and one and a half times this.
BYTES_PER_PIXEL = 3.0
_LOCK = ".lock"
# In the recipe.json of a reviewed dataset alone.
_REVIEWED = ("replaced", "review")


def opened(recipe: Recipe) -> dict[str, Any]:
    """recipe.json of a dataset that is not finished."""
    versions = {name: version(name) for name in ("dubench", *PIXEL_LIBRARIES)}
    return recipe.as_json() | {"versions": {"python": platform.python_version(), **versions}}


def settle(out: Path, opened: Mapping[str, Any]) -> dict[str, Any]:
    """Write recipe.json, or make sure that the one there begins so; returns what it says.

    Raises:
        InputError: `out` holds another recipe; the message names what differs.
    """
    wanted = json.loads(json.dumps(opened))
    if not (out / "recipe.json").exists():
        (out / "data").mkdir(exist_ok=True)
        write_whole(out / "recipe.json", json.dumps(wanted, indent=1))
        return wanted
    there = read_json(out)
    known = {*wanted, *_REVIEWED}
    names = sorted(name for name in known if wanted.get(name) != there.get(name))
    if "made" in there:
        names = [name for name in names if name != "versions"]  # nothing more will be made
    if names:
        raise InputError(
            f"{out} holds a dataset with another {', '.join(_told(names, there, wanted))}; "
            "choose another --out, or give the same arguments to go on with it"
        )
    return there


def _told(names: list[str], there: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """What differs as options name it, with both values; else the fields of recipe.json."""
    if "splits" in names:
        before, now = there["splits"], wanted["splits"]
        if [split for split in now if before.get(split) != now[split]] == ["test"]:
            return ["--blind"]  # the same --n: the test split alone is here or is not
    plain = [name for name in ("n", "size", "seed") if name in names]
    told = [f"{name} ({there.get(name)} there, {wanted[name]} asked)" for name in plain]
    if "preset" in names:
        before, now = (side.get("preset", {}).get("name") for side in (there, wanted))
        told.append("preset" if before == now else f"preset ({before} there, {now} asked)")
    return told or names


def check_folder(out: Path) -> None:
    """Raise InputError if `out` is a file or holds something that is no dataset of ours."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; choose a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "recipe.json").exists():
        leftovers = {path.name for path in out.iterdir()}
        if leftovers - {_LOCK, "data", ".recipe.json.part"} or any((out / "data").glob("*")):
            raise InputError(
                f"--out {out} is not empty and holds no dubench dataset; choose another folder"
            )


def check_space(out: Path, recipe: Recipe) -> None:
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
def lock(out: Path) -> Iterator[None]:
    """Make the folder and hold it for this run alone."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = (out / _LOCK).open("w")
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{out}: another dubench is at work here") from None
        try:
            yield
        finally:
            (out / _LOCK).unlink(missing_ok=True)
