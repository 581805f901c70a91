"""Which depth each photograph gets: its own, a model's, or a guess."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from generators import engines
from generators.depth.map_files import find_map, list_maps, read_map, zero_is_farthest
from generators.depth.prepared import (
    Quantity,
    Words,
    file_name,
    map_hash,
    prepare,
    read_prepared,
    write_prepared,
)
from generators.engines import OnProgress
from generators.errors import InputError, UnreadableError
from generators.files import from_home
from generators.sources.hub import depth_folder
from generators.sources.pools import Photograph, Pool, SourceSpec

FOLDERS = ("folder", "disparity")
DEPTH_SOURCES = ("procedural", *FOLDERS, "column", "model")


class Attached(NamedTuple):
    """A prepared map: its file, `depth_source`, and the hash of what it holds."""

    path: Path
    depth_source: str
    depth_hash: str


Maps = dict[str, Attached]
"""By the photograph's SHA-256."""


@dataclass(frozen=True)
class DepthSpec:
    """One `--depth SOURCE=WHERE`."""

    source: str
    where: str = ""

    @staticmethod
    def parse(text: str) -> "DepthSpec":
        """Read `procedural`, or SOURCE=WHERE with another of `DEPTH_SOURCES`.

        Raises:
            InputError: it is neither.
        """
        source, _, where = text.partition("=")
        if source not in DEPTH_SOURCES:
            raise InputError(f"unknown depth {source!r}; it is one of: {', '.join(DEPTH_SOURCES)}")
        if (source == "procedural") == bool(where):
            raise InputError(
                f"--depth {text}: write procedural, folder=DIR, disparity=DIR, column=NAME or "
                "model=NAME"
            )
        return DepthSpec(source, where)

    @property
    def column(self) -> str:
        """The column of streamed datasets that holds depth; empty for the other sources."""
        return self.where if self.source == "column" else ""


def check(spec: DepthSpec, sources: Sequence[SourceSpec]) -> None:
    """Refuse what cannot be, before any photograph is inspected.

    Raises:
        InputError: no such folder, or a column where no source has columns.
    """
    if spec.source in FOLDERS and not from_home(spec.where).is_dir():
        raise InputError(f"--depth {spec.source}={spec.where}: no such folder")
    if spec.column and not any(source.source == "hf" for source in sources):
        raise InputError(
            f"--depth column={spec.where}: only hf sources have columns; add --source hf=NAME, or "
            "give the maps as files: folder=DIR"
        )


def attach(
    pools: Sequence[Pool],
    sources: Sequence[SourceSpec],
    spec: DepthSpec,
    cache: Path,
    device: str,
    on_progress: OnProgress,
) -> list[Pool]:
    """Give every photograph its prepared depth map, as 16-bit PNGs in the folder `cache`.

    nuScenes photographs get their LiDAR's depth where `spec` has nothing for them. A photograph
    for which there is no map keeps procedural depth, and its row says so.

    Args:
        on_progress: called with the number of maps prepared, and of all.

    Raises:
        InputError: the folder, column or model cannot be used, or a map is unusable (named).
    """
    lidar_roots = [from_home(s.where) for s in sources if s.source == "nuscenes"]
    attached = []
    count = 0
    for pool in pools:
        if pool.photographs is None:
            attached.append(pool)
            continue
        photos = {p.sha256: p for members in pool.photographs.values() for p in members}
        maps: Maps = {}
        if spec.source == "model":
            maps = _by_model(photos, spec.where, cache, device, on_progress)
        elif spec.source in FOLDERS or (spec.column and pool.source == "hf"):
            maps = _by_folder(photos, spec, cache, on_progress)
        elif pool.source == "nuscenes":
            maps = _by_lidar(photos, lidar_roots.pop(0), cache, on_progress)
        count += sum(known.depth_source == spec.source for known in maps.values())
        attached.append(with_maps(pool, maps))
    if spec.column and not count:
        raise InputError(f"--depth column={spec.where}: it is empty in every row used")
    if spec.source in FOLDERS and not count:
        raise InputError(
            f"--depth {spec.source}={spec.where}: no map there is named after a photograph; "
            "expected the photograph's path with .png, .tif, .npy, .npz or .pfm"
        )
    return attached


