"""Where clean photographs come from, and on which side of the split each of them lies."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generators.errors import InputError
from generators.sources import photographs
from generators.sources.hub import spool
from generators.sources.layouts import LAYOUTS
from generators.sources.listing import Listing
from generators.sources.splits import SPLITS, part

BUNDLED = Path(__file__).parents[1] / "data" / "photos"
PLACELESS = ("builtin", "dead-leaves")
KINDS = (*PLACELESS, *LAYOUTS, "hf")
MAX_UPSCALING = 1.5
MAX_UNREADABLE_SHARE = 0.2
# The bundled photographs are few: past this many crops of each, scenes take over.
BUNDLED_CROPS = 256
SCENE_CROPS = 8
BUNDLED_SPLITS = {
    "validation": ("aitzgorri-by-aitzol-berasategi.jpg", "wine-by-jakkub-mede.jpg"),
    "test": ("picosdeeuropa-by-aitzol-berasategi.jpg", "dragonfly-by-bolly.jpg"),
}

Inspector = Callable[[Sequence[Path]], Iterator[photographs.Inspection | str]]


@dataclass(frozen=True)
class SourceSpec:
    """One `--source KIND=WHERE@WEIGHT`."""

    kind: str
    where: str = ""
    weight: float = 1.0

    @staticmethod
    def parse(text: str) -> "SourceSpec":
        """Read KIND, KIND=WHERE, KIND@WEIGHT or KIND=WHERE@WEIGHT; InputError if it is none."""
        match = re.fullmatch(r"(?P<rest>.*?)(@(?P<weight>\d+(\.\d+)?))?", text, re.DOTALL)
        assert match
        kind, _, where = match["rest"].partition("=")
        weight = float(match["weight"] or 1)
        if kind not in KINDS:
            raise InputError(f"unknown source {kind!r}; the sources are: {', '.join(KINDS)}")
        if kind not in PLACELESS and not where:
            raise InputError(f"--source {kind} needs a place: {kind}=WHERE")
        if kind in PLACELESS and where:
            raise InputError(f"--source {kind} takes no place; write {kind} alone")
        if weight <= 0:
            raise InputError(f"--source {text}: the weight must be above 0")
        return SourceSpec(kind, where, weight)


@dataclass(frozen=True)
class Photograph:
    """One photograph that a dataset may use.

    Attributes:
        source_id: its name within the source.
        path: where its file is.
        sha256: of the file.
        width, height: pixels, upright.
        group: photographs of one group stay on one side of the split; empty for none.
        depth_map: file of a prepared depth map, see `depth_maps`; empty for none.
        depth_source: where its depth comes from, as in the row.
    """

    source_id: str
    path: Path
    sha256: str
    width: int
    height: int
    group: str = ""
    depth_map: str = ""
    depth_source: str = "procedural"


@dataclass
class Pool:
    """The clean photographs of one source, by split.

    Attributes:
        kind: the `source` column.
        weight: its share among the pools.
        photographs: per split; None where the source makes scenes without end.
        crops: how many crops of one photograph at most (None: as many as needed).
        left_out: why files were left out, and which.
    """

    kind: str
    weight: float
    photographs: dict[str, list[Photograph]] | None
    crops: int | None = None
    left_out: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gathering:
    """What gathering needs to know.

    Attributes:
        shares: samples per split; a split without samples gets no photographs.
        size: side of a sample in pixels.
        seed: parts the photographs among the splits.
        look: inspects files, in order; gives an Inspection or the reason it failed.
        spools: folder in which streamed datasets are kept.
        heard: told how many of how many streamed images are there.
        depth_column: column of streamed datasets to keep as their depth; empty for none.
    """

    shares: Mapping[str, int]
    size: int
    seed: int
    look: Inspector
    spools: Path
    heard: Callable[[int, int], None]
    depth_column: str = ""


def gather(specs: Sequence[SourceSpec], how: Gathering) -> list[Pool]:
    """Inspect every source once and part its photographs among the splits.

    Raises:
        InputError: a source is missing or empty, or too much of it is unreadable or too small.
    """
    pools: list[Pool] = []
    seen: set[str] = set()
    for spec in specs:
        if spec.kind in PLACELESS:
            if spec.kind == "builtin":
                pools.append(_bundled(spec.weight / 2, how.look))
            weight = spec.weight / 2 if spec.kind == "builtin" else spec.weight
            pools.append(Pool("dead-leaves", weight, None))
        else:
            pools.append(_placed(spec, how, seen))
    return pools


def _bundled(weight: float, look: Inspector) -> Pool:
    files = sorted(BUNDLED.glob("*.jpg"))
    split_of = {name: split for split, names in BUNDLED_SPLITS.items() for name in names}
    members: dict[str, list[Photograph]] = {split: [] for split in SPLITS}
    for path, found in zip(files, look(files), strict=True):
        assert isinstance(found, photographs.Inspection), f"{path.name}: {found}"
        photograph = Photograph(path.name, path, found.sha256, found.width, found.height)
        members[split_of.get(path.name, "train")].append(photograph)
    return Pool("builtin", weight, members, BUNDLED_CROPS)


def _placed(spec: SourceSpec, how: Gathering, seen: set[str]) -> Pool:
    """Read a source's layout, look at its files, and part the good ones."""
    told = f"--source {spec.kind}={spec.where}"
    listing = _listing(spec, how)
    left_out = listing.left_out
    good: list[Photograph] = []
    found = how.look([entry.path for entry in listing.entries])
    for entry, seen_as in zip(listing.entries, found, strict=True):
        if isinstance(seen_as, str):
            left_out.setdefault("unreadable", []).append(f"{entry.name}: {seen_as}")
            continue
        width, height = seen_as.width, seen_as.height
        if seen_as.sha256 in seen:
            left_out.setdefault("the same file as another", []).append(entry.name)
        elif min(width, height) * MAX_UPSCALING < how.size:
            left_out.setdefault("too small", []).append(f"{entry.name}: {width}×{height}")
        else:
            seen.add(seen_as.sha256)
            good.append(
                Photograph(entry.name, entry.path, seen_as.sha256, width, height, entry.group)
            )
    _refuse_ruin(told, left_out, len(listing.entries), len(good), how.size)
    parted = part(good, how.shares, how.seed)
    return Pool(spec.kind, spec.weight, parted, left_out=left_out)


