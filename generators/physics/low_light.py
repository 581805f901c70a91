"""Low light: a camera pipeline run backwards, darkened, and run forwards.

After MAET (Cui et al., ICCV 2021, section 3.2) and "Unprocessing Images for Learned Raw
Denoising" (Brooks et al., CVPR 2019). With gain 1 and no noise it is the identity. Without noise
the colour matrix and the white balance cancel and only gain^(1/γ) shows in the picture.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.physics import Depth, Image, Values, to_levels
from generators.randomness import five_digits, normals
from generators.taxonomy import Value, scalar

EPSILON = 1e-8
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
        np.float64(values[name])  # type: ignore[arg-type]
        for name in ("gamma", "gain", "red_gain", "blue_gain", "shot_noise", "read_noise")
    )
    to_camera = camera_matrix(values["camera_intrinsics"])
    balance = np.diag([red, 1.0, blue])
    # 8-bit input: the curve is a table of 256 entries.
    curve = np.maximum(inverse_smoothstep(np.arange(256) / 255), EPSILON) ** gamma
    linear = cv2.LUT(image, curve.astype(np.float32))
    signal = _transform(linear, gain * np.linalg.inv(balance) @ to_camera)
    deviation = np.sqrt(np.maximum(signal, 0) * np.float32(shot) + np.float32(read))
    deviation *= noise
    signal += deviation
    developed = _transform(signal, np.linalg.inv(to_camera) @ balance)
    np.clip(developed, np.float32(EPSILON), 1, out=developed)
    u = np.asarray(cv2.pow(developed, 1 / gamma))
    return to_levels(u * u * (np.float32(3 * 255) - np.float32(2 * 255) * u))


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
    """RGB→camera (3, 3) from the XYZ→camera entries, rows normalised to sum 1."""
    matrix = np.asarray(intrinsics, dtype=np.float64).reshape(3, 3) @ RGB_TO_XYZ
    return matrix / matrix.sum(axis=1, keepdims=True)


def _transform(image: NDArray, matrix: NDArray) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(image, matrix.astype(np.float32)))
