"""What happens to any image after its degradations: a little noise, then JPEG.

A model trained on lossless pictures alone takes compression for a degradation; see the preset
`du110k-wild`.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from generators.physics import Image, to_levels
from generators.presets import Preset
from generators.randomness import Purpose, normals, stream
from generators.taxonomy import Value, scalar

NAMES = ("capture_noise", "jpeg_quality")


def draw_postprocess(preset: Preset, key: tuple[int, int, int]) -> dict[str, Value]:
    """`capture_noise` (standard deviation in levels) and `jpeg_quality`; 0 where there is none.

    Empty for a preset without.

    Args:
        key: (seed, index, attempt) of the sample.
    """
    return preset.draw_postprocess(stream(*key, Purpose.POSTPROCESS))


def postprocess(image: Image, values: Mapping[str, Value], key: tuple[int, int, int]) -> Image:
    """(H, W, 3) uint8 with Gaussian noise, rounded, and then through JPEG (4:2:0).

    Args:
        values: as `draw_postprocess` gives them; the image itself comes back where they are empty.
        key: (seed, index, attempt) of the sample.
    """
    if not values:
        return image
    noise, quality = scalar(values, NAMES[0]), scalar(values, NAMES[1])
    if noise:
        field = normals(stream(*key, Purpose.POSTPROCESS_NOISE), image.shape)
        image = to_levels(image + field * np.float32(noise))
    return through_jpeg(image, round(quality)) if quality else image


def through_jpeg(image: Image, quality: int) -> Image:
    """(H, W, 3) uint8 RGB encoded at `quality` (1 … 100) and decoded again."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
