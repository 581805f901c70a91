"""What only haze has in a review: fog too dense for its photograph, and gold of impossible fog."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from annotation_ui.planning.rows import RowSource, StreamKey, read_rows
from annotation_ui.planning.sampling import Entry
from generators.depth.crop_depth import NEAREST
from generators.images import decode_depth
from generators.physics import Depth, compose
from generators.physics.haze import transmission_map
from generators.sample import Sample, render
from generators.taxonomy import HAZE, Degradation, scalar

DENSE = 0.25
"""Mean transmission below which haze is dense: the thickest tenth of `du110k`, with half the light
of the mildest haze that is called moderate. Thinner haze may be smoke or steam, anywhere."""

NEAR_SHARE, NEAR_CLEAR = 0.25, 0.50
"""Where a scene has depth, its nearest quarter is hardly veiled even by dense fog: t at least that
of haze called slight. Where it is veiled, all of the picture lies at about one distance, as in a
close-up or before a wall."""

GUESSED_BETA = 5.0
"""Guessed depth says nothing about the scene. What is left is how much of its range of distances
the haze swallows: visibility ends at 3/β (Koschmieder's law at a contrast of 5 %), here at 60 % of
the way to the farthest thing. Only a wide open scene has room for that."""

CLOSE_UPS = ("celeba",)  # portraits, from an arm's length or two
ROADS = ("bdd100k", "nuscenes")  # streets, where any fog may lie
ABSTRACT = ("dead-leaves",)  # pictures of nothing, where nothing is impossible
GUESSED = "procedural"

NEAR_WORDS = {
    *("indoor", "indoors", "interior", "room", "livingroom", "bedroom", "bathroom", "kitchen"),
    *("office", "classroom", "corridor"),
    *("portrait", "portraits", "face", "faces", "selfie", "macro", "closeup", "closeups"),
}
"""Words in a photograph's name or folder that say that it is a close-up or taken indoors."""

_FULL = 65535


def implausible_haze(sample: Sample, origin: RowSource) -> str | None:
    """Why haze this dense cannot lie in this photograph, as a sentence; None if it can.

    Judged by the kind of photograph, and by how the haze lies over its depth.
    """
    haze = next((one for one in sample.degradations if one.type == HAZE.name), None)
    if haze is None or origin.source in ABSTRACT:
        return None
    assert sample.depth is not None
    return _implausible(haze, sample.depth, origin)


def _implausible(haze: Degradation, depth: Depth, origin: RowSource) -> str | None:
    mean, beta = scalar(haze.values, "transmission"), scalar(haze.values, "beta")
    if mean >= DENSE:
        return None
    dense = f"Dense haze (mean transmission {mean:.2f})"
    if origin.source in CLOSE_UPS:
        return f"{dense} over a portrait from {origin.source}, taken at close range."
    if words := NEAR_WORDS & set(re.findall(r"[a-z]+", origin.source_id.lower())):
        return f"{dense}, though the photograph's name says “{min(words)}”: close, or indoors."
    if origin.depth_source == GUESSED:
        if origin.source in ROADS or beta <= GUESSED_BETA:
            return None
        return (
            f"{dense} that hides all beyond {3 / beta:.0%} of the scene's range: is this a wide "
            "open scene? Its depth is a guess."
        )
    t = np.sort(transmission_map(depth, beta), axis=None)
    near = float(t[-round(t.size * NEAR_SHARE) :].mean())
    if near >= NEAR_CLEAR:
        return None
    return (
        f"{dense} in a scene of little depth: even its nearest quarter lets only {near:.0%} of the "
        "light through. A close-up, or indoors?"
    )


def may_be_impossible(row: Entry) -> bool:
    """Whether this row, with its depth upside down, is one that nobody should accept."""
    return row.type == HAZE.name and row.visible and row.source not in ABSTRACT


def impossible_haze(sample: Sample, key: StreamKey) -> tuple[Sample, str]:
    """`sample` rendered with its depth upside down, so that what is near is veiled most; and that
    in words."""
    assert sample.depth is not None
    depth = upside_down(sample.depth)
    derived = compose.derive(sample.degradations, depth)
    degraded = render(sample.clean, derived, sample.postprocess, depth, key)
    faulty = replace(sample, degraded=degraded, depth=depth, degradations=derived)
    return faulty, "the haze is thickest over what is nearest"


def upside_down(depth: Depth) -> Depth:
    """(H, W) uint16 with near and far exchanged, in the range of stored depth."""
    nearest = round(NEAREST * _FULL)
    return np.clip(_FULL + nearest - depth.astype(np.int32), 0, _FULL).astype(np.uint16)


def most_impossible(rows: Sequence[Entry], count: int) -> list[Entry]:
    """The `count` of haze `rows` whose depth, upside down, looks the most wrong."""
    by_file: dict[Path, dict[int, Entry]] = {}
    for row in rows:
        by_file.setdefault(row.file, {})[row.row] = row
    rises: dict[str, float] = {}
    for file, mine in by_file.items():
        for read in read_rows(file, mine, ["id", "depth"]):
            depth = decode_depth(read["depth"]["bytes"]) if read["depth"] else None
            rises[read["id"]] = 0.0 if depth is None else _rise(depth)
    return sorted(rows, key=lambda row: -rises[row.id])[:count]


def _rise(depth: Depth) -> float:
    """How much farther the upper third is than the lower third, as in most photographs."""
    third = depth.shape[0] // 3
    return float(depth[:third].mean() - depth[-third:].mean()) / _FULL
