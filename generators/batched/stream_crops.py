"""Clean crops for the training stream, batch by batch: what is requested, and from what.

Which photographs a batch shows, and which part of each, follows from (seed, step) alone.
`stream_prefetched` decodes files as they are needed, `stream_cached` once for all.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.crops import Clean, open_photograph
from generators.errors import UnreadableError
from generators.randomness import Purpose, stream
from generators.sources import photographs
from generators.sources.pools import MAX_UPSCALING, Photograph

APART = 2**64 - 1
"""The `attempt` of every random stream here: no sample of a dataset gets that far."""

DepthRows = Callable[[int], Sequence[int]]
"""Which samples of batch `step` need depth, in order."""

Resizing = Callable[[int], Sequence[float]]
"""By how much each sample of batch `step` is resized, as far as its photograph has room; 1: not."""


@dataclass(frozen=True)
class CropRequest:
    """What crops are requested.

    Attributes:
        paths: the photographs.
        size: side of a crop in pixels.
        batch_size: crops of a batch.
        seed: of the order of the photographs and of every crop.
        depth_rows: which crops need depth.
        device: where they are needed.
        resizing: see `Resizing`.
    """

    paths: Sequence[Path]
    size: int
    batch_size: int
    seed: int
    depth_rows: DepthRows
    device: torch.device
    resizing: Resizing

    def photograph_of(self, number: int, photographs: int) -> int:
        """Which of so many photographs sample `number` of the stream shows.

        Each once, in random order, and again without end.
        """
        epoch, place = divmod(number, photographs)
        return int(_order(self.seed, epoch, photographs)[place])


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


def open_usable(path: Path, size: int) -> Clean | None:
    """The photograph decoded, or None, with a warning, where it has no crops of `size` pixels."""
    result = _inspect(path)
    if isinstance(result, Photograph):
        if min(result.width, result.height) * MAX_UPSCALING >= size:
            return open_photograph(result, size)
        result = f"{result.width}×{result.height} pixels are too few for crops of {size}"
    warnings.warn(f"{path} is left out: {result}", stacklevel=2)
    return None


@lru_cache(maxsize=2**16)
def _inspect(path: Path) -> Photograph | str:
    """The photograph, inspected once; or why it cannot be read."""
    try:
        inspection = photographs.inspect(path)
    except UnreadableError as error:
        return str(error)
    return Photograph(path.name, path, inspection.sha256, inspection.width, inspection.height)


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, photographs: int) -> NDArray[np.int64]:
    return stream(seed, epoch, APART, Purpose.SCENE).permutation(photographs)
