"""Crops out of photographs that lie decoded in the device's memory, with their depth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generators.batched.stream_crops import APART, CropRequest, open_usable
from generators.crops import MAX_BLOCK
from generators.depth import crop_depth
from generators.errors import InputError
from generators.physics import Image
from generators.randomness import Purpose, stream
from generators.sources.refusal import is_flat

SITES = 4  # to the side of a crop; flatness is judged at these
_FULL = 2**15 - 1


class CachedCrops:
    """Crops of photographs that are decoded once.

    They lie there at 1, ½, ⅓ and ¼ of their size, as far as a crop fits: about 7 bytes a pixel.
    Depth is snapped to the edges of the whole photograph, not of each crop.
    """

    def __init__(self, request: CropRequest, workers: int) -> None:
        """Decode all photographs, with `workers` threads.

        Raises:
            InputError: none can be used, or they do not fit the device's memory.
        """
        self._request = request
        with ThreadPoolExecutor(workers) as pool:
            pyramids = pool.map(lambda path: list(_pyramid(path, request)), request.paths)
            try:
                self._pyramids = [levels for levels in pyramids if levels]
            except torch.OutOfMemoryError:
                raise InputError(
                    f"{len(request.paths)} photographs do not fit the memory of {request.device}; "
                    "give fewer, or cached=False"
                ) from None
        if not self._pyramids:
            raise InputError(
                f"none of {len(request.paths)} photographs has a crop of {request.size} pixels "
                "with detail; give photographs that are larger or less flat"
            )

    def crops(self, step: int) -> tuple[Tensor, Tensor]:
        """See `stream_crops.Crops`."""
        request, size = self._request, self._request.size
        first = step * request.batch_size
        rng = stream(request.seed, step, APART, Purpose.SOURCE)
        images, depths, resizing = [], [], request.resizing(step)
        for row, draws in enumerate(rng.random((request.batch_size, 4))):
            levels = self._pyramids[request.photograph_of(first + row, len(self._pyramids))]
            level = levels[int(draws[0] * len(levels))]
            site = level.sites[int(draws[1] * len(level.sites))]
            side = min(*level.depth.shape, round(size / resizing[row]))
            y, x = (
                min(corner + int(draw * size / SITES), edge - side)
                for corner, draw, edge in zip(site, draws[2:], level.depth.shape, strict=True)
            )
            images.append(_resized(level.pixels[:, y : y + side, x : x + side], size))
            depths.append(_resized(level.depth[None, y : y + side, x : x + side], size)[0])
        needed = [depths[row] for row in request.depth_rows(step)]
        stored = torch.stack(needed) if needed else depths[0][None][:0]
        return torch.stack(images), _normalised(stored)


def _resized(planes: Tensor, size: int) -> Tensor:
    """(C, S, S) whole numbers at `size` × `size`: bicubic, as `operators.bicubic_matrix`."""
    if planes.shape[-1] == size:
        return planes
    finer = functional.interpolate(
        planes[None].float(), (size, size), mode="bicubic", antialias=True
    )
    most = torch.iinfo(planes.dtype).max
    return finer[0].round().clamp(0, most).to(planes.dtype)


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


def _pyramid(path: Path, request: CropRequest) -> Iterator[_Level]:
    """The photograph at every size that has a crop with detail; none where it cannot be used."""
    size = request.size
    clean = open_usable(path, size)
    if clean is None:
        return
    height, width = (edge // clean.reduction for edge in clean.shape)
    for block in range(1, max(1, min(MAX_BLOCK, min(height, width) // size)) + 1):
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
            depth = crop_depth.fit(clean.coarse_depth, box, clean.shape, pixels, snap=True)
            scaled = np.zeros_like(depth)
            cv2.normalize(depth, scaled, 0, _FULL, cv2.NORM_MINMAX)
            yield _Level(
                torch.from_numpy(pixels).to(request.device).permute(2, 0, 1).contiguous(),
                torch.from_numpy(scaled.astype(np.int16)).to(request.device),
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
    """Depth (n, S, S) by its 1st and 99th percentile, as `crop_depth.store`: float32 in [0, 1]."""
    pixels = stored.flatten(1).float()
    if not len(pixels):
        return stored.float()
    last = pixels.shape[1] - 1
    low, high = (
        pixels.kthvalue(1 + round(share * last), dim=1, keepdim=True).values
        for share in (0.01, 0.99)
    )
    share = ((pixels - low) / (high - low)).clamp(0, 1)
    scaled = crop_depth.NEAREST + (1 - crop_depth.NEAREST) * share
    return torch.where(high > low, scaled, 1).reshape(stored.shape)
