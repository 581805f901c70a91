"""What a machine can say of a sample before anybody looks: so eyes go where they are needed.

`inconsistent`: the parameters that a reviewer is shown do not make the image that is stored.
`implausible`: haze too dense for what the photograph shows.
"""

import math
from dataclasses import dataclass, replace

from annotation_ui.planning.haze import implausible_haze
from annotation_ui.planning.rows import RowSource, StreamKey
from annotation_ui.store.items import Flag
from generators.build.verify_rows import TOLERANCE
from generators.build.verify_rows import pixel_residual as rendered_residual
from generators.physics import compose
from generators.sample import Sample
from generators.taxonomy import TYPES, scalar

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


def check_sample(sample: Sample, key: StreamKey, origin: RowSource) -> Checked:
    """Check one sample.

    Args:
        key: what its noise follows from.
    """
    levels = pixel_residual(sample, key)
    flags = []
    if levels > TOLERANCE:
        text = (
            f"Rendered again from the parameters shown, pixels differ by up to {levels} of 255 "
            "levels."
        )
        flags.append(Flag("inconsistent", text))
    if reason := implausible_haze(sample, origin):
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
                return rendered_residual(replace(sample, degradations=derived), key)
    return rendered_residual(sample, key)
