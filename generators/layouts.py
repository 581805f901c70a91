"""The published folder layouts: which photographs a source holds, and which stay together.

Names do not depend on how the user points at a source: they are relative to the folder that its
publisher calls the root, so that the same photograph has the same name in every laboratory.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generators import photographs
from generators.errors import InputError

Row = dict[str, Any]
Keep = Callable[[Row], bool]


@dataclass(frozen=True)
class Entry:
    """One photograph of a source.

    Attributes:
        path: the image file.
        name: its `source_id`, relative to the published root, with forward slashes.
        group: entries of one group stay on one side of the split; "" stands alone.
    """

    path: Path
    name: str
    group: str = ""


@dataclass
class Listing:
    """What a source holds.

    Attributes:
        entries: the photographs to use, sorted by name.
        left_out: names of those left out, sorted, by the reason.
    """

    entries: list[Entry]
    left_out: dict[str, list[str]] = field(default_factory=dict)


def folder(root: Path) -> Listing:
    """Every image at any depth below `root`, by its suffix; hidden files are skipped.

    Raises:
        InputError: no such folder.
    """
    _require(root, "folder")
    found = (path for path in root.rglob("*") if path.suffix.lower() in photographs.SUFFIXES)
    return Listing(_entries(root, (path for path in found if path.is_file())))


def celeba(root: Path) -> Listing:
    """Aligned CelebA, 178×218: `img_align_celeba/*.jpg`, one group per person.

    `root` holds the official `Img/` and `Anno/`, or torchvision's `celeba/`, or is one of these
    folders, or lies one level above. Persons are known where `identity_CelebA.txt` lies beside the
    images or in `Anno/`; without it every photograph stands alone.

    Raises:
        InputError: no such folder, no aligned images in it, a zip that has not been unpacked, or
            an identity file that cannot be read.
    """
    packed = root.is_file() and root.suffix.lower() == ".zip"
    if not packed:
        _require(root, "celeba")
    images = _find(
        f"--source celeba={root}",
        [root] if root.name == _ALIGNED else [],
        *(root.glob(place + _ALIGNED) for place in ("", "Img/", "*/", "*/Img/")),
        holds="*.jpg",
    )
    if images is None:
        zips = [root] if packed else sorted(root.rglob(f"{_ALIGNED}.zip"))
        told = f"{zips[0]} is still packed; unzip it" if zips else f"no {_ALIGNED}/000001.jpg"
        raise InputError(f"--source celeba={root}: {told}; give the folder above {_ALIGNED}/")
    persons = _persons(images)
    base = images.parent
    return Listing(_entries(base, images.glob("*.jpg"), lambda path: persons.get(path.name, "")))


def bdd100k(root: Path) -> Listing:
    """BDD100K frames labelled daytime and clear, partly cloudy or overcast; 1280×720.

    Images lie in `images/{100k,10k}/{train,val,test}`. Labels are those of 2020
    (`labels/det_20/det_*.json`) or of 2018 (`labels/bdd100k_labels_images_*.json`, or one file per
    image in `labels/100k/*/`), field `attributes`: `timeofday`, `weather`
    (doc.bdd100k.com/format.html). `root` is the folder `bdd100k`, or `images` in it, or lies up to
    two levels above. A frame that is in 100k and in 10k is one group. The publisher's test frames
    have no labels.

    Raises:
        InputError: no such folder, no images, no label file, or one that cannot be read.
    """
    _require(root, "bdd100k")
    top = root.parent if root.name == "images" else root
    told = f"--source bdd100k={root}"
    places = (top.glob(f"{place}images") for place in _DEPTHS)
    images = _find(told, *places, holds="10*k/*/*.jpg")
    if images is None:
        raise InputError(f"{told}: no images/100k/train/*.jpg in it")
    labels = _bdd_labels(top)
    if not labels:
        raise InputError(
            f"{told}: no labels that tell night and rain; unpack "
            "labels/det_20/det_train.json (or labels/bdd100k_labels_images_train.json) beside "
            f"images/, or take the images without labels: folder={images}"
        )
    listing = Listing([])
    found = (path for size in ("100k", "10k") for path in images.glob(f"{size}/*/*.jpg"))
    for entry in _entries(images.parent, found, lambda path: path.stem):
        if reason := _bdd_reason(labels.get(entry.group)):
            listing.left_out.setdefault(reason, []).append(entry.name)
        else:
            listing.entries.append(entry)
    return listing


def nuscenes(root: Path) -> Listing:
    """Camera key frames of nuScenes without night, rain, fog or snow; 1600×900, a group per scene.

    Follows the tables in `v1.0-*/` to the images in `samples/CAM_*/`. The words are looked for in
    the scenes' descriptions, which is all that nuScenes says of the weather; a scene without a
    description is left out. `root` holds both folders, or is one of them, or lies one level above.

    Raises:
        InputError: no such folder, tables missing, or one that cannot be read.
    """
    tables = NuscenesTables(root)
    scenes = tables.read("scene", ("description",))
    samples = tables.read("sample", ("scene_token",))
    listing = Listing([])
    frames = tables.key_frames("CAM_", ("sample_token",)).values()
    for frame in sorted(frames, key=lambda frame: frame["filename"]):
        name = frame["filename"]
        scene = samples[frame["sample_token"]]["scene_token"]
        text = scenes[scene]["description"].lower()
        path = tables.root / name
        if bad := _BAD_WEATHER.search(text):
            reason = bad[0]
        elif not text:
            reason = "no description of the scene"
        elif not path.is_file():
            reason = "missing file"
        else:
            listing.entries.append(Entry(path, name, scene))
            continue
        listing.left_out.setdefault(reason, []).append(name)
    return listing


LAYOUTS: dict[str, Callable[[Path], Listing]] = {
    "folder": folder,
    "celeba": celeba,
    "bdd100k": bdd100k,
    "nuscenes": nuscenes,
}
"""By source kind: lists the photographs below a root."""


class Table(dict[str, Row]):
    """The rows of one nuScenes table by token."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, token: str) -> Row:
        raise InputError(
            f"nuScenes: {self.name}.json has no row {token!r} that another table names; "
            "unpack all tables of one version again"
        )


