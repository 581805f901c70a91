"""Clean crops for the training stream, batch by batch: from files, or from the device's memory.

Which photographs a batch shows, and which part of each, follows from (seed, step) alone.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.batched.render import upload
from generators.crops import WIDEST, Clean, open_photograph
from generators.depth import procedural as depth
from generators.errors import InputError
from generators.physics import Depth, Image
from generators.randomness import Purpose, stream
from generators.sources import photographs
from generators.sources.photographs import UnreadableError
from generators.sources.pools import MAX_UPSCALING, Photograph
from generators.sources.refusal import is_flat

APART = 2**64 - 1
"""The `attempt` of every random stream here: no sample of a dataset gets that far."""
PHOTOGRAPHS, CROPS = 40, 8  # tried for one sample, before giving up
# Batches being decoded while one is used. On the CPU the two take turns: torch's threads and
# these together would be more than there are cores, and torch's wait for their slowest.
AHEAD = {"cpu": 0, "cuda": 2}
SITES = 4  # to the side of a crop; flatness is judged at these
_FULL = 2**15 - 1

Hazy = Callable[[int], Sequence[int]]
"""Which samples of batch `step` need depth, in order."""


@dataclass(frozen=True)
class Asked:
    """What crops are asked for.

    Attributes:
        paths: the photographs.
        size: side of a crop in pixels.
        batch_size: crops of a batch.
        seed: of the order of the photographs and of every crop.
        hazy: which crops need depth.
        device: where they are needed.
    """

    paths: Sequence[Path]
    size: int
    batch_size: int
    seed: int
    hazy: Hazy
    device: torch.device

    def turn(self, number: int, photographs: int) -> int:
        """Which of so many photographs sample `number` of the stream shows.

        Each once, in random order, and again without end.
        """
        turn, place = divmod(number, photographs)
        return int(_order(self.seed, turn, photographs)[place])


class Crops(Protocol):
    """Where the crops of a batch come from."""

    def crops(self, step: int) -> tuple[Tensor, Tensor]:
        """The crops of batch `step`, on the device.

        Returns:
            (B, 3, S, S) uint8 RGB, and (n, S, S) float32 depth in [0, 1], larger is farther, of
            those that need it.

        Raises:
            InputError: hardly a photograph can be used.
        """


class Decoded:
    """Crops out of files that threads read and decode, on a GPU some batches ahead."""

    def __init__(self, asked: Asked, workers: int) -> None:
        """`workers` threads; OpenCV lets them run at the same time."""
        self._asked = asked
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="dubench-decode")
        self._begun: dict[int, list[Future[tuple[Image, Depth | None]]]] = {}

    def crops(self, step: int) -> tuple[Tensor, Tensor]:
        """See `Crops`."""
        for ahead in range(step, step + 1 + AHEAD[self._asked.device.type]):
            if ahead not in self._begun:
                self._begun[ahead] = list(self._begin(ahead))
        made = [future.result() for future in self._begun.pop(step)]
        images = np.stack([image for image, _ in made])
        depths = [depth.load(stored) for _, stored in made if stored is not None]
        far = np.stack(depths) if depths else np.zeros((0, *images.shape[1:3]), np.float32)
        device = self._asked.device
        return upload(images, device).permute(0, 3, 1, 2), upload(far, device)

    def _begin(self, step: int) -> Iterator[Future[tuple[Image, Depth | None]]]:
        hazy, first = set(self._asked.hazy(step)), step * self._asked.batch_size
        for place in range(self._asked.batch_size):
            yield self._pool.submit(self._crop, first + place, place in hazy)

    def _crop(self, number: int, with_depth: bool) -> tuple[Image, Depth | None]:
        paths, size = self._asked.paths, self._asked.size
        rng = stream(self._asked.seed, number, APART, Purpose.SOURCE)
        path = paths[self._asked.turn(number, len(paths))]
        for _ in range(PHOTOGRAPHS):
            clean = _open(path, size)
            for _ in range(CROPS if clean else 0):
                assert clean is not None
                box = clean.box(rng, size)
                crop = clean.cut(box, size)
                if not is_flat(crop):
                    return crop, clean.cut_depth(box, crop) if with_depth else None
            path = paths[int(rng.random() * len(paths))]
        raise InputError(
            f"{PHOTOGRAPHS} photographs in a row gave no crop of {size} pixels with detail, one of "
            f"them {path}; give photographs that are larger or less flat"
        )


class Held:
    """Crops out of photographs that lie decoded in the device's memory, with their depth.

    They lie there at 1, ½, ⅓ and ¼ of their size, as far as a crop fits: about 7 bytes a pixel.
    Depth is snapped to the edges of the whole photograph, not of each crop.
    """

    def __init__(self, asked: Asked, workers: int) -> None:
        """Decode all photographs, with `workers` threads.

        Raises:
            InputError: none can be used, or they do not fit the device's memory.
        """
        self._asked = asked
        with ThreadPoolExecutor(workers) as pool:
            opened = pool.map(lambda path: list(_levels(path, asked)), asked.paths)
            try:
                self._held = [levels for levels in opened if levels]
            except torch.OutOfMemoryError:
                raise InputError(
                    f"{len(asked.paths)} photographs do not fit the memory of {asked.device}; "
                    "give fewer, or cached=False"
                ) from None
        if not self._held:
            raise InputError(
                f"none of {len(asked.paths)} photographs has a crop of {asked.size} pixels with "
                "detail; give photographs that are larger or less flat"
            )

    def crops(self, step: int) -> tuple[Tensor, Tensor]:
        """See `Crops`."""
        size, batch_size = self._asked.size, self._asked.batch_size
        rng = stream(self._asked.seed, step, APART, Purpose.SOURCE)
        images, depths = [], []
        for place, lots in enumerate(rng.random((batch_size, 4))):
            levels = self._held[self._asked.turn(step * batch_size + place, len(self._held))]
            level = levels[int(lots[0] * len(levels))]
            site = level.sites[int(lots[1] * len(level.sites))]
            y, x = (
                min(corner + int(lot * size / SITES), edge - size)
                for corner, lot, edge in zip(site, lots[2:], level.depth.shape, strict=True)
            )
            images.append(level.pixels[:, y : y + size, x : x + size])
            depths.append(level.depth[y : y + size, x : x + size])
        far = [depths[place] for place in self._asked.hazy(step)]
        return torch.stack(images), _normalised(torch.stack(far) if far else depths[0][None][:0])


@dataclass(frozen=True)
class _Level:
    """A photograph at one size, on the device.

    Attributes:
        pixels: (3, H, W) uint8.
        depth: (H, W) int16, in any unit.
        sites: top and left of crops that are not flat.
    """

    pixels: Tensor
    depth: Tensor
    sites: list[tuple[int, int]]


def _levels(path: Path, asked: Asked) -> Iterator[_Level]:
    """The photograph at every size that has a crop with detail; none where it cannot be used."""
    clean, size = _open(path, asked.size), asked.size
    if clean is None:
        return
    height, width = (edge // clean.reduction for edge in clean.shape)
    for block in range(1, max(1, min(WIDEST, min(height, width) // size)) + 1):
        pixels = _reduced(clean.pixels[:height, :width], block, size)
        sites = [
            (y, x)
            for y in range(0, pixels.shape[0] - size + 1, max(1, size // SITES))
            for x in range(0, pixels.shape[1] - size + 1, max(1, size // SITES))
            if not is_flat(pixels[y : y + size, x : x + size])
        ]
        if sites:
            across, down = (edge // block * block * clean.reduction for edge in (width, height))
            box = (0, 0, across, down)
            far = depth.fit(clean.coarse_depth, box, clean.shape, pixels, snap=True)
            scaled = np.zeros_like(far)
            cv2.normalize(far, scaled, 0, _FULL, cv2.NORM_MINMAX)
            yield _Level(
                torch.from_numpy(pixels).to(asked.device).permute(2, 0, 1).contiguous(),
                torch.from_numpy(scaled.astype(np.int16)).to(asked.device),
                sites,
            )


def _reduced(pixels: Image, block: int, size: int) -> Image:
    """(H, W, 3) by whole blocks of pixels; where a crop does not fit, enlarged until it does."""
    height, width = pixels.shape[:2]
    if min(height, width) < size:
        to = (size * width // min(height, width), size * height // min(height, width))
        return np.asarray(cv2.resize(pixels, to, interpolation=cv2.INTER_CUBIC))
    whole = pixels[: height // block * block, : width // block * block]
    to = (width // block, height // block)
    return np.asarray(cv2.resize(whole, to, interpolation=cv2.INTER_AREA))


def _normalised(stored: Tensor) -> Tensor:
    """Depth (n, S, S) by its 1st and 99th percentile, as `depth.store`: float32 in [0, 1]."""
    pixels = stored.flatten(1).float()
    if not len(pixels):
        return stored.float()
    last = pixels.shape[1] - 1
    low, high = (
        pixels.kthvalue(1 + round(share * last), dim=1, keepdim=True).values
        for share in (0.01, 0.99)
    )
    share = ((pixels - low) / (high - low)).clamp(0, 1)
    scaled = depth.NEAREST + (1 - depth.NEAREST) * share
    return torch.where(high > low, scaled, 1).reshape(stored.shape)


def _open(path: Path, size: int) -> Clean | None:
    """The photograph decoded, or None, with a warning, where it cannot be used."""
    found = _look(path)
    if isinstance(found, Photograph):
        if min(found.width, found.height) * MAX_UPSCALING >= size:
            return open_photograph(found, size)
        found = f"{found.width}×{found.height} pixels are too few for crops of {size}"
    warnings.warn(f"{path} is left out: {found}", stacklevel=2)
    return None


@lru_cache(maxsize=2**16)
def _look(path: Path) -> Photograph | str:
    """The photograph, inspected once; or why it cannot be read."""
    try:
        found = photographs.inspect(path)
    except UnreadableError as error:
        return str(error)
    return Photograph(path.name, path, found.sha256, found.width, found.height)


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, photographs: int) -> NDArray[np.int64]:
    return stream(seed, turn, APART, Purpose.SCENE).permutation(photographs)
