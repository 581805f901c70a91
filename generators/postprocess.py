"""What happens to any image after its degradations: a little noise, sharpening, then JPEG.

A model trained on lossless pictures alone takes compression for a degradation; see the preset
`du110k-wild`.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from generators.physics import Image, to_levels
from generators.presets import POSTPROCESS as FIELDS
from generators.presets import RECORDED, SUBSAMPLING, Preset
from generators.randomness import Purpose, normals, stream
from generators.taxonomy import Value, scalar

NAMES = (*(RECORDED.get(name, name) for name in FIELDS), SUBSAMPLING)

_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32)  # a Gaussian of one pixel, times 16
_SAMPLING = {
    420: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    422: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    444: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def draw_postprocess(preset: Preset, key: tuple[int, int, int]) -> dict[str, Value]:
    """`capture_noise` (standard deviation in levels), `jpeg_quality` and, where the preset has
    them, `sharpening` (per cent) and `jpeg_subsampling`; 0 where there is none.

    Empty for a preset without.

    Args:
        key: (seed, index, attempt) of the sample.
    """
    if not preset.postprocess:
        return {}
    return preset.draw_postprocess(stream(*key, Purpose.POSTPROCESS))


def postprocess(image: Image, values: Mapping[str, Value], key: tuple[int, int, int]) -> Image:
    """(H, W, 3) uint8 with Gaussian noise, rounded, sharpened, and then through JPEG.

    Args:
        values: as `draw_postprocess` gives them; the image itself comes back where they are empty.
        key: (seed, index, attempt) of the sample.
    """
    if not values:
        return image
    noise, quality = scalar(values, "capture_noise"), scalar(values, "jpeg_quality")
    if noise:
        field = normals(stream(*key, Purpose.POSTPROCESS_NOISE), image.shape)
        image = to_levels(image + field * np.float32(noise))
    if percent := round(scalar(values, "sharpening") if "sharpening" in values else 0):
        image = sharpen(image, percent)
    return through_jpeg(image, round(quality), subsampling_of(values)) if quality else image


def sharpen(image: Image, percent: int) -> Image:
    """x + percent/100·(x − G·x) of (H, W, 3) uint8, by an unsharp mask G of one pixel.

    G is the binomial of five taps along each axis, reflected without repeating the edge pixel.
    Whole numbers throughout; halves go up.
    """
    # At most 255·16²: float32 holds every sum exactly.
    blurred = cv2.sepFilter2D(
        image, cv2.CV_32F, _BINOMIAL, _BINOMIAL, borderType=cv2.BORDER_REFLECT_101
    )
    levels = image.astype(np.int32)
    steps = levels * 256
    steps -= np.asarray(blurred).astype(np.int32)
    steps *= percent
    steps += levels * 25_600 + 12_800
    return np.clip(steps // 25_600, 0, 255).astype(np.uint8)


def subsampling_of(values: Mapping[str, Value]) -> int:
    """How JPEG's chroma is subsampled: 420 unless the values say so."""
    return round(scalar(values, SUBSAMPLING)) if SUBSAMPLING in values else 420


def through_jpeg(image: Image, quality: int, subsampling: int = 420) -> Image:
    """(H, W, 3) uint8 RGB encoded at `quality` (1 … 100) and decoded again."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    how = [
        cv2.IMWRITE_JPEG_QUALITY, quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING[subsampling],
    ]  # fmt: skip
    data = cv2.imencode(".jpg", bgr, how)[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
