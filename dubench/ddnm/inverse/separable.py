"""Operators of one matrix per axis, as the simulator uses them, as observations."""

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.inverse.observation import Array, AxisBasis, Observation
from dubench.ddnm.inverse.rounding import ROUNDING, Rounded
from generators.operators import SeparableOperator

Matrix = NDArray[np.float64]


def observe(operator: SeparableOperator, image: Array, sigma: float) -> Observation:
    """`image` (…, 3, h, w) on [0, 1] as what `operator` made of a picture, with noise `sigma`."""
    (u_h, s_h, v_h), (u_w, s_w, v_w) = operator.decomposition
    seen = AxisBasis(like(u_h.T, image), like(u_w.T, image))
    return Observation(
        AxisBasis(like(v_h, image), like(v_w, image)),
        like(np.outer(s_h, s_w), image),
        seen.coefficients(image),
        max(sigma, ROUNDING),
        # Noise makes that of rounding white.
        Rounded(seen, image) if sigma <= ROUNDING else None,
    )


def like(matrix: Matrix, image: Array) -> Array:
    """`matrix` as an array of the library, type and device of `image`."""
    if isinstance(image, np.ndarray):
        return matrix.astype(image.dtype)
    return image.new_tensor(matrix.copy())  # torch wants to be able to write
