"""Where clean photographs come from, and on which side of the split each of them lies."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generators.engines import OnProgress
from generators.errors import InputError
from generators.files import from_home
from generators.sources import photographs
from generators.sources.hub import spool
from generators.sources.layouts import LAYOUTS, folder
from generators.sources.listing import UNREADABLE, Listing
from generators.sources.splits import SPLITS, part

BUNDLED = Path(__file__).parents[1] / "data" / "photos"
PLACELESS = ("builtin", "dead-leaves")
SOURCES = (*PLACELESS, *LAYOUTS, "hf")
MAX_UPSCALING = 1.5
MAX_UNREADABLE_SHARE = 0.2
TOO_SMALL = "too small"
# The bundled photographs are few: past this many crops of each, scenes take over.
BUNDLED_CROPS = 256
SCENE_CROPS = 8
BUNDLED_SPLITS = {
    "validation": ("aitzgorri-by-aitzol-berasategi.jpg", "wine-by-jakkub-mede.jpg"),
    "test": ("picosdeeuropa-by-aitzol-berasategi.jpg", "dragonfly-by-bolly.jpg"),
}

Inspector = Callable[[Sequence[Path]], Iterator[photographs.Inspection | str]]
"""Inspects files, in order; gives for each an Inspection, or the reason it cannot be read."""


@dataclass(frozen=True)
class SourceSpec:
    """One `--source SOURCE=WHERE@WEIGHT`."""

    source: str
    where: str = ""
    weight: float = 1.0

    @staticmethod
    def parse(text: str) -> "SourceSpec":
        """Read SOURCE, SOURCE=WHERE, SOURCE@WEIGHT or SOURCE=WHERE@WEIGHT; WHERE as it is where
        it is there.

        Raises:
            InputError: it is none of them.
        """
        source, _, where = text.partition("=")
        weight = 1.0
        if not where or not from_home(where).exists():  # a folder may be called shots@2
            match = re.fullmatch(r"(?P<rest>.*?)(@(?P<weight>\d+(\.\d+)?))?", text, re.DOTALL)
            assert match
            source, _, where = match["rest"].partition("=")
            weight = float(match["weight"] or 1)
        if source not in SOURCES:
            raise InputError(f"unknown source {source!r}; the sources are: {', '.join(SOURCES)}")
        if source not in PLACELESS and not where:
            raise InputError(f"--source {source} needs a place: {source}=WHERE")
        if source in PLACELESS and where:
            raise InputError(f"--source {source} takes no place; write {source} alone")
        if weight <= 0:
            raise InputError(f"--source {text}: the weight must be above 0")
        return SourceSpec(source, where, weight)

    def __str__(self) -> str:
        """As on the command line, without the weight."""
        return f"{self.source}={self.where}" if self.where else self.source


@dataclass(frozen=True)
class Photograph:
    """One photograph that a dataset may use.

    Attributes:
        source_id: its name within the source.
        path: where its file is.
        sha256: of the file.
        width, height: pixels, upright.
        group: photographs of one group stay on one side of the split; empty for none.
        depth_map: file of a prepared depth map, see `depth.prepared`; empty for none.
        depth_source: where its depth comes from, as in the row.
        depth_hash: of what its depth map holds; empty for none.
    """

    source_id: str
    path: Path
    sha256: str
    width: int
    height: int
    group: str = ""
    depth_map: str = ""
    depth_source: str = "procedural"
    depth_hash: str = ""


@dataclass
class Pool:
    """The clean photographs of one source, by split.

    Attributes:
        source: the `source` column.
        weight: in what proportion to the other pools it is used.
        photographs: per split; None where the source makes scenes without end.
        crops: how many crops of one photograph at most (None: as many as needed).
        left_out: why files were left out, and which.
    """

    source: str
    weight: float
    photographs: dict[str, list[Photograph]] | None
    crops: int | None = None
    left_out: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class GatherOptions:
    """How photographs are gathered.

    Attributes:
        split_counts: samples per split; a split without samples gets no photographs.
        size: side of a sample in pixels.
        seed: parts the photographs among the splits.
        inspect: inspects files.
        spools: folder in which streamed datasets are kept.
        on_progress: called with the number of streamed images that are there, and of all.
        depth_column: column of streamed datasets to keep as their depth; empty for none.
        apart: folders that are no source, such as that of the output.
    """

    split_counts: Mapping[str, int]
    size: int
    seed: int
    inspect: Inspector
    spools: Path
    on_progress: OnProgress
    depth_column: str = ""
    apart: tuple[Path, ...] = ()


def gather(specs: Sequence[SourceSpec], options: GatherOptions) -> list[Pool]:
    """Inspect every source once and part its photographs among the splits.

    Raises:
        InputError: a source is missing or empty, or too much of it is unreadable or too small.
    """
    pools: list[Pool] = []
    # Their sides of the split are fixed: a copy in another source could come to lie on another.
    builtin = any(spec.source == "builtin" for spec in specs)
    bundled = _bundled(options.inspect) if builtin else {}
    seen = {photo.sha256 for members in bundled.values() for photo in members}
    for spec in specs:
        if spec.source in PLACELESS:
            if spec.source == "builtin":
                pools.append(Pool("builtin", spec.weight / 2, bundled, BUNDLED_CROPS))
            weight = spec.weight / 2 if spec.source == "builtin" else spec.weight
            pools.append(Pool("dead-leaves", weight, None))
        else:
            pools.append(_placed(spec, options, seen))
    return pools


def _bundled(inspect: Inspector) -> dict[str, list[Photograph]]:
    files = sorted(BUNDLED.glob("*.jpg"))
    split_of = {name: split for split, names in BUNDLED_SPLITS.items() for name in names}
    members: dict[str, list[Photograph]] = {split: [] for split in SPLITS}
    for path, result in zip(files, inspect(files), strict=True):
        assert isinstance(result, photographs.Inspection), f"{path.name}: {result}"
        photograph = Photograph(path.name, path, result.sha256, result.width, result.height)
        members[split_of.get(path.name, "train")].append(photograph)
    return members


def _placed(spec: SourceSpec, options: GatherOptions, seen: set[str]) -> Pool:
    """Read a source's layout, inspect its files, and part the usable ones among the splits.

    Args:
        seen: hashes of the bundled photographs, if used, and of the files of earlier sources; those
            of this one are added.
    """
    listing = _listing(spec, options)
    left_out = listing.left_out
    files = len(listing.entries) + len(left_out.get(UNREADABLE, []))
    usable: list[Photograph] = []
    results = options.inspect([entry.path for entry in listing.entries])
    for entry, result in zip(listing.entries, results, strict=True):
        if isinstance(result, str):
            left_out.setdefault(UNREADABLE, []).append(f"{entry.name}: {result}")
            continue
        width, height = result.width, result.height
        if result.sha256 in seen:
            left_out.setdefault("the same file as another", []).append(entry.name)
        elif min(width, height) * MAX_UPSCALING < options.size:
            left_out.setdefault(TOO_SMALL, []).append(f"{entry.name}: {width}×{height}")
        else:
            seen.add(result.sha256)
            usable.append(
                Photograph(entry.name, entry.path, result.sha256, width, height, entry.group)
            )
    _check_usable(spec, left_out, files, len(usable), options.size)
    parted = part(usable, options.split_counts, options.seed)
    return Pool(spec.source, spec.weight, parted, left_out=left_out)


def _listing(spec: SourceSpec, options: GatherOptions) -> Listing:
    if spec.source == "hf":
        name = re.sub(r"[^\w.-]+", "-", spec.where).strip("-.")
        most = sum(options.split_counts.values())
        place = options.spools / name
        return spool(spec.where, place, most, options.on_progress, options.depth_column)
    root = from_home(spec.where)
    if not root.exists():
        raise InputError(f"--source {spec}: no such folder")
    if spec.source == "folder":
        return folder(root, options.apart)
    return LAYOUTS[spec.source](root)


def _check_usable(
    spec: SourceSpec, left_out: Mapping[str, list[str]], files: int, usable: int, size: int
) -> None:
    """Refuse a source of which too much is unreadable, or nothing is usable."""
    unreadable = left_out.get(UNREADABLE, [])
    if len(unreadable) > MAX_UNREADABLE_SHARE * files:
        raise InputError(
            f"--source {spec}: {len(unreadable)} of {files} files cannot be read (limit "
            f"{MAX_UNREADABLE_SHARE:.0%}), the first is {unreadable[0]}; repair or remove them"
        )
    if not usable and not left_out:
        known = " ".join(sorted(photographs.SUFFIXES))
        raise InputError(f"--source {spec}: no photographs in it ({known})")
    if not usable:
        reasons = "; ".join(f"{len(names)} {reason}" for reason, names in left_out.items())
        if TOO_SMALL in left_out:
            least = math.ceil(size / MAX_UPSCALING)
            reasons += f". The short side must be at least {least} pixels"
        raise InputError(f"--source {spec}: no photograph in it can be used: {reasons}")


def digest(members: Iterable[Photograph]) -> str:
    """One hash over the names and hashes of photographs, whatever their order; empty for none."""
    return _hash(f"{photo.source_id}\t{photo.sha256}" for photo in members)


def depth_digest(members: Iterable[Photograph]) -> str:
    """One hash over what the depth maps of photographs hold; empty where none has a map."""
    return _hash(f"{photo.sha256}\t{photo.depth_hash}" for photo in members if photo.depth_map)


def _hash(lines: Iterable[str]) -> str:
    ordered = sorted(lines)
    return hashlib.sha256("\n".join(ordered).encode()).hexdigest() if ordered else ""
