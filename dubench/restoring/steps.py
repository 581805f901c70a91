"""The estimates on a sampler's way, as a strip of pictures beside what was restored."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from dubench.ddnm.degraded import Image
from dubench.ddnm.inverse.observation import Array
from dubench.ddnm.methods import levels
from generators.files import write_whole
from generators.images import encode_rgb

FOLDER = "steps"
_MOST, _SIDE, _GAP, _TEXT = 6, 256, 4, 22  # estimates shown; the longest side; pixels


class Steps:
    """Collects what a method with a prior estimates of one picture after the other.

    Of a picture in tiles it keeps the first, of several samples the first.
    """

    def __init__(self) -> None:
        self._estimates: dict[float, Image] = {}
        self._shape: tuple[int, ...] | None = None

    def add(self, sigma: float, estimate: Array) -> None:
        """An `OnEstimate`."""
        self._shape = self._shape or tuple(estimate.shape)
        if sigma not in self._estimates and tuple(estimate.shape) == self._shape:
            picture = estimate[0]
            planes = picture if isinstance(picture, np.ndarray) else picture.cpu().numpy()
            self._estimates[sigma] = levels(planes)

    def write(self, degraded: Image, restored: Image | None, path: Path) -> None:
        """Write the strip of the picture that was just worked on to `path`, and forget it.

        Nothing is written where it was not restored, or the method took no steps.
        """
        estimates, self._estimates, self._shape = self._estimates, {}, None
        if restored is None or not estimates:
            return
        height, width = next(iter(estimates.values())).shape[:2]
        steps = list(estimates.items())
        chosen = np.unique(np.linspace(0, len(steps) - 1, _MOST).round().astype(int))
        shown = [("degraded", degraded[:height, :width])]
        shown += [(f"noise {255 * steps[at][0]:.3g}", steps[at][1]) for at in chosen]
        shown += [("restored", restored[:height, :width])]
        path.parent.mkdir(exist_ok=True)
        write_whole(path, encode_rgb(_row(shown)))


def _row(shown: list[tuple[str, Image]]) -> Image:
    small = [(name, _fit(picture)) for name, picture in shown]
    height, width = small[0][1].shape[:2]
    canvas = np.full((height + _TEXT, len(small) * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for place, (_, picture) in enumerate(small):
        left = place * (width + _GAP)
        canvas[_TEXT:, left : left + width] = picture
    image = PillowImage.fromarray(canvas)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for place, (name, _) in enumerate(small):
        draw.text((place * (width + _GAP) + 2, 2), name, fill="black", font=font)
    return np.asarray(image)


def _fit(picture: Image) -> Image:
    factor = _SIDE / max(picture.shape[:2])
    if factor >= 1:
        return picture
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
