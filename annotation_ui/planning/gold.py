"""Items whose answer is known: gold, which ought to be rejected, and repeats of earlier items.

Gold tells how attentive a reviewer is, repeats how steady. Neither may look planted: a gold item
carries what the machine checks say of the sound sample that it was made of.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from annotation_ui.planning.checks import ABSTRACT
from annotation_ui.planning.samples import StreamKey, read
from annotation_ui.planning.sampling import Entry, in_random_order, random_key
from generators.depth.procedural import NEAREST
from generators.images import decode_depth
from generators.physics import Depth, compose
from generators.randomness import five_digits
from generators.sample import Sample, render
from generators.sources.splits import largest_remainder
from generators.taxonomy import HAZE, Degradation, Value, scalar

GOLD_SHARE, REPEAT_SHARE = 0.04, 0.03
"""Of the samples; of all items, gold is then 3.7 %."""

LEAST_GOLD, WORTH_GOLD = 3, 30
"""One gold item of each kind, once there are so many samples that three more are no burden."""

APART = 50
"""So many samples at least lie between an item and its repeat (or a quarter of them all): enough
to forget it."""

WRONG, SWAPPED, IMPOSSIBLE = "wrong parameter", "swapped pair", "impossible haze"
_VISIBLE = ("moderate", "severe")
_CANDIDATES = 8
_FULL = 65535


@dataclass(frozen=True)
class Slot:
    """One item of the plan, before it has pictures.

    Attributes:
        entry: the row it shows.
        why: what is wrong with it, for gold.
        repeat: whether it is shown for the second time.
    """

    entry: Entry
    why: str | None = None
    repeat: bool = False


def gold(rows: Sequence[Entry], planned: Collection[str], seed: int) -> list[Slot]:
    """Gold items for a plan of the ids `planned`: as many of each fault, over all types alike.

    Each is made of a sample of its own, one that is not in the plan while there are any. A fault
    that no sample of the dataset can have is left out.
    """
    count = round(GOLD_SHARE * len(planned))
    if len(planned) >= WORTH_GOLD:
        count = max(count, LEAST_GOLD)
    # A stable sort: unplanned ones first, each half in random order.
    free = sorted(in_random_order(rows, seed, "gold"), key=lambda row: row.id in planned)
    kinds = [why for why, suits in _DONORS.items() if any(map(suits, free))]
    made: list[Slot] = []
    for why, wanted in zip(kinds, largest_remainder(count, [1] * len(kinds)), strict=True):
        taken = {slot.entry.id for slot in made}
        donors = _by_turns([row for row in free if _DONORS[why](row) and row.id not in taken])
        if why == IMPOSSIBLE:
            fresh = [row for row in donors if row.id not in planned]
            pool = fresh if len(fresh) >= wanted else donors
            donors = _clearest(pool[: wanted * _CANDIDATES], wanted)
        made += [Slot(row, why) for row in donors[:wanted]]
    return sorted(made, key=lambda slot: random_key(seed, "gold order", slot.entry.id))


def ordered(samples: Sequence[Entry], planted: Sequence[Slot], seed: int) -> list[Slot]:
    """All items in the order of being shown: `samples` as they come, gold and repeats between.

    Gold is spread evenly, give or take; a repeat comes at any time after `APART`.
    """
    n = len(samples)
    places = [(float(place), Slot(row)) for place, row in enumerate(samples)]
    for turn, slot in enumerate(planted):
        where = (turn + random_key(seed, "gold place", slot.entry.id)) / len(planted)
        places.append((where * n - 0.5, slot))
    gap = min(APART, n // 4)
    again = in_random_order(samples[: n - gap], seed, "repeat")[: round(REPEAT_SHARE * n)]
    place_of = {row.id: place for place, row in enumerate(samples)}
    for row in again:
        earliest = place_of[row.id] + gap
        where = earliest + random_key(seed, "repeat place", row.id) * (n - earliest)
        places.append((where, Slot(row, repeat=True)))
    return [slot for _, slot in sorted(places, key=lambda pair: pair[0])]


def planted(sample: Sample, why: str, key: StreamKey) -> tuple[Sample, str]:
    """`sample` with the fault `why`, and what exactly is wrong with it.

    A wrong parameter leaves the images as they are, a swapped pair the parameters. An impossible
    haze is rendered with the depth upside down, so that what is near is veiled most.
    """
    if why == WRONG:
        only = sample.degradation
        found = mistake(only.type, only.parameters)
        assert found
        name, wrong = found
        told = f"{name} is {scalar(only.values, name):g}, shown as {wrong:g}"
        shown = Degradation(only.type, {**only.values, name: wrong})
        return replace(sample, degradations=(shown,)), told
    if why == SWAPPED:
        told = "the degraded image is shown as clean, the clean one as degraded"
        return replace(sample, clean=sample.degraded, degraded=sample.clean), told
    assert sample.depth is not None
    depth = upside_down(sample.depth)
    derived = compose.derive(sample.degradations, depth)
    degraded = render(sample.clean, derived, sample.postprocess, depth, key)
    faulty = replace(sample, degraded=degraded, depth=depth, degradations=derived)
    return faulty, "the haze is thickest over what is nearest"


def mistake(kind: str, parameters: Mapping[str, Value]) -> tuple[str, float] | None:
    """A key of a sample of type `kind` and a value for it that an attentive eye sees is wrong.

    None where the right value leaves no room for one, or the type has no such key.
    """
    if kind not in _MISTAKES:
        return None
    name, wrong = _MISTAKES[kind]
    value = wrong(scalar(parameters, name))
    return None if value is None else (name, five_digits(value))


def upside_down(depth: Depth) -> Depth:
    """(H, W) uint16 with near and far exchanged, in the range of stored depth."""
    nearest = round(NEAREST * _FULL)
    return np.clip(_FULL + nearest - depth.astype(np.int32), 0, _FULL).astype(np.uint16)


# Within the taxonomy's ranges, but for gain, whose range is too narrow for an error that shows.
_MISTAKES: dict[str, tuple[str, Callable[[float], float | None]]] = {
    "haze": ("transmission", lambda t: t + 0.5 if t <= 0.4 else None),
    "low_light": ("gain", lambda gain: 3 * gain),
    "blur": ("sigma", lambda sigma: sigma * 2.5 if sigma <= 3.6 else sigma / 2.5),
    "low_resolution": ("scale", {2.0: 4.0, 4.0: 2.0}.get),
}

# What each fault can be made of.
_DONORS: dict[str, Callable[[Entry], bool]] = {
    WRONG: lambda row: mistake(row.type, row.parameters) is not None,
    SWAPPED: lambda row: row.severity in _VISIBLE,
    IMPOSSIBLE: lambda row: (
        row.type == HAZE.name and row.severity in _VISIBLE and row.source not in ABSTRACT
    ),
}


def _by_turns(rows: Sequence[Entry]) -> list[Entry]:
    """`rows` in their order, but one of each type in turn."""
    by_type: dict[str, list[Entry]] = {}
    for row in rows:
        by_type.setdefault(row.type, []).append(row)
    return [row for turn in zip_longest(*by_type.values()) for row in turn if row]


def _clearest(rows: Sequence[Entry], count: int) -> list[Entry]:
    """The `count` of haze `rows` whose depth, upside down, looks the most wrong."""
    by_file: dict[Path, dict[int, Entry]] = {}
    for row in rows:
        by_file.setdefault(row.file, {})[row.row] = row
    clear: dict[str, float] = {}
    for file, mine in by_file.items():
        for found in read(file, mine, ["id", "depth"]):
            depth = decode_depth(found["depth"]["bytes"]) if found["depth"] else None
            clear[found["id"]] = 0.0 if depth is None else _rise(depth)
    return sorted(rows, key=lambda row: -clear[row.id])[:count]


def _rise(depth: Depth) -> float:
    """How much farther the upper third is than the lower third, as in most photographs."""
    third = depth.shape[0] // 3
    return float(depth[:third].mean() - depth[-third:].mean()) / _FULL
