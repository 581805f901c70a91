"""Where clean photographs come from, and on which side of the split each of them lies."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from generators import photographs
from generators.errors import InputError
from generators.randomness import permute

SPLITS = ("train", "validation", "test")
BUNDLED = Path(__file__).parent / "data" / "photos"
KINDS = ("builtin", "dead-leaves", "folder")
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
        if kind == "folder" and not where:
            raise InputError("--source folder needs a folder: folder=PHOTOS")
        if kind != "folder" and where:
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
    """

    source_id: str
    path: Path
    sha256: str
    width: int
    height: int


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


def gather(
    specs: Sequence[SourceSpec], shares: dict[str, int], size: int, seed: int, look: Inspector
) -> list[Pool]:
    """Inspect every source once and part its photographs among the splits.

    Args:
        shares: samples per split; a split without samples gets no photographs.
        size: side of a sample in pixels.
        look: inspects files, in order; gives an Inspection or the reason it failed.

    Raises:
        InputError: a folder is missing or empty, or too much of it is unreadable or too small.
    """
    pools: list[Pool] = []
    seen: set[str] = set()
    for spec in specs:
        if spec.kind in ("builtin", "dead-leaves"):
            if spec.kind == "builtin":
                pools.append(_bundled(spec.weight / 2, look))
            weight = spec.weight / 2 if spec.kind == "builtin" else spec.weight
            pools.append(Pool("dead-leaves", weight, None))
        else:
            pools.append(_folder(spec, shares, size, seed, look, seen))
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


def _folder(
    spec: SourceSpec,
    shares: dict[str, int],
    size: int,
    seed: int,
    look: Inspector,
    seen: set[str],
) -> Pool:
    root = Path(spec.where).expanduser()
    if not root.is_dir():
        raise InputError(f"--source folder={spec.where}: no such folder")
    files = sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in photographs.SUFFIXES
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not files:
        known = " ".join(sorted(photographs.SUFFIXES))
        raise InputError(f"--source folder={spec.where}: no photographs in it ({known})")
    pool = Pool(spec.kind, spec.weight, None)
    good: list[Photograph] = []
    for path, found in zip(files, look(files), strict=True):
        name = path.relative_to(root).as_posix()
        if isinstance(found, str):
            pool.left_out.setdefault("unreadable", []).append(f"{name}: {found}")
        elif found.sha256 in seen:
            pool.left_out.setdefault("the same file as another", []).append(name)
        elif min(found.width, found.height) * MAX_UPSCALING < size:
            pool.left_out.setdefault("too small", []).append(
                f"{name}: {found.width}×{found.height}"
            )
        else:
            seen.add(found.sha256)
            good.append(Photograph(name, path, found.sha256, found.width, found.height))
    _refuse_ruin(spec, pool.left_out, len(files), len(good), size)
    pool.photographs = part(good, shares, seed)
    return pool


def _refuse_ruin(
    spec: SourceSpec, left_out: dict[str, list[str]], files: int, good: int, size: int
) -> None:
    unreadable = left_out.get("unreadable", [])
    if len(unreadable) > MAX_UNREADABLE_SHARE * files:
        raise InputError(
            f"--source folder={spec.where}: {len(unreadable)} of {files} files cannot be read "
            f"(limit {MAX_UNREADABLE_SHARE:.0%}), the first is {unreadable[0]}; "
            "repair or remove them"
        )
    if not good:
        raise InputError(
            f"--source folder={spec.where}: none of {files} photographs can be used: "
            + "; ".join(f"{len(names)} {reason}" for reason, names in left_out.items())
            + f". The short side must be at least {math.ceil(size / MAX_UPSCALING)} pixels"
        )


def part(
    members: Sequence[Photograph], shares: dict[str, int], seed: int
) -> dict[str, list[Photograph]]:
    """Part photographs among the splits in proportion to `shares`, at least one to each.

    The order is a keyed permutation of `seed`, so neither names nor dates decide the side.

    Raises:
        InputError: fewer photographs than splits that hold samples.
    """
    wanted = [split for split in SPLITS if shares.get(split)]
    if len(members) < len(wanted):
        raise InputError(
            f"{len(members)} photographs cannot fill the splits {', '.join(wanted)} without "
            "putting one photograph on two sides; add photographs or --source dead-leaves"
        )
    spare = len(members) - len(wanted)
    extra = largest_remainder(spare, [shares[split] for split in wanted])
    order = [members[permute(i, len(members), seed, 1)] for i in range(len(members))]
    parts: dict[str, list[Photograph]] = {split: [] for split in SPLITS}
    start = 0
    for split, more in zip(wanted, extra, strict=True):
        parts[split] = order[start : start + 1 + more]
        start += 1 + more
    return parts


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to `weights` that sum to `total` (Hamilton's method)."""
    shares = [Fraction(weight) for weight in weights]  # exact: a tie stays a tie
    exact = [total * share / sum(shares) for share in shares]
    counts = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts


def digest(members: Iterable[Photograph]) -> str:
    """One hash over the names and hashes of photographs, whatever their order."""
    lines = sorted(f"{photo.source_id}\t{photo.sha256}" for photo in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
