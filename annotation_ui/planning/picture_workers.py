"""What reviewers see of each planned item, made by worker processes, a file of the dataset each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from annotation_ui.planning.checks import Checked, check
from annotation_ui.planning.gold import Slot, planted
from annotation_ui.planning.pictures import Album, pictures
from annotation_ui.planning.samples import Row, read
from annotation_ui.store.items import Expected, Shown
from generators import engines
from generators.dataset.schema import sample_of
from generators.sample import Sample

_COLUMNS = (
    "id", "clean", "degraded", "depth", "type", "tuples", "source", "source_id", "depth_source",
    "recipe",
)  # fmt: skip

Wanted = tuple[int, int, str | None]
"""One item: its row, its place in the plan, and the fault to plant, if any."""


@dataclass(frozen=True)
class PreparedItem:
    """One item as the reviewer sees it.

    Attributes:
        place: in the plan.
        names: of its pictures' files, by the field of `Item`.
        checked: what the machine says of the sample, before any fault was planted.
        expected: for gold.
    """

    place: int
    shown: Shown
    names: Mapping[str, str]
    checked: Checked
    expected: Expected | None


@dataclass(frozen=True)
class _Job:
    """The items of one file of the dataset."""

    file: Path
    wanted: Sequence[Wanted]


def prepare_items(
    images: Path, slots: Sequence[Slot], workers: int, on_progress: Callable[[int, int], None]
) -> dict[int, PreparedItem]:
    """Write every item's pictures into the folder `images`; returns by place what else is seen.

    Args:
        on_progress: gets how many of how many items are ready.
    """
    by_file: dict[Path, list[Wanted]] = {}
    for place, slot in enumerate(slots):
        by_file.setdefault(slot.entry.file, []).append((slot.entry.row, place, slot.why))
    jobs = [_Job(file, wanted) for file, wanted in by_file.items()]
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, len(slots))

    prepared = engines.run(partial(_prepare, images), jobs, workers, count)
    return {item.place: item for part in prepared for item in part}


def _prepare(images: Path, job: _Job, report: engines.Report) -> list[PreparedItem]:
    """Write the pictures of one file's items."""
    prepared: list[PreparedItem] = []
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
                expected = Expected("reject", why, detail)
            names = {name: album.add(picture) for name, picture in pictures(shown).items()}
            prepared.append(PreparedItem(place, _shown(shown, row), names, checked, expected))
        report(len(by_row[number]))
    album.flush()
    return prepared


def _shown(sample: Sample, row: Row) -> Shown:
    return Shown(
        type=sample.degradation.type,
        tuples=tuple(sample.tuples),
        size=sample.clean.shape[0],
        depth_source=row["depth_source"],
        source=row["source"],
    )
