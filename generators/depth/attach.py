"""Which depth each photograph gets: its own, a model's, or a guess."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from generators.depth import files as depth_maps
from generators.errors import InputError
from generators.sources.hub import depth_folder
from generators.sources.photographs import UnreadableError
from generators.sources.pools import Photograph, Pool, SourceSpec

FOLDERS = ("folder", "disparity")
KINDS = ("procedural", *FOLDERS, "column", "model")
Heard = Callable[[int, int], None]


@dataclass(frozen=True)
class DepthSpec:
    """One `--depth KIND=WHERE`."""

    kind: str
    where: str = ""

    @staticmethod
    def parse(text: str) -> "DepthSpec":
        """Read `procedural` or KIND=WHERE with another of `KINDS`; InputError if it is none."""
        kind, _, where = text.partition("=")
        if kind not in KINDS:
            raise InputError(f"unknown depth {kind!r}; it is one of: {', '.join(KINDS)}")
        if (kind == "procedural") == bool(where):
            raise InputError(
                f"--depth {text}: write procedural, folder=DIR, disparity=DIR, column=NAME or "
                "model=NAME"
            )
        return DepthSpec(kind, where)

    @property
    def column(self) -> str:
        """The column of streamed datasets that holds depth; empty for the other kinds."""
        return self.where if self.kind == "column" else ""


def check(spec: DepthSpec, sources: Sequence[SourceSpec]) -> None:
    """Refuse what cannot be, before any photograph is looked at.

    Raises:
        InputError: no such folder, or a column where no source has columns.
    """
    if spec.kind in FOLDERS and not Path(spec.where).expanduser().is_dir():
        raise InputError(f"--depth {spec.kind}={spec.where}: no such folder")
    if spec.column and not any(source.kind == "hf" for source in sources):
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
    heard: Heard,
) -> list[Pool]:
    """Give every photograph its prepared depth map, as 16-bit PNGs in the folder `cache`.

    nuScenes photographs get their LiDAR's depth where `spec` has nothing for them. A photograph
    for which there is no map keeps procedural depth, and its row says so.

    Args:
        heard: told how many of how many maps are prepared.

    Raises:
        InputError: the folder, column or model cannot be used, or a map is unusable (named).
    """
    lidar_roots = [Path(s.where).expanduser() for s in sources if s.kind == "nuscenes"]
    made = []
    found = 0
    for pool in pools:
        if pool.photographs is None:
            made.append(pool)
            continue
        photos = {p.sha256: p for members in pool.photographs.values() for p in members}
        maps: dict[str, tuple[Path, str]] = {}
        if spec.kind == "model":
            maps = _by_model(photos, spec.where, cache, device, heard)
        elif spec.kind in FOLDERS or (spec.column and pool.kind == "hf"):
            maps = _by_folder(photos, spec, cache, heard)
        elif pool.kind == "nuscenes":
            maps = _by_lidar(photos, lidar_roots.pop(0), cache, heard)
        found += sum(source == spec.kind for _, source in maps.values())
        made.append(replace(pool, photographs=_with_maps(pool.photographs, maps)))
    if spec.column and not found:
        raise InputError(f"--depth column={spec.where}: it is empty in every row used")
    if spec.kind in FOLDERS and not found:
        raise InputError(
            f"--depth {spec.kind}={spec.where}: no map there is named after a photograph; "
            "expected the photograph's path with .png, .tif, .npy, .npz or .pfm"
        )
    return made


def _with_maps(
    members: dict[str, list[Photograph]], maps: dict[str, tuple[Path, str]]
) -> dict[str, list[Photograph]]:
    def given(photo: Photograph) -> Photograph:
        if photo.sha256 not in maps:
            return photo
        path, source = maps[photo.sha256]
        return replace(photo, depth_map=str(path.absolute()), depth_source=source)

    return {split: [given(photo) for photo in photos] for split, photos in members.items()}


def _by_model(
    photos: dict[str, Photograph], model: str, cache: Path, device: str, heard: Heard
) -> dict[str, tuple[Path, str]]:
    from generators.depth.models import estimate

    files = [(sha, photo.path) for sha, photo in photos.items()]
    source = f"model:{model}"
    made = estimate(files, model, cache, device, heard)
    return {sha: (path, source) for sha, path in made.items()}


def _by_folder(
    photos: dict[str, Photograph], spec: DepthSpec, cache: Path, heard: Heard
) -> dict[str, tuple[Path, str]]:
    kind: depth_maps.Kind = "disparity" if spec.kind == "disparity" else "depth"
    made = {}
    for number, (sha, photo) in enumerate(photos.items(), 1):
        folder = depth_folder(photo.path) if spec.column else Path(spec.where).expanduser()
        path = depth_maps.find_map(folder, photo.source_id)
        if path is not None:
            try:
                raw = depth_maps.read_map(path)
                words = depth_maps.prepare(raw, kind, (photo.height, photo.width))
            except UnreadableError as error:
                raise InputError(_complaint(spec, folder, path, error)) from None
            made[sha] = (_keep(cache, sha, spec.kind, words), spec.kind)
        heard(number, len(photos))
    return made


def _complaint(spec: DepthSpec, folder: Path, path: Path, error: UnreadableError) -> str:
    if spec.column:
        return (
            f"--depth column={spec.column}: row {int(path.stem)}: {error}; mend it, or empty the "
            f"cell and its photograph gets procedural depth; then remove {folder.parent}"
        )
    return (
        f"--depth {spec.kind}: {path.relative_to(folder)}: {error}; mend it, or remove "
        "it and its photograph gets procedural depth"
    )


def _by_lidar(
    photos: dict[str, Photograph], root: Path, cache: Path, heard: Heard
) -> dict[str, tuple[Path, str]]:
    from generators.depth.lidar import NoDepthError, NuscenesDepth

    sweeps = NuscenesDepth(root)
    made = {}
    for number, (sha, photo) in enumerate(photos.items(), 1):
        shape = (photo.height, photo.width)
        with suppress(NoDepthError):
            words = depth_maps.prepare(sweeps.depth_map(photo.source_id, shape), "depth", shape)
            made[sha] = (_keep(cache, sha, "lidar", words), "lidar")
        heard(number, len(photos))
    return made


def _keep(cache: Path, sha: str, source: str, words: depth_maps.Words) -> Path:
    path = cache / f"{sha}-{source}.png"
    depth_maps.write_prepared(path, words)
    return path
