"""Items whose answer is known: gold, which ought to be rejected, and repeats of earlier items.

Gold tells how attentive a reviewer is, repeats how steady. Neither may look planted: a gold item
carries what the machine checks say of the sound sample behind it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from annotation_ui.planning.haze import impossible_haze, may_be_impossible, most_impossible
from annotation_ui.planning.rows import StreamKey
from annotation_ui.planning.sampling import Entry, in_random_order, random_key
from annotation_ui.planning.wrong_values import wrong_value
from generators.sample import Sample
from generators.sources.splits import largest_remainder
from generators.taxonomy import Degradation, scalar

GOLD_SHARE, REPEAT_SHARE = 0.04, 0.03
"""Of the samples; of all items, gold is then 3.7 %."""

LEAST_GOLD, WORTH_GOLD = 3, 30
"""One gold item of each fault, once there are so many samples that three more are no burden."""

APART = 50
"""So many samples at least lie between an item and its repeat (or a quarter of them all): enough
to forget it."""

WRONG, SWAPPED, IMPOSSIBLE = "wrong parameter", "swapped pair", "impossible haze"
_CANDIDATES = 8


@dataclass(frozen=True)
class PlannedItem:
    """One item of the plan, before it has pictures.

    Attributes:
        entry: the row it shows.
        fault: what is wrong with it, for gold.
        repeat: whether it is shown for the second time.
    """

    entry: Entry
    fault: str | None = None
    repeat: bool = False


def choose_gold(rows: Sequence[Entry], planned: Collection[str], key: str) -> list[PlannedItem]:
    """Gold items for a plan of the ids `planned`: as many of each fault, over all types alike.

    Each is one sample with a fault, a sample that is not in the plan while there are any. A fault
    that no sample of the dataset can have is left out.

    Args:
        key: secret; without it nobody can tell beforehand what is planted.
    """
    count = round(GOLD_SHARE * len(planned))
    if len(planned) >= WORTH_GOLD:
        count = max(count, LEAST_GOLD)
    # A stable sort: unplanned ones first, each half in random order.
    free = sorted(in_random_order(rows, key, "gold"), key=lambda row: row.id in planned)
    faults = [fault for fault, suits in _DONORS.items() if any(map(suits, free))]
    gold: list[PlannedItem] = []
    for fault, wanted in zip(faults, largest_remainder(count, [1] * len(faults)), strict=True):
        taken = {item.entry.id for item in gold}
        donors = _by_turns([row for row in free if _DONORS[fault](row) and row.id not in taken])
        if fault == IMPOSSIBLE:
            fresh = [row for row in donors if row.id not in planned]
            pool = fresh if len(fresh) >= wanted else donors
            donors = most_impossible(pool[: wanted * _CANDIDATES], wanted)
        gold += [PlannedItem(row, fault) for row in donors[:wanted]]
    return sorted(gold, key=lambda item: random_key(key, "gold order", item.entry.id))


def order_items(
    samples: Sequence[Entry], gold: Sequence[PlannedItem], key: str
) -> list[PlannedItem]:
    """All items in the order of being shown: `samples` as they come, gold and repeats between.

    Gold is spread evenly, give or take; a repeat comes at any time after `APART`.
    """
    n = len(samples)
    places = [(float(place), PlannedItem(row)) for place, row in enumerate(samples)]
    for turn, item in enumerate(gold):
        where = (turn + random_key(key, "gold place", item.entry.id)) / len(gold)
        places.append((where * n - 0.5, item))
    gap = min(APART, n // 4)
    again = in_random_order(samples[: n - gap], key, "repeat")[: round(REPEAT_SHARE * n)]
    place_of = {row.id: place for place, row in enumerate(samples)}
    for row in again:
        earliest = place_of[row.id] + gap
        where = earliest + random_key(key, "repeat place", row.id) * (n - earliest)
        places.append((where, PlannedItem(row, repeat=True)))
    return [item for _, item in sorted(places, key=lambda pair: pair[0])]


def plant_fault(sample: Sample, fault: str, key: StreamKey) -> tuple[Sample, str]:
    """`sample` with the fault, and what exactly is wrong with it.

    A wrong parameter leaves the images as they are, a swapped pair the parameters. An impossible
    haze is rendered anew.
    """
    if fault == WRONG:
        return _with_wrong_value(sample)
    if fault == SWAPPED:
        swapped = replace(sample, clean=sample.degraded, degraded=sample.clean)
        return swapped, "the degraded image is shown as clean, the clean one as degraded"
    return impossible_haze(sample, key)


def _with_wrong_value(sample: Sample) -> tuple[Sample, str]:
    only = sample.degradation
    wrong = wrong_value(only.type, only.parameters)
    assert wrong is not None
    name, value = wrong
    shown = Degradation(only.type, {**only.values, name: value})
    right = scalar(only.values, name)
    return replace(sample, degradations=(shown,)), f"{name} is {right:g}, shown as {value:g}"


# What each fault can be planted in.
_DONORS: dict[str, Callable[[Entry], bool]] = {
    WRONG: lambda row: wrong_value(row.type, row.parameters) is not None,
    SWAPPED: lambda row: row.visible,
    IMPOSSIBLE: may_be_impossible,
}


def suits(fault: str, row: Entry) -> bool:
    """Whether the fault can be planted in this row."""
    return _DONORS[fault](row)


def _by_turns(rows: Sequence[Entry]) -> list[Entry]:
    """`rows` in their order, but one of each type in turn."""
    by_type: dict[str, list[Entry]] = {}
    for row in rows:
        by_type.setdefault(row.type, []).append(row)
    return [row for turn in zip_longest(*by_type.values()) for row in turn if row]
