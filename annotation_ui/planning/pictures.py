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

from generators.images import encode_rgb
from generators.physics import Depth, Image
from generators.physics.haze import transmission_map
from generators.sample import Sample

_MOST = 400  # that wait to be written: about 60 MB of 256 × 256


def pictures(sample: Sample) -> dict[str, Image]:
    """What there is to look at, (H, W, 3) uint8 RGB, by the item's field that names its file.

    Haze has views of its depth and transmission beside the clean and the degraded image.
    """
    made = {"clean_image": sample.clean, "degraded_image": sample.degraded}
    if sample.depth is not None:
        made["depth_image"] = depth_view(sample.depth)
    beta = sample.values.get("beta")
    if sample.depth is not None and isinstance(beta, float):
        made["transmission_image"] = transmission_view(sample.depth, beta)
    return made


def depth_view(depth: Depth) -> Image:
    """(H, W) uint16 depth in viridis: the nearest dark blue, the farthest bright yellow."""
    return _viridis((depth >> 8).astype(np.uint8))


def transmission_view(depth: Depth, beta: float) -> Image:
    """t = exp(−β·d) in viridis: 0, opaque, dark blue; 1, clear, bright yellow."""
    return _viridis(np.rint(transmission_map(depth, beta) * 255).astype(np.uint8))


class Album:
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
