"""A degraded picture and what is known or believed of its degradation, as an observation."""

from dubench.ddnm.inverse import blur, haze, low_light, low_resolution
from dubench.ddnm.inverse.observation import Array, Observation
from generators.taxonomy import Degradation, scalar


def observe(
    image: Array, degradation: Degradation, transmission: Array | None, sigma: float = 0.0
) -> Observation:
    """What `image` (…, 3, H, W) on [0, 1] says of the clean picture.

    Args:
        transmission: (…, 1, H, W) in (0, 1], for haze.
        sigma: standard deviation of the image's noise on [0, 1]; that of 8-bit rounding at least.
    """
    values = degradation.values
    if degradation.type == "haze":
        assert transmission is not None, "haze needs a transmission map"
        return haze.observe(image, scalar(values, "atmospheric_light"), transmission, sigma)
    by_type = {"blur": blur, "low_resolution": low_resolution, "low_light": low_light}
    return by_type[degradation.type].observe(image, values, sigma)
