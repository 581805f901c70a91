"""Low light: a camera pipeline run backwards, darkened, and run forwards.

After MAET (Cui et al., ICCV 2021, section 3.2) and "Unprocessing Images for Learned Raw
Denoising" (Brooks et al., CVPR 2019). With gain 1 and no noise it is the identity. Without noise
the colour matrix and the white balance cancel and only gain^(1/γ) shows in the picture.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError
from generators.operators import inverse
from generators.physics import Depth, Image, Values
from generators.randomness import five_digits, normals
from generators.taxonomy import Value, scalar

EPSILON = 1e-8
_SINGULAR = 1e-6  # of what it would be without cancellation, a sum or determinant is 0
# sRGB primaries, D65 white (IEC 61966-2-1).
RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def derive(drawn: Mapping[str, Value], depth: Depth | None) -> Values:
    """The drawn values and `darkening` = gain^(1/γ), the factor that shows in the picture."""
    gain, gamma = scalar(drawn, "gain"), scalar(drawn, "gamma")
    return {**drawn, "darkening": five_digits(gain ** (1 / gamma))}


def apply(
    image: Image,
    values: Mapping[str, Value],
    depth: Depth | None = None,
    rng: np.random.Generator | None = None,
) -> Image:
    """Darken (H, W, 3) uint8 by `gain` in the camera's linear space, with its noise.

    Noise of variance shot·max(signal, 0) + read is drawn from `rng`.
    """
    assert rng is not None, "low light needs a random stream for its noise"
    return render(image, values, normals(rng, image.shape))


def render(image: Image, values: Mapping[str, Value], noise: NDArray[np.float32]) -> Image:
    """As `apply`, with the standard normals (H, W, 3) of its noise given."""
    gamma, gain, red, blue, shot, read = (
        scalar(values, name)
        for name in ("gamma", "gain", "red_gain", "blue_gain", "shot_noise", "read_noise")
    )
    to_camera = camera_matrix(values["camera_intrinsics"])
    balance = np.array([red, 1.0, blue])
    # 8-bit input: the curve is a table of 256 entries.
    curve = np.maximum(inverse_smoothstep(np.arange(256) / 255), EPSILON) ** gamma
    linear = [cv2.LUT(plane, curve.astype(np.float32)) for plane in cv2.split(image)]
    signal = _transform(linear, gain * to_camera / balance[:, None])
    for plane, field in zip(signal, cv2.split(noise), strict=True):
        deviation = np.asarray(cv2.threshold(plane, 0, 0, cv2.THRESH_TOZERO)[1])
        deviation *= np.float32(shot)
        deviation += np.float32(read)
        np.sqrt(deviation, out=deviation)
        deviation *= field
        plane += deviation
    return cv2.merge(_toned(_transform(signal, inverse(to_camera) * balance), gamma))


def plausible(values: Mapping[str, Value]) -> bool:
    """Every exposure is plausible."""
    return True


def smoothstep(u: NDArray) -> NDArray:
    """S(u) = 3u² − 2u³ on [0, 1], the tone curve (Brooks et al., section 3.1)."""
    return u * u * (3 - 2 * u)


def inverse_smoothstep(x: NDArray) -> NDArray:
    """S⁻¹(x) = ½ − sin(asin(1 − 2x)/3) on [0, 1]."""
    return 0.5 - np.sin(np.arcsin(1 - 2 * x) / 3)


def camera_matrix(intrinsics: Value) -> NDArray[np.float64]:
    """RGB→camera (3, 3) from the XYZ→camera entries, rows normalised to sum 1.

    Raises:
        InputError: it is not `invertible`.
    """
    rows = np.asarray(intrinsics, dtype=np.float64).reshape(3, 3, 1)
    matrix = (rows * RGB_TO_XYZ).sum(axis=1)  # as one by one: no BLAS, whose order may vary
    if not invertible(matrix):
        raise InputError(
            "camera_intrinsics: no colour comes back from this matrix: times RGB→XYZ, a row of it "
            "sums to 0 or follows from the others; give a camera's"
        )
    return matrix / matrix.sum(axis=1, keepdims=True)


def invertible(matrix: NDArray[np.float64]) -> bool:
    """Whether the rows of an RGB→camera matrix (3, 3) can be divided by their sums, and it then be
    inverted."""
    sizes = np.abs(matrix).sum(axis=1)
    no_sum = np.abs(matrix.sum(axis=1)) <= _SINGULAR * sizes
    return not no_sum.any() and bool(abs(np.linalg.det(matrix)) > _SINGULAR * sizes.prod())


def _transform(
    planes: Sequence[NDArray[np.float32]], matrix: NDArray[np.float64]
) -> list[NDArray[np.float32]]:
    """The matrix times each pixel, one operation at a time: a fused one would round otherwise."""
    result = []
    for row in matrix.astype(np.float32):
        total = planes[0] * row[0]
        for plane, weight in zip(planes[1:], row[1:], strict=True):
            total += plane * weight
        result.append(total)
    return result


def _toned(planes: Sequence[NDArray[np.float32]], gamma: float) -> list[NDArray[np.uint8]]:
    """255·S(x^(1/γ)), rounded, of values x of any shape, clipped to [ε, 1].

    By a table of the levels at each of 16,384 steps from one power of two to the next: within
    0.003 of a level.
    """
    first, last = _step(np.float32(EPSILON)), _step(np.float32(1))
    # Level k begins where 255·S(x^(1/γ)) reaches k − ½.
    begins = inverse_smoothstep((np.arange(1, 256) - 0.5) / 255) ** gamma
    middles = (begins.astype(np.float32).view(np.uint32) + (1 << _DROPPED >> 1)) >> _DROPPED
    edges = np.clip(middles.astype(np.int64), first, last + 1)
    counts = np.diff(np.concatenate([[first], edges, [last + 1]]))
    levels = np.repeat(np.arange(256, dtype=np.uint8), counts)
    # As whole numbers, floats above 0 keep their order, and all below it are below 0.
    places = (plane.view(np.int32) >> np.int32(_DROPPED) for plane in planes)
    return [levels.take(place - np.int32(first), mode="clip") for place in places]


_DROPPED = 9  # bits of float32's 23 after the point


def _step(value: np.float32) -> int:
    return int(value.view(np.uint32)) >> _DROPPED
