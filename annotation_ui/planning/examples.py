"""A good and a bad example of each type, for the guide of the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from annotation_ui.planning.gold import SWAPPED, WRONG, PlannedItem, suits
from annotation_ui.planning.picture_workers import PreparedItem
from annotation_ui.planning.sampling import Entry, in_random_order
from annotation_ui.store.items import Example
from generators.taxonomy import TYPES

GOOD = "the picture shows what the label says"
BAD = {
    WRONG: "the picture and the label do not agree: {}",
    SWAPPED: "the pair is swapped: {}",
}


def choose_examples(
    rows: Sequence[Entry], planned: Sequence[PlannedItem], key: str
) -> list[PlannedItem]:
    """Of each type a sample as it is, and another one with a fault; none that is in the plan.

    Where all is in the plan there is no example: one would tell what to say of an item.
    """
    taken = {item.entry.id for item in planned}
    types = {item.entry.type for item in planned}
    free = [row for row in in_random_order(rows, key, "example") if row.id not in taken]
    chosen = []
    for name in TYPES:
        if name not in types:
            continue
        mine = [row for row in free if row.type == name]
        visible = [row for row in mine if row.visible] or mine
        bad = next(
            (PlannedItem(row, fault) for fault in BAD for row in mine if suits(fault, row)), None
        )
        good = next((row for row in visible if bad is None or row.id != bad.entry.id), None)
        chosen += [PlannedItem(good)] if good else []
        chosen += [bad] if bad else []
    return chosen


def made_examples(
    images: Path, chosen: Sequence[PlannedItem], prepared: Mapping[int, PreparedItem], first: int
) -> list[Example]:
    """The examples of `chosen`, which are `prepared` from place `first` on; a good one that the
    machine flags is left out. Pictures in the folder `images` that none of them shows are removed.
    """
    made = []
    for place, item in enumerate(chosen, first):
        seen = prepared[place]
        flagged = item.fault is None and bool(seen.checked.flags)
        for field, name in seen.names.items():
            if flagged or field not in ("clean_image", "degraded_image"):
                (images / name).unlink()
        if flagged:
            continue
        why = BAD[str(item.fault)].format(seen.expected.detail) if seen.expected else GOOD
        made.append(
            Example(
                type=item.entry.type,
                verdict="reject" if item.fault else "accept",
                why=why,
                shown=seen.shown,
                clean_image=seen.names["clean_image"],
                degraded_image=seen.names["degraded_image"],
            )
        )
    return made
