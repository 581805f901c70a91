"""The published folder layouts: which photographs a source holds, and which stay together.

Names do not depend on how the user points at a source: they are relative to the folder that its
publisher calls the root, so that the same photograph has the same name in every laboratory.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from generators.errors import InputError
from generators.sources import photographs
from generators.sources.listing import UNREADABLE, Listing, Row, find, listed, parse, require
from generators.sources.nuscenes import nuscenes
from generators.walk import walk

_ALIGNED = "img_align_celeba"
# Archives unpack to bdd100k/, and some users keep each archive in a folder of its own.
_DEPTHS = ("", "*/", "*/*/")
_CLEAR = {"clear", "partly cloudy", "overcast"}


def folder(root: Path, apart: Collection[Path] = ()) -> Listing:
    """Every image at any depth below `root`, by its suffix; see `generators.walk`.

    Args:
        apart: folders not to look into.

    Raises:
        InputError: no such folder, or one in it cannot be looked into.
    """
    require(root, "folder")
    held = walk(root, photographs.SUFFIXES, apart)
    nowhere = [place for place, _ in held.problems if place.is_symlink()]
    for place, why in held.problems:
        if place not in nowhere:
            raise InputError(
                f"--source folder={root}: {place}: {why}; let it be read, or move it elsewhere"
            )
    listing = Listing(listed(root, held.files))
    if nowhere:
        names = (place.relative_to(root).as_posix() for place in nowhere)
        listing.left_out[UNREADABLE] = [f"{name}: a link that leads nowhere" for name in names]
    return listing


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
        require(root, "celeba")
    images = find(
        f"--source celeba={root}",
        [root] if root.name == _ALIGNED else [],
        *(root.glob(place + _ALIGNED) for place in ("", "Img/", "*/", "*/Img/")),
        holds="*.jpg",
    )
    if images is None:
        zips = [root] if packed else sorted(root.rglob(f"{_ALIGNED}.zip"))
        reason = f"{zips[0]} is still packed; unzip it" if zips else f"no {_ALIGNED}/000001.jpg"
        raise InputError(f"--source celeba={root}: {reason}; give the folder above {_ALIGNED}/")
    persons = _persons(images)
    base = images.parent
    return Listing(listed(base, images.glob("*.jpg"), lambda path: persons.get(path.name, "")))


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
    require(root, "bdd100k")
    top = root.parent if root.name == "images" else root
    option = f"--source bdd100k={root}"
    places = (top.glob(f"{place}images") for place in _DEPTHS)
    images = find(option, *places, holds="10*k/*/*.jpg")
    if images is None:
        raise InputError(f"{option}: no images/100k/train/*.jpg in it")
    labels = _bdd_labels(top)
    if not labels:
        raise InputError(
            f"{option}: no labels that tell night and rain; unpack "
            "labels/det_20/det_train.json (or labels/bdd100k_labels_images_train.json) beside "
            f"images/, or take the images without labels: folder={images}"
        )
    listing = Listing([])
    frames = (path for size in ("100k", "10k") for path in images.glob(f"{size}/*/*.jpg"))
    for entry in listed(images.parent, frames, lambda path: path.stem):
        if reason := _bdd_reason(labels.get(entry.group)):
            listing.left_out.setdefault(reason, []).append(entry.name)
        else:
            listing.entries.append(entry)
    return listing


LAYOUTS: dict[str, Callable[[Path], Listing]] = {
    "folder": folder,
    "celeba": celeba,
    "bdd100k": bdd100k,
    "nuscenes": nuscenes,
}
"""By source: lists the photographs below a root."""


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

    def frames(content: Any) -> dict[str, Row]:
        rows = content if isinstance(content, list) else [content]
        return {Path(row["name"]).stem: row.get("attributes") or {} for row in rows}

    labels: dict[str, Row] = {}
    for path in _bdd_label_files(top):
        labels |= parse(path, slim, frames)
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
