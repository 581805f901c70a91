"""The pictures that a reviewer's browser gets: under random names, in random order.

Neither name, date, order nor anything beside the pixels tells which pictures belong together,
which one is degraded, or which item was planted.
"""

import os
import secrets
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from annotation_ui.store.items import IMAGE_FIELDS
from generators.images import encode_rgb
from generators.physics import Depth, Image, maps_of
from generators.sample import Sample
from generators.taxonomy import KEYS, Key

_MOST = 400  # that wait to be written: about 60 MB of 256 × 256


def views_of(sample: Sample) -> dict[str, Image]:
    """What there is to look at, (H, W, 3) uint8 RGB, by the item's field that names its file.

    Beside the clean and the degraded image: the depth, and the maps of keys that are maps, where
    the item has a field for them.
    """
    views = {"clean_image": sample.clean, "degraded_image": sample.degraded}
    if sample.depth is not None:
        views["depth_image"] = depth_view(sample.depth)
    for one in sample.degradations:
        for name, map_ in maps_of(one, sample.depth).items():
            views[f"{name}_image"] = map_view(map_, KEYS[name])
    return {name: view for name, view in views.items() if name in IMAGE_FIELDS}


def depth_view(depth: Depth) -> Image:
    """(H, W) uint16 depth in viridis: the nearest dark blue, the farthest bright yellow."""
    return _viridis((depth >> 8).astype(np.uint8))


def map_view(map_: NDArray[np.float32], key: Key) -> Image:
    """The (H, W) map of a key in viridis: the low end of its range dark blue, the high one yellow.

    So is a transmission of 0, opaque, dark blue and of 1, clear, bright yellow.
    """
    share = (map_ - np.float32(key.low)) / np.float32(key.high - key.low)
    return _viridis(np.rint(share * 255).astype(np.uint8))


class ImageWriter:
    """Writes pictures into a folder, many at a time, in no order that means anything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[tuple[str, bytes]] = []

    def add(self, picture: Image) -> str:
        """Take a picture, to be written by `flush`; returns the name of its file."""
        name = f"{secrets.token_hex(16)}.png"
        if len(self._waiting) == _MOST:
            self.flush()
        self._waiting.append((name, encode_rgb(picture)))
        return name

    def flush(self) -> None:
        """Write what waits."""
        secrets.SystemRandom().shuffle(self._waiting)
        for name, data in self._waiting:
            (self._folder / name).write_bytes(data)
        self._waiting = []


def same_date(folder: Path, when: float) -> None:
    """Give all files of `folder` one date, in seconds since 1970."""
    for path in folder.iterdir():
        os.utime(path, (when, when))


def _viridis(levels: NDArray[np.uint8]) -> Image:
    return np.asarray(
        cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    )
