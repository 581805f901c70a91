"""The review's plan: which samples people look at, written into the folder the review lives in."""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from annotation_ui.folder import DATABASE, IMAGES, KEY, quoted, review_folder
from annotation_ui.planning.examples import choose_examples, made_examples
from annotation_ui.planning.gold import PlannedItem, choose_gold, order_items
from annotation_ui.planning.overlap import check_overlap
from annotation_ui.planning.picture_workers import PreparedItem, prepare_items
from annotation_ui.planning.pictures import same_date
from annotation_ui.planning.previous import previous_review
from annotation_ui.planning.sampling import (
    SPENT,
    Entry,
    choose_samples,
    double_reviewed,
    read_entries,
)
from annotation_ui.store.items import EVERYBODY, Item, Role
from annotation_ui.store.review_plan import PlanCounts, ReviewPlan, StratumRows
from annotation_ui.store.review_store import ReviewStore
from generators import engines
from generators.build.replace import read_replaceable
from generators.dataset.schema import UNREVIEWED
from generators.errors import InputError, plain_errors
from generators.lock import hold_beside
from generators.taxonomy import TYPES

FEW_GOLD = 12
"""So few gold items are shown to everybody, or there would be none to know a reviewer by. More
are shown to one reviewer each, or those who share the work would see little else."""


@plain_errors()
def plan_review(
    folder: Path,
    fraction: float = 0.1,
    seed: int = 0,
    overlap: float = 0.18,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PlanCounts:
    """Plan the review of the dataset in `folder` and write its review folder, whole or not at all.

    The same dataset and seed give the same samples in the same order. What is planted among them,
    and which of them two people look at, follows from a secret of this plan, kept in the folder for
    its owner alone; names that reach a browser are random and follow from nothing. Who may log in
    to the review that the dataset comes from may log in to this one.

    Args:
        fraction: of all samples, in (0, 1]: so many are reviewed at the end. See `choose_samples`.
        overlap: share of the samples that two people look at.
        on_progress: gets how many of how many items are ready.

    Raises:
        InputError: no finished dataset, a blind one, one that has a review; nothing to review; a
            row that cannot be shown; or no space left.
    """
    with hold_beside(review_folder(folder)):
        return _plan(folder, fraction, seed, overlap, workers, on_progress)


def _plan(
    folder: Path,
    fraction: float,
    seed: int,
    overlap: float,
    workers: int | None,
    on_progress: Callable[[int, int], None],
) -> PlanCounts:
    """`plan_review` of a review folder that is held."""
    target, info = review_folder(folder), read_replaceable(folder)
    if target.exists():
        raise InputError(
            f"{target} holds a review already: go on with dubench review serve {quoted(folder)}, "
            "or remove it, and all verdicts with it, to plan anew"
        )
    if not 0 < fraction <= 1:
        raise InputError(f"--fraction {fraction:g} must lie above 0 and at most at 1")
    check_overlap(overlap)
    workers = engines.processes(workers)
    rows = read_entries(folder, info.recipe)
    samples = choose_samples(rows, fraction, seed)
    reviewed = sum(row.review != UNREVIEWED for row in rows)
    if not samples:
        raise InputError(
            f"{folder}: {reviewed:,} of {len(rows):,} samples are reviewed already, which meets "
            f"--fraction {fraction:g}; give a larger one"
        )
    key = secrets.token_hex(16)
    gold = choose_gold(rows, {row.id for row in samples}, key)
    planned = order_items(samples, gold, key)
    examples = choose_examples(rows, planned, key)
    both = double_reviewed({row.id: row.type for row in samples}, overlap, key)
    part = target.with_name(f".{target.name}.part")
    _remove(part)
    try:
        (part / IMAGES).mkdir(parents=True)
        prepared = prepare_items(part / IMAGES, [*planned, *examples], workers, on_progress)
        items = list(_items(planned, prepared, both))
        now = datetime.now(UTC).replace(microsecond=0)
        same_date(part / IMAGES, now.timestamp())
        counts = _counts(items, reviewed, len(both))
        plan = ReviewPlan(
            dataset=folder.absolute().name,
            content_ids={split: ids.content_id for split, ids in info.identity.items()},
            n=len(rows),
            fraction=fraction,
            seed=seed,
            overlap=overlap,
            created=now.isoformat(),
            counts=counts,
            unreviewed=_unreviewed(rows),
        )
        shown = made_examples(part / IMAGES, examples, prepared, first=len(planned))
        store = ReviewStore.create(part / DATABASE, plan, items, shown)
        if before := previous_review(folder, info):
            store.accounts.copy_from(before.accounts)
        (part / KEY).touch(0o600)
        (part / KEY).write_text(key)
        part.rename(target)
    finally:
        _remove(part)
    return counts


def _unreviewed(rows: Sequence[Entry]) -> tuple[StratumRows, ...]:
    """What nobody has reviewed, for the defect rate."""
    counts = Counter((row.split, *row.stratum) for row in rows if row.review == UNREVIEWED)
    return tuple((*home, count) for home, count in sorted(counts.items()))


def _items(
    planned: Sequence[PlannedItem], prepared: Mapping[int, PreparedItem], both: Collection[str]
) -> Iterator[Item]:
    names = [secrets.token_hex(8) for _ in planned]
    first = {
        item.entry.id: name
        for item, name in zip(planned, names, strict=True)
        if not item.fault and not item.repeat
    }
    golden = sum(item.fault is not None for item in planned)
    for place, (item, name) in enumerate(zip(planned, names, strict=True)):
        row, seen = item.entry, prepared[place]
        role: Role = "gold" if item.fault else "repeat" if item.repeat else "sample"
        needs = 1
        if role == "gold":
            needs = EVERYBODY if golden <= FEW_GOLD else 1
        elif role == "sample" and row.id in both:
            needs = 2
        yield Item(
            item=name,
            sample_id=row.id,
            split=row.split,
            type=row.type,
            severity=row.severity,
            source=row.source,
            role=role,
            needs=needs,
            rank=place,
            shown=seen.shown,
            **seen.names,
            of_item=first[row.id] if item.repeat else None,
            expected=seen.expected,
            flags=seen.checked.flags,
            pixel_residual=seen.checked.pixel_residual,
        )


def _counts(items: Sequence[Item], reviewed: int, overlap: int) -> PlanCounts:
    samples = [item for item in items if item.role == "sample"]
    splits = Counter(item.split for item in samples)
    return PlanCounts(
        splits={split: splits[split] for split in SPENT if splits[split]},
        reviewed=reviewed,
        overlap=overlap,
        gold=dict(Counter(item.expected.why for item in items if item.expected)),
        repeats=sum(item.role == "repeat" for item in items),
        flags=dict(Counter(flag.name for item in samples for flag in item.flags)),
        types=tuple(name for name in TYPES if any(item.type == name for item in samples)),
    )


def _remove(folder: Path) -> None:
    """Remove what a plan that was cut short has left."""
    if folder.exists():
        shutil.rmtree(folder)