class NuscenesTables:
    """The JSON tables of nuScenes (docs/schema_nuscenes.md of the nuscenes-devkit).

    Where several versions lie side by side (`v1.0-mini`, `v1.0-trainval`, `v1.0-test`) they are
    read as one: tokens are unique, and mini is a part of trainval.

    Args:
        root: holds `v1.0-*/` and `samples/`, or is one of them, or lies one level above.

    Attributes:
        root: the folder that the tables' file names are relative to.

    Raises:
        InputError: no such folder, no tables there, or those of two copies of nuScenes.
    """

    def __init__(self, root: Path) -> None:
        _require(root, "nuscenes")
        inside = root.name == "samples" or (root / "scene.json").is_file()
        top = root.parent if inside else root
        told = f"--source nuscenes={root}"
        found = _find(told, [top], top.glob("*"), holds="v1.0-*/scene.json")
        if found is None:
            needed = ", ".join(f"{table}.json" for table in _NUSCENES_TABLES)
            raise InputError(
                f"{told}: no tables; unpack v1.0-mini or v1.0-trainval ({needed}) beside samples/"
            )
        self.root = found
        self._versions = sorted(path for path in self.root.glob("v1.0-*") if path.is_dir())

    def read(self, table: str, columns: Iterable[str], keep: Keep = lambda row: True) -> Table:
        """The rows of one table for which `keep` is true, with `token` and `columns` alone.

        The rest is dropped while reading: sample_data and ego_pose of trainval have 2.6 million
        rows each, and a tenth are key frames.

        Raises:
            InputError: it is missing, damaged, or lacks a column.
        """
        wanted = ("token", *columns)
        rows = Table(table)
        for version in self._versions:
            rows |= _parse(
                version / f"{table}.json",
                lambda row: {name: row[name] for name in wanted} if keep(row) else None,
                lambda found: {row["token"]: row for row in found if row},
            )
        return rows

    def key_frames(self, channel: str, columns: Iterable[str]) -> Table:
        """Rows of sample_data with `filename` and `columns` that are key frames of a channel.

        Args:
            channel: how the sensor's channel begins: `CAM_` is all six cameras.
        """
        sensors = self.read("sensor", (), lambda row: row["channel"].startswith(channel))
        mounted = self.read("calibrated_sensor", (), lambda row: row["sensor_token"] in sensors)
        return self.read(
            "sample_data",
            ("filename", *columns),
            lambda row: row["is_key_frame"] and row["calibrated_sensor_token"] in mounted,
        )