def _listing(spec: SourceSpec, how: Gathering) -> Listing:
    if spec.kind == "hf":
        name = re.sub(r"[^\w.-]+", "-", spec.where).strip("-.")
        most = sum(how.shares.values())
        return spool(spec.where, how.spools / name, most, how.heard, how.depth_column)
    root = Path(spec.where).expanduser()
    if not root.exists():
        raise InputError(f"--source {spec.kind}={spec.where}: no such folder")
    return LAYOUTS[spec.kind](root)


def _refuse_ruin(
    told: str, left_out: Mapping[str, list[str]], files: int, good: int, size: int
) -> None:
    unreadable = left_out.get("unreadable", [])
    if len(unreadable) > MAX_UNREADABLE_SHARE * files:
        raise InputError(
            f"{told}: {len(unreadable)} of {files} files cannot be read (limit "
            f"{MAX_UNREADABLE_SHARE:.0%}), the first is {unreadable[0]}; repair or remove them"
        )
    if not good and not left_out:
        known = " ".join(sorted(photographs.SUFFIXES))
        raise InputError(f"{told}: no photographs in it ({known})")
    if not good:
        reasons = "; ".join(f"{len(names)} {reason}" for reason, names in left_out.items())
        least = math.ceil(size / MAX_UPSCALING)
        raise InputError(
            f"{told}: no photograph in it can be used: {reasons}. The short side must be at least "
            f"{least} pixels"
        )


def digest(members: Iterable[Photograph]) -> str:
    """One hash over the names and hashes of photographs, whatever their order."""
    lines = sorted(f"{photo.source_id}\t{photo.sha256}" for photo in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
