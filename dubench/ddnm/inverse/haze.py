"""What a hazy picture says: every pixel, the fainter the denser the fog before it.

I = J·t + A·(1 − t), so that I − A·(1 − t) = t·J (He, Sun & Tang, TPAMI 2011, eq. 1).
"""

from dubench.ddnm.inverse.observation import Array, AxisBasis, Observation
from dubench.ddnm.inverse.rounding import ROUNDING


def observe(image: Array, light: float, transmission: Array, sigma: float = 0.0) -> Observation:
    """`image` (…, 3, H, W) on [0, 1] behind a veil.

    Args:
        light: the veil's intensity A, on [0, 1].
        transmission: t (…, 1, H, W) in (0, 1].
        sigma: standard deviation of the image's noise on [0, 1]; at least that of 8-bit rounding.
    """
    through = image - light * (1 - transmission)
    return Observation(AxisBasis(), transmission, through, max(sigma, ROUNDING))
