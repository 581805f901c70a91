"""Crops out of files that threads read and decode, on a GPU some batches ahead."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from torch import Tensor

from generators.batched.render import upload
from generators.batched.stream_crops import APART, CropRequest, open_usable
from generators.depth import crop_depth
from generators.errors import InputError
from generators.physics import Depth, Image
from generators.randomness import Purpose, stream
from generators.sources.refusal import is_flat

PHOTOGRAPHS, CROPS = 40, 8  # tried for one sample, before giving up
# Batches being decoded while one is used. On the CPU the two take turns: torch's threads and
# these together would be more than there are cores, and torch's wait for their slowest.
AHEAD = {"cpu": 0, "cuda": 2}

Crop = tuple[Image, Depth | None]


class PrefetchedCrops:
    """Crops of photographs that are decoded when their batch comes up."""

    def __init__(self, request: CropRequest, workers: int) -> None:
        """`workers` threads; OpenCV lets them run at the same time."""
        self._request = request
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="dubench-decode")
        self._pending: dict[int, list[Future[Crop]]] = {}

    def crops(self, step: int) -> tuple[Tensor, Tensor]:
        """See `stream_crops.Crops`."""
        device = self._request.device
        for ahead in range(step, step + 1 + AHEAD[device.type]):
            if ahead not in self._pending:
                self._pending[ahead] = list(self._submit(ahead))
        crops = [future.result() for future in self._pending.pop(step)]
        images = np.stack([image for image, _ in crops])
        depths = [crop_depth.load(stored) for _, stored in crops if stored is not None]
        depth = np.stack(depths) if depths else np.zeros((0, *images.shape[1:3]), np.float32)
        return upload(images, device).permute(0, 3, 1, 2), upload(depth, device)

    def _submit(self, step: int) -> Iterator[Future[Crop]]:
        depth_rows = set(self._request.depth_rows(step))
        first = step * self._request.batch_size
        for row, resizing in enumerate(self._request.resizing(step)):
            yield self._pool.submit(self._crop, first + row, row in depth_rows, resizing)

    def _crop(self, number: int, with_depth: bool, resizing: float) -> Crop:
        paths, size = self._request.paths, self._request.size
        rng = stream(self._request.seed, number, APART, Purpose.SOURCE)
        path = paths[self._request.photograph_of(number, len(paths))]
        for _ in range(PHOTOGRAPHS):
            clean = open_usable(path, size)
            for _ in range(CROPS if clean else 0):
                assert clean is not None
                box = clean.box(rng, size, resizing)
                crop = clean.cut(box, size)
                if not is_flat(crop):
                    return crop, clean.cut_depth(box, crop) if with_depth else None
            path = paths[int(rng.random() * len(paths))]
        raise InputError(
            f"{PHOTOGRAPHS} photographs in a row gave no crop of {size} pixels with detail, one of "
            f"them {path}; give photographs that are larger or less flat"
        )