def with_maps(pool: Pool, maps: Maps) -> Pool:
    """The pool with these depth maps of its photographs; scenes stay as they are."""
    if pool.photographs is None:
        return pool

    def with_map(photo: Photograph) -> Photograph:
        if photo.sha256 not in maps:
            return photo
        known = maps[photo.sha256]
        return replace(
            photo,
            depth_map=str(known.path.absolute()),
            depth_source=known.depth_source,
            depth_hash=known.depth_hash,
        )

    members = pool.photographs.items()
    parted = {split: [with_map(photo) for photo in photos] for split, photos in members}
    return replace(pool, photographs=parted)


def _by_model(
    photos: dict[str, Photograph], model: str, cache: Path, device: str, on_progress: OnProgress
) -> Maps:
    from generators.depth.models import estimate, revision

    files = [(sha256, photo.path) for sha256, photo in photos.items()]
    paths = estimate(files, model, cache, device, on_progress)
    folder = from_home(model)
    name = f"model:{folder.name if folder.is_dir() else model}@{revision(model)}"
    # Decoding takes most of the time, and lets other threads run.
    with ThreadPoolExecutor(engines.cores()) as pool:
        hashes = pool.map(lambda path: map_hash(read_prepared(path)), paths.values())
        return {
            sha256: Attached(path, name, depth_hash)
            for (sha256, path), depth_hash in zip(paths.items(), hashes, strict=True)
        }


def _by_folder(
    photos: dict[str, Photograph], spec: DepthSpec, cache: Path, on_progress: OnProgress
) -> Maps:
    quantity: Quantity = "disparity" if spec.source == "disparity" else "depth"
    maps = {}
    listed: dict[Path, dict[str, Path]] = {}
    for number, (sha256, photo) in enumerate(photos.items(), 1):
        folder = depth_folder(photo.path) if spec.column else from_home(spec.where)
        if folder not in listed:
            listed[folder] = list_maps(folder)
        path = find_map(listed[folder], photo.source_id)
        if path is not None:
            try:
                raw = read_map(path)
                if quantity == "disparity":
                    raw = zero_is_farthest(raw)
                prepared = prepare(raw, quantity, (photo.height, photo.width))
            except UnreadableError as error:
                raise InputError(_complaint(spec, folder, path, error)) from None
            maps[sha256] = _keep(cache, sha256, spec.source, prepared)
        on_progress(number, len(photos))
    return maps


def _complaint(spec: DepthSpec, folder: Path, path: Path, error: UnreadableError) -> str:
    if spec.column:
        return (
            f"--depth column={spec.column}: row {int(path.stem)}: {error}; mend it, or empty the "
            f"cell and its photograph gets procedural depth; then remove {folder.parent}"
        )
    return (
        f"--depth {spec.source}: {path.relative_to(folder)}: {error}; mend it, or remove "
        "it and its photograph gets procedural depth"
    )


def _by_lidar(
    photos: dict[str, Photograph], root: Path, cache: Path, on_progress: OnProgress
) -> Maps:
    from generators.depth.lidar import NoDepthError, NuscenesDepth

    sweeps = NuscenesDepth(root)
    maps = {}
    for number, (sha256, photo) in enumerate(photos.items(), 1):
        shape = (photo.height, photo.width)
        with suppress(NoDepthError):
            prepared = prepare(sweeps.depth_map(photo.source_id, shape), "depth", shape)
            maps[sha256] = _keep(cache, sha256, "lidar", prepared)
        on_progress(number, len(photos))
    return maps


def _keep(cache: Path, sha256: str, depth_source: str, prepared: Words) -> Attached:
    path = cache / file_name(sha256, depth_source)
    write_prepared(path, prepared)
    return Attached(path, depth_source, map_hash(prepared))
