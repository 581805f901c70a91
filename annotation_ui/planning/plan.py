"""The review's plan: which samples people look at, and the folder that the review lives in."""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from annotation_ui.planning.checks import Checked, check
from annotation_ui.planning.gold import Slot, gold, ordered, planted
from annotation_ui.planning.pictures import Album, pictures, same_date
from annotation_ui.planning.samples import Row, read
from annotation_ui.planning.sampling import SPENT, Entry, chosen, entries, twice
from annotation_ui.store.records import EVERYBODY, Item
from annotation_ui.store.review_store import Store
from generators import engines
from generators.build.replace import finished
from generators.dataset.recipe import Recipe
from generators.dataset.schema import REVIEW, sample_of
from generators.errors import InputError
from generators.files import FULL
from generators.sample import Sample

DATABASE, IMAGES = "review.sqlite", "images"

FEW_GOLD = 12
"""So few gold items are shown to everybody, or there would be none to know a reviewer by. More
are shown to one reviewer each, or those who share the work would see little else."""

_COLUMNS = (
    "id", "clean", "degraded", "depth", "type", "tuples", "source", "source_id", "depth_source",
    "recipe",
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """What a plan holds.

    Attributes:
        folder: where the review is.
        splits: samples of each split.
        reviewed: samples that were reviewed before, which count towards the fraction.
        overlap: samples that two people look at.
        gold: planted items that ought to be rejected, by what is wrong with them.
        repeats: items shown a second time.
        flags: samples flagged by the machine checks, by flag.
    """

    folder: Path
    splits: Mapping[str, int]
    reviewed: int
    overlap: int
    gold: Mapping[str, int]
    repeats: int
    flags: Mapping[str, int]

    @property
    def samples(self) -> int:
        """How many there are to look at."""
        return sum(self.splits.values())


def review_folder(dataset: Path) -> Path:
    """Where the review of the dataset in the folder `dataset` is: beside it, as DIR.review."""
    whole = dataset.absolute()
    return whole.with_name(f"{whole.name}.review")


def plan(
    folder: Path,
    fraction: float = 0.1,
    seed: int = 0,
    overlap: float = 0.18,
    workers: int | None = None,
    heard: Callable[[int, int], None] = lambda done, total: None,
) -> Planned:
    """Plan the review of the dataset in `folder` and write its review folder, whole or not at all.

    The same dataset and seed give the same samples, order and planted items. Names that reach a
    browser are random in every plan, and follow from nothing.

    Args:
        fraction: of all samples, in (0, 1]: so many are reviewed at the end. See `chosen`.
        overlap: share of the samples that two people look at.
        heard: told how many of how many items are ready.

    Raises:
        InputError: no finished dataset, a blind one, one that has a review; nothing to review; a
            row that cannot be shown; or no space left.
    """
    target, told = review_folder(folder), finished(folder)
    if target.exists():
        raise InputError(
            f"{target} holds a review already: go on with dubench review serve {folder}, or remove "
            "it, and all verdicts with it, to plan anew"
        )
    if not 0 < fraction <= 1:
        raise InputError(f"--fraction {fraction:g} must lie above 0 and at most at 1")
    if not 0 <= overlap <= 1:
        raise InputError(f"--overlap {overlap:g} must lie between 0 and 1")
    workers = engines.processes(workers)
    rows = entries(folder, Recipe.from_json(told))
    samples = chosen(rows, fraction, seed)
    reviewed = sum(row.review != REVIEW[0] for row in rows)
    if not samples:
        raise InputError(
            f"{folder}: {reviewed:,} of {len(rows):,} samples are reviewed already, which meets "
            f"--fraction {fraction:g}; give a larger one"
        )
    slots = ordered(samples, gold(rows, {row.id for row in samples}, seed), seed)
    both = twice(samples, overlap, seed)
    part = target.with_name(f".{target.name}.part")
    _remove(part)
    try:
        (part / IMAGES).mkdir(parents=True)
        seen = _shown(part / IMAGES, slots, workers, heard)
        items = list(_items(slots, seen, both))
        now = datetime.now(UTC).replace(microsecond=0)
        same_date(part / IMAGES, now.timestamp())
        made = _summary(target, items, reviewed, len(both))
        about = {
            "dataset": folder.absolute().name,
            "content_ids": {s: i["content_id"] for s, i in told["made"]["identity"].items()},
            "n": len(rows),
            "fraction": fraction,
            "seed": seed,
            "overlap": overlap,
            "created": now.isoformat(),
            "counts": {name: told for name, told in asdict(made).items() if name != "folder"},
            "unreviewed": _unreviewed(rows),
        }
        Store.create(part / DATABASE, about, items)
        part.rename(target)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise InputError(
            f"{target}: no space left for the pictures of {len(slots):,} items; free some space, "
            "or give a smaller --fraction"
        ) from None
    finally:
        _remove(part)
    return made


@dataclass(frozen=True)
class _Job:
    """What one worker makes pictures for: items of one file, as (row, place in the plan, fault)."""

    file: Path
    wanted: Sequence[tuple[int, int, str | None]]


@dataclass(frozen=True)
class _Seen:
    """One item as the reviewer sees it.

    Attributes:
        place: in the plan.
        names: of its pictures' files.
    """

    place: int
    shown: Mapping[str, Any]
    names: Mapping[str, str]
    checked: Checked
    expected: Mapping[str, str] | None


def _unreviewed(rows: Sequence[Entry]) -> list[list[str | int]]:
    """[split, type, severity, source, rows] of what nobody has reviewed, for the residual rate."""
    counts = Counter((row.split, *row.stratum) for row in rows if row.review == REVIEW[0])
    return [[*home, count] for home, count in sorted(counts.items())]


def _shown(
    images: Path, slots: Sequence[Slot], workers: int, heard: Callable[[int, int], None]
) -> dict[int, _Seen]:
    """Write every item's pictures; returns by place what else a reviewer sees."""
    wanted: dict[Path, list[tuple[int, int, str | None]]] = {}
    for place, slot in enumerate(slots):
        wanted.setdefault(slot.entry.file, []).append((slot.entry.row, place, slot.why))
    jobs = [_Job(file, mine) for file, mine in wanted.items()]
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        heard(done, len(slots))

    found = engines.run(partial(_prepare, images), jobs, workers, tell)
    return {seen.place: seen for part in found for seen in part}


def _prepare(images: Path, job: _Job, report: engines.Report) -> list[_Seen]:
    """Write the pictures of one file's items."""
    made: list[_Seen] = []
    album = Album(images)
    by_row: dict[int, list[tuple[int, str | None]]] = {}
    for number, place, why in job.wanted:
        by_row.setdefault(number, []).append((place, why))
    for row, number in zip(read(job.file, by_row, _COLUMNS), sorted(by_row), strict=True):
        sample, provenance = sample_of(row, job.file.name)
        key = provenance.key
        checked = check(sample, key, row)
        for place, why in by_row[number]:
            shown, expected = sample, None
            if why:
                shown, detail = planted(sample, why, key)
                expected = {"verdict": "reject", "why": why, "detail": detail}
            names = {name: album.add(picture) for name, picture in pictures(shown).items()}
            made.append(_Seen(place, _told(shown, row), names, checked, expected))
        report(len(by_row[number]))
    album.flush()
    return made


def _told(sample: Sample, row: Row) -> dict[str, Any]:
    """What a reviewer reads beside the pictures."""
    return {
        "type": sample.degradation.type,
        "tuples": [
            [kind, key, list(value) if isinstance(value, tuple) else value]
            for kind, key, value in sample.tuples
        ],
        "size": sample.clean.shape[0],
        "depth_source": row["depth_source"],
        "source": row["source"],
    }


def _items(
    slots: Sequence[Slot], seen: Mapping[int, _Seen], both: Collection[str]
) -> Iterator[Item]:
    tokens = [secrets.token_hex(8) for _ in slots]
    first = {
        slot.entry.id: token
        for slot, token in zip(slots, tokens, strict=True)
        if not slot.why and not slot.repeat
    }
    golden = sum(slot.why is not None for slot in slots)
    for place, (slot, token) in enumerate(zip(slots, tokens, strict=True)):
        row, found = slot.entry, seen[place]
        needs = 1
        if slot.why:
            needs = EVERYBODY if golden <= FEW_GOLD else 1
        elif not slot.repeat and row.id in both:
            needs = 2
        yield Item(
            item=token,
            sample_id=row.id,
            split=row.split,
            type=row.type,
            severity=row.severity,
            source=row.source,
            kind="gold" if slot.why else "repeat" if slot.repeat else "sample",
            needs=needs,
            rank=place,
            shown=found.shown,
            **found.names,
            of_item=first[row.id] if slot.repeat else None,
            expected=found.expected,
            flags=found.checked.flags,
            residual=found.checked.residual,
        )


def _summary(target: Path, items: Sequence[Item], reviewed: int, overlap: int) -> Planned:
    samples = [item for item in items if item.kind == "sample"]
    splits = Counter(item.split for item in samples)
    return Planned(
        target,
        {split: splits[split] for split in SPENT if splits[split]},
        reviewed,
        overlap,
        dict(Counter(item.expected["why"] for item in items if item.expected)),
        sum(item.kind == "repeat" for item in items),
        dict(Counter(flag["flag"] for item in samples for flag in item.flags)),
    )


def _remove(folder: Path) -> None:
    """Remove what a plan that was cut short has left."""
    if folder.exists():
        shutil.rmtree(folder)
