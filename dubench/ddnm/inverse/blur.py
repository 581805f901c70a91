"""What a blurred picture says: a multiplication by s_i·s_j, which falls to nothing."""

from collections.abc import Mapping
from functools import lru_cache

from dubench.ddnm.inverse.observation import Array, Observation
from dubench.ddnm.inverse.separable import observe as observe_separable
from generators.operators import blur_operator
from generators.taxonomy import Value, scalar

# A new σ costs a decomposition; images of one batch or table often share theirs, and a model's
# answers stand on a grid of 101.
_operator = lru_cache(maxsize=128)(blur_operator)


def observe(image: Array, values: Mapping[str, Value], sigma: float = 0.0) -> Observation:
    """`image` (…, 3, H, W) on [0, 1], blurred by a Gaussian of `values["sigma"]` pixels.

    Args:
        sigma: standard deviation of its noise on [0, 1]; at least that of 8-bit rounding.
    """
    height, width = image.shape[-2:]
    return observe_separable(_operator(height, width, scalar(values, "sigma")), image, sigma)
