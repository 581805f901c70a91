"""Haze: I = J·t + A·(1 − t), t = exp(−β·d) (Koschmieder; He, Sun & Tang, TPAMI 2011, eq. 1–2).

Applied to the stored, display-referred image, as the DU-VLM paper does (eq. 3). A is the same in
the three channels, unless a preset draws an offset for each, as JarvisIR does (CVPR 2025,
`degradation_synthesis`).
"""

import math
from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError
from generators.physics import Depth, Image, Map, Values, to_levels
from generators.randomness import five_digits
from generators.taxonomy import Value, scalar

MAX_BETA = 8.0
_LEVELS = 65536  # of depth
_WITHIN_BIN = np.stack([np.ones(32), np.arange(32.0)], axis=1)
# A veil under which nothing of the scene is left in a quarter of the picture.
OPAQUE, MAX_OPAQUE_SHARE = 0.05, 0.25
OFFSETS = ("red_offset", "green_offset", "blue_offset")
"""Nuisance values that a preset may draw: what each channel's A has more than the key says."""


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """Solve β for the drawn mean transmission, and recompute the mean from the rounded β.

    `drawn["transmission"]` is the wanted mean over the image; where it is missing, β itself was
    drawn. `depth` is the stored 16-bit map.

    Raises:
        InputError: the wanted mean is not inside (0, 1), or β not above 0.
    """
    assert depth is not None, "haze needs a depth map"
    counts = np.bincount(depth.ravel(), minlength=_LEVELS)
    if "transmission" in drawn:
        wanted = scalar(drawn, "transmission")
        if not 0 < wanted < 1:
            raise InputError(f"transmission={wanted:g} must lie between 0 and 1, both excluded")
        beta = five_digits(_solve(wanted, counts))
    else:
        beta = scalar(drawn, "beta")
        if beta <= 0:
            raise InputError(f"beta={beta:g} must lie above 0")
    t = _transmissions(beta)
    opaque = counts[np.count_nonzero(t >= OPAQUE) :].sum() / depth.size  # t falls with depth
    return {
        **drawn,
        "transmission": five_digits(float((counts * t).sum()) / depth.size),
        "beta": beta,
        "opaque_share": five_digits(float(opaque)),
    }


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """Haze (H, W, 3) uint8 at `beta` and `atmospheric_light` with `depth` (H, W) uint16."""
    assert depth is not None, "haze needs a depth map"
    beta, light = scalar(values, "beta"), scalar(values, "atmospheric_light")
    t = transmission_map(depth, beta)
    offsets = [scalar(values, name) for name in OFFSETS if name in values]
    veil = np.array([(light + offset) * 255 for offset in offsets or [0.0]], np.float32)
    # One operation at a time: a fused one would round otherwise on some CPUs.
    levels = image.astype(np.float32)
    levels -= veil
    levels *= cv2.merge((t, t, t))
    levels += veil
    return to_levels(levels)


def plausible(values: Mapping[str, Value]) -> bool:
    """Whether the fog is thin enough to be a photograph of something."""
    beta, opaque = scalar(values, "beta"), scalar(values, "opaque_share")
    return beta <= MAX_BETA and opaque <= MAX_OPAQUE_SHARE


def suits(values: Mapping[str, Value], depth: Depth) -> bool:
    """Whether the fog that `derive` would find for the drawn values is plausible."""
    d = np.sort(depth, axis=None) / 65535
    # The most β under which the part that may be opaque is.
    most = min(MAX_BETA, -math.log(OPAQUE) / float(d[-1 - int(MAX_OPAQUE_SHARE * d.size)]))
    if "transmission" not in values:
        return scalar(values, "beta") <= most
    return float(np.exp(-most * d).mean()) <= scalar(values, "transmission")  # it falls in β


def maps(values: Mapping[str, Value], depth: Depth | None) -> dict[str, Map]:
    """The transmission at every pixel."""
    assert depth is not None, "haze needs a depth map"
    return {"transmission": transmission_map(depth, scalar(values, "beta"))}


def transmission_map(depth: Depth, beta: float) -> Map:
    """t = exp(−β·d), (H, W), in (0, 1], with d = depth/65535."""
    # Rounded from float64's last bits to float32, it is the same on every CPU.
    return _transmissions(beta).astype(np.float32).take(depth)


@lru_cache(maxsize=1)  # the same is asked for when values are derived and when they are applied
def _transmissions(beta: float) -> NDArray[np.float64]:
    """exp(−β·d) of every 16-bit depth, (65536,): products of two of 256 exponentials."""
    high = np.exp(np.arange(256) * (-256 * beta / 65535))
    low = np.exp(np.arange(256) * (-beta / 65535))
    t = np.multiply.outer(high, low).reshape(-1)
    t.setflags(write=False)
    return t


def solve_beta(wanted: float, depth: Depth) -> float:
    """The β ≥ 0 at which exp(−β·d) has the mean `wanted` ∈ (0, 1).

    Newton's method on the log of the mean, which is convex and falls in β: from the left it
    never overshoots.
    """
    return _solve(wanted, np.bincount(depth.ravel(), minlength=_LEVELS))


def _solve(wanted: float, counts: NDArray[np.int64]) -> float:
    """`solve_beta` for so many pixels of each 16-bit depth, (65536,)."""
    # Two thousand bins, each at its own mean depth, give the mean to 1e-8 at a tenth of the cost.
    # Sums of whole numbers: exact, in whatever order.
    count, offset = (counts.reshape(-1, 32).astype(np.float64) @ _WITHIN_BIN).T
    (used,) = np.nonzero(count)
    count = count[used]
    d, weight = (32 * used + offset[used] / count) / 65535, count / count.sum()
    goal = math.log(wanted)
    beta = -goal / float((weight * d).sum())  # on the left: by Jensen, of one depth throughout
    for _ in range(100):
        terms = weight * np.exp(-beta * d)
        mean = float(terms.sum())
        step = mean * (math.log(mean) - goal) / float((terms * d).sum())
        beta += step
        if abs(step) < 1e-7 * max(beta, 1.0):  # the error is about its square
            break
    return beta
