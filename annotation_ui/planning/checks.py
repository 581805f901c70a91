"""What a machine can say of a sample before anybody looks: so eyes go where they are needed.

`inconsistent`: the parameters that a reviewer is shown do not make the image that is stored.
`implausible`: haze too dense for what the photograph shows.
"""

import math
import re
from dataclasses import dataclass, replace

import numpy as np

from annotation_ui.planning.samples import Row, StreamKey
from annotation_ui.store.items import Flag
from generators.build.verify import TOLERANCE
from generators.build.verify import residual as audited
from generators.physics import compose
from generators.physics.haze import transmission_map
from generators.sample import Sample
from generators.taxonomy import TYPES, scalar

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

_SAME = 1e-3  # relative: derived values are recorded to five digits, and follow from as many


@dataclass(frozen=True)
class Checked:
    """What the machine says of a sample.

    Attributes:
        pixel_residual: largest difference in levels between the stored image and the one that the
            shown parameters make; one level is another processor's rounding.
        flags: for the reviewer.
    """

    pixel_residual: int
    flags: tuple[Flag, ...]


def check(sample: Sample, key: StreamKey, row: Row) -> Checked:
    """Check one sample and the row it came from."""
    levels = pixel_residual(sample, key)
    flags = []
    if levels > TOLERANCE:
        text = (
            f"Rendered again from the parameters shown, pixels differ by up to {levels} of 255 "
            "levels."
        )
        flags.append(Flag("inconsistent", text))
    if reason := implausible(sample, row):
        flags.append(Flag("implausible", reason))
    return Checked(levels, tuple(flags))


def pixel_residual(sample: Sample, key: StreamKey) -> int:
    """How far, in levels, `sample.degraded` is from what its parameters make of `sample.clean`.

    Rendering follows derived values (haze: β). Where the parameters lead to others than those
    recorded, it follows the parameters: they are what a reviewer is shown.

    Raises:
        InputError: a parameter is out of its range.
    """
    derived = compose.derive(sample.degradations, sample.depth)
    for recorded, follows in zip(sample.degradations, derived, strict=True):
        for name in TYPES[recorded.type].derived:
            ours, theirs = scalar(follows.values, name), scalar(recorded.values, name)
            if not math.isclose(ours, theirs, rel_tol=_SAME):
                return audited(replace(sample, degradations=derived), key)
    return audited(sample, key)


def implausible(sample: Sample, row: Row) -> str | None:
    """Why haze this dense cannot lie in this photograph, as a sentence; None if it can.

    Judged by the kind of photograph, and by how the haze lies over its depth.
    """
    source, depth = row["source"], sample.depth
    if depth is None or "beta" not in sample.values or source in ABSTRACT:
        return None
    mean, beta = scalar(sample.values, "transmission"), scalar(sample.values, "beta")
    if mean >= DENSE:
        return None
    dense = f"Dense haze (mean transmission {mean:.2f})"
    if source in CLOSE_UPS:
        return f"{dense} over a portrait from {source}, taken at close range."
    if words := NEAR_WORDS & set(re.findall(r"[a-z]+", row["source_id"].lower())):
        return f"{dense}, though the photograph's name says “{min(words)}”: close, or indoors."
    if row["depth_source"] == GUESSED:
        if source in ROADS or beta <= GUESSED_BETA:
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
