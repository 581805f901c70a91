"""What reviewers see of each planned item, made by worker processes, a file of the dataset each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from annotation_ui.planning.checks import Checked, check_sample
from annotation_ui.planning.gold import PlannedItem, plant_fault
from annotation_ui.planning.pictures import ImageWriter, views_of
from annotation_ui.planning.rows import RowSource, read_rows, source_of
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
    images: Path,
    planned: Sequence[PlannedItem],
    workers: int,
    on_progress: Callable[[int, int], None],
) -> dict[int, PreparedItem]:
    """Write every item's pictures into the folder `images`; returns by place what else is seen.

    Args:
        on_progress: gets how many of how many items are ready.
    """
    by_file: dict[Path, list[Wanted]] = {}
    for place, item in enumerate(planned):
        by_file.setdefault(item.entry.file, []).append((item.entry.row, place, item.fault))
    jobs = [_Job(file, wanted) for file, wanted in by_file.items()]
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, len(planned))

    prepared = engines.run(partial(_prepare, images), jobs, workers, count)
    return {item.place: item for part in prepared for item in part}


def _prepare(images: Path, job: _Job, report: engines.Report) -> list[PreparedItem]:
    """Write the pictures of one file's items."""
    prepared: list[PreparedItem] = []
    writer = ImageWriter(images)
    by_row: dict[int, list[tuple[int, str | None]]] = {}
    for number, place, fault in job.wanted:
        by_row.setdefault(number, []).append((place, fault))
    for row, number in zip(read_rows(job.file, by_row, _COLUMNS), sorted(by_row), strict=True):
        sample, provenance = sample_of(row, job.file.name)
        key = provenance.key
        origin = source_of(row)
        checked = check_sample(sample, key, origin)
        for place, fault in by_row[number]:
            shown, expected = sample, None
            if fault:
                shown, detail = plant_fault(sample, fault, key)
                expected = Expected("reject", fault, detail)
            names = {name: writer.add(view) for name, view in views_of(shown).items()}
            prepared.append(PreparedItem(place, _shown(shown, origin), names, checked, expected))
        report(len(by_row[number]))
    writer.flush()
    return prepared


def _shown(sample: Sample, origin: RowSource) -> Shown:
    return Shown(
        type=sample.degradation.type,
        tuples=tuple(sample.tuples),
        size=sample.clean.shape[0],
        depth_source=origin.depth_source,
        source=origin.source,
    )