_ALIGNED = "img_align_celeba"
# Archives unpack to bdd100k/, and some users keep each archive in a folder of its own.
_DEPTHS = ("", "*/", "*/*/")
_CLEAR = {"clear", "partly cloudy", "overcast"}
_NUSCENES_TABLES = ("scene", "sample", "sample_data", "calibrated_sensor", "sensor", "ego_pose")
# At the start of a word: a train is no rain.
_BAD_WEATHER = re.compile(r"\b(night|rain|fog|snow)")


def _require(root: Path, kind: str) -> None:
    if not root.is_dir():
        raise InputError(f"--source {kind}={root}: no such folder")


def _find(told: str, *places: Iterable[Path], holds: str) -> Path | None:
    """The folder that holds a file of that pattern, of the first of `places` that has one."""
    for place in places:
        found = sorted(path for path in place if path.is_dir() and any(path.glob(holds)))
        if len(found) > 1:
            raise InputError(
                f"{told}: more than one there ({found[0]}, {found[1]}); give one of them"
            )
        if found:
            return found[0]
    return None


def _entries(
    base: Path, paths: Iterable[Path], group: Callable[[Path], str] = lambda path: ""
) -> list[Entry]:
    shown = (path for path in paths if not path.name.startswith("."))
    entries = (Entry(path, path.relative_to(base).as_posix(), group(path)) for path in shown)
    return sorted(entries, key=lambda entry: entry.name)


def _persons(images: Path) -> dict[str, str]:
    """Identity by file name, from the lines `000001.jpg 2880`."""
    above = (images.parent, images.parent.parent)
    for place in (place / inner for place in above for inner in ("", "Anno")):
        path = place / "identity_CelebA.txt"
        if not path.is_file():
            continue
        pairs = [line.split() for line in path.read_text(errors="replace").splitlines()]
        for number, pair in enumerate(pairs, 1):
            if len(pair) != 2:
                raise InputError(
                    f"{path}, line {number}: expected a file name and a person's number; "
                    "download the file again"
                )
        return dict(pairs)
    return {}


def _bdd_labels(top: Path) -> dict[str, Row]:
    """Attributes of every labelled frame, by its name without suffix."""

    # Boxes and polygons go while reading: whole, the file of 2018 fills gigabytes of memory.
    def slim(node: Row) -> Row:
        names = ("name", "attributes", "timeofday", "weather")
        return {name: node[name] for name in names if name in node}

    def frames(found: Any) -> dict[str, Row]:
        rows = found if isinstance(found, list) else [found]
        return {Path(row["name"]).stem: row.get("attributes") or {} for row in rows}

    labels: dict[str, Row] = {}
    for path in _bdd_label_files(top):
        labels |= _parse(path, slim, frames)
    return labels


def _bdd_label_files(top: Path) -> Iterator[Path]:
    # The newest last, where it has the last word.
    for inner in ("100k/*/*.json", "bdd100k_labels_images_*.json", "det_20/det_*.json"):
        for place in _DEPTHS:
            yield from sorted(top.glob(f"{place}labels/{inner}"))


def _bdd_reason(attributes: Row | None) -> str:
    """Why a frame is left out, or "" for one to use."""
    time, weather = ((attributes or {}).get(name) for name in ("timeofday", "weather"))
    if time is None or weather is None:
        return "no label"
    if time != "daytime":
        return "time of day undefined" if time == "undefined" else str(time)
    if weather not in _CLEAR:
        return "weather undefined" if weather == "undefined" else str(weather)
    return ""


def _parse(
    path: Path, hook: Callable[[Row], Row | None], index: Callable[[Any], dict[str, Row]]
) -> dict[str, Row]:
    """A JSON file, each of its objects through `hook` as it is read, the whole through `index`."""
    try:
        with path.open(encoding="utf-8") as file:
            return index(json.load(file, object_hook=hook))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; unpack it from its archive") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is not the published file ({type(error).__name__}: {error}); "
            "download and unpack it again"
        ) from None
