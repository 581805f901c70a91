"""Several degradations on one image, in the order in which light meets them: `taxonomy.STAGES`.

Low light (radiance) → rain, snow → haze → optics (blur) → sampling (low resolution). Each model
takes and gives 8-bit levels, so that one degradation alone is exactly its own model.
"""

from collections.abc import Sequence

import numpy as np

from generators.physics import Depth, Image, model_of
from generators.taxonomy import TYPES, Degradation, in_order


def derive(drawn: Sequence[Degradation], depth: Depth | None) -> tuple[Degradation, ...]:
    """Each degradation with all its values, from the drawn ones, in the physics' order.

    Args:
        drawn: of different types.
        depth: (H, W) uint16, for types that need it.

    Raises:
        InputError: a value that its model refuses.
    """
    by_type = {one.type: one.values for one in drawn}
    return tuple(
        Degradation(name, model_of(name).derive(by_type[name], depth)) for name in in_order(by_type)
    )


def apply(
    image: Image,
    degradations: Sequence[Degradation],
    depth: Depth | None,
    rng: np.random.Generator | None,
) -> Image:
    """The degraded image of (H, W, 3) uint8 at exactly the values given, one after another.

    Args:
        degradations: in the physics' order, as `derive` gives them.
        depth: (H, W) uint16, for types that need it.
        rng: for types that add noise, which draw from it in their order.
    """
    for one in degradations:
        image = model_of(one.type).apply(image, one.values, depth, rng)
    return image


def suits(drawn: Sequence[Degradation], depth: Depth) -> bool:
    """Whether `derive` would give values, of the types that need a depth, that are plausible."""
    return all(
        model_of(one.type).suits(one.values, depth) for one in drawn if TYPES[one.type].needs_depth
    )


def plausible(degradations: Sequence[Degradation]) -> bool:
    """Whether a sampler should keep all of these values."""
    return all(model_of(one.type).plausible(one.values) for one in degradations)
