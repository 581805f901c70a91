"""Clean crops: a photograph or scene in memory, and a square of it at the dataset's size."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.depth import crop_depth, procedural
from generators.depth.prepared import load_prepared
from generators.errors import InputError, UnreadableError
from generators.operators import bicubic_matrix, bicubic_reduction_matrix
from generators.physics import Depth
from generators.randomness import Purpose, stream
from generators.resampling import bands, resample
from generators.sources import dead_leaves, photographs
from generators.sources.pools import Photograph
from generators.sources.splits import SPLITS

Box = tuple[int, int, int, int]

# A crop's pixel averages a block of 1, 2, 3 or 4 decoded pixels a side: whole blocks need no
# interpolation. Photographs with room for wider blocks are reduced on decoding.
MAX_BLOCK = 4
# Scenes have hard edges, which blocks of at least two smooth. A scene's side is in crops.
SCENE_SIDE, SCENE_MIN_BLOCK = 2.5, 2
ROUGH = 32
"""Side of the depth by which a fog is judged before a crop's depth is fitted."""


@dataclass
class Clean:
    """A photograph or scene, decoded.

    Attributes:
        source_id, sha256: as in the row.
        pixels: (h, w, 3) uint8 RGB, the photograph at 1/`reduction`.
        shape: (H, W) of the photograph itself, pixels.
        reduction: the factor by which decoding reduced it.
        min_block: the smallest block of decoded pixels allowed, a side.
        depth_source: where the depth comes from, as in the row.
        known_depth: (h, w) float32 where the depth is known.
        depth_hash, group: as in the row.
    """

    source_id: str
    sha256: str
    pixels: NDArray[np.uint8]
    shape: tuple[int, int]
    reduction: int
    min_block: int
    depth_source: str
    known_depth: NDArray[np.float32] | None = field(default=None, repr=False)
    depth_hash: str = ""
    group: str = ""

    @property
    def nbytes(self) -> int:
        """Of its pixels and known depth."""
        return self.pixels.nbytes + (0 if self.known_depth is None else self.known_depth.nbytes)

    @cached_property
    def coarse_depth(self) -> NDArray[np.float32]:
        """Depth of the whole photograph, larger is farther; one layout for all its crops."""
        if self.known_depth is not None:
            return self.known_depth
        rng = stream(int(self.sha256[:16], 16), 0, 0, Purpose.SCENE)
        return procedural.guess(self.pixels, rng)

    def box(self, rng: np.random.Generator, size: int, resizing: float = 1) -> Box:
        """Draw a square (x, y, side, side) in pixels of the photograph.

        Its side is a whole multiple of `size` decoded pixels, each that fits equally likely, or
        the whole short side where the photograph is smaller than `size`. Where `resizing` is not
        1, it is `size` / `resizing` decoded pixels, or the whole short side if that is less.
        """
        step = self.reduction
        height, width = (edge // step for edge in self.shape)
        short = min(height, width)
        side = short
        if resizing != 1:
            side = min(short, round(size * self.min_block / resizing))
        elif max_block := min(MAX_BLOCK, short // size):
            blocks = max_block - self.min_block + 1
            side = size * (self.min_block + int(rng.random() * blocks))
        x, y = (int(rng.random() * (edge - side + 1)) for edge in (width, height))
        return x * step, y * step, side * step, side * step

    def cut(self, box: Box, size: int) -> NDArray[np.uint8]:
        """The square at `size` × `size`: means of whole blocks where they fit, else bicubic."""
        x, y, width, height = (edge // self.reduction for edge in box)
        crop = self.pixels[y : y + height, x : x + width]
        if width == size:
            return np.ascontiguousarray(crop)
        if width % size == 0:
            return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
        matrix_of = bicubic_reduction_matrix if width > size else bicubic_matrix
        other = bands(matrix_of, width, size)
        return resample(crop, other, other)

    def cut_depth(self, box: Box, crop: NDArray[np.uint8]) -> Depth:
        """The crop's depth as it is stored: (S, S) uint16, 0 nearest."""
        # A guess or a scan is soft at edges, which the crop shows; other depth is left alone.
        snap = self.depth_source in ("procedural", "lidar")
        return crop_depth.store(crop_depth.fit(self.coarse_depth, box, self.shape, crop, snap=snap))

    def rough_depth(self, box: Box) -> Depth:
        """What `cut_depth` gives, but for the crop's edges and at `ROUGH` × `ROUGH`."""
        cut = crop_depth.sample(self.coarse_depth, box, self.shape, (ROUGH, ROUGH))
        return crop_depth.store(cut)


def open_photograph(photo: Photograph, size: int) -> Clean:
    """Decode `photo` for crops of `size`.

    Raises:
        UnreadableError, OSError: the file can no longer be read.
        InputError: it is no longer the file that was inspected.
    """
    short = min(photo.width, photo.height)
    reduction = next((r for r in (8, 4, 2) if short >= r * MAX_BLOCK * size), 1)
    pixels, digest = photographs.load(photo.path, reduction)
    if digest != photo.sha256:
        raise InputError(
            f"{photo.path} has changed since the run began; put the old file back, "
            "or start again in another --out"
        )
    shape = (photo.height, photo.width)
    known = _known_depth(photo) if photo.depth_map else None
    return Clean(
        photo.source_id,
        digest,
        pixels,
        shape,
        reduction,
        1,
        photo.depth_source,
        known,
        photo.depth_hash,
        photo.group,
    )


def _known_depth(photo: Photograph) -> NDArray[np.float32]:
    try:
        return load_prepared(Path(photo.depth_map))
    except UnreadableError as error:
        raise UnreadableError(f"its depth map {photo.depth_map}: {error}") from None


def open_scene(seed: int, split: str, number: int, size: int) -> Clean:
    """Draw the `number`-th dead-leaves scene of a split, for crops of `size`."""
    side = math.ceil(SCENE_SIDE * size)
    rng = stream(seed, number, SPLITS.index(split), Purpose.SCENE)
    pixels, exact = dead_leaves.scene(rng, side)
    return Clean(
        f"{split}/{number:06d}",
        hashlib.sha256(pixels.data).hexdigest(),
        pixels,
        (side, side),
        1,
        SCENE_MIN_BLOCK,
        "exact",
        exact,
    )
