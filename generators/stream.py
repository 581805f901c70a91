"""An endless, seeded, shuffled stream of training batches, degraded on the training device.

    stream = Stream(photographs, {"du110k": 0.5, "du110k-wild": 0.5}, device="cuda", cached=True)
    for batch in stream:
        loss = model(batch.degraded) ...
        torch.save({"model": ..., "step": stream.step}, ...)     # Stream(..., start=step) goes on

Batch `step` of a stream is a function of (seed, step), of the other arguments, of the kind of
device and of the versions installed; `workers` and `start` change nothing. The distributions are
those of a dataset of the preset; the samples are others, and so is, by at most a level of
rounding, JPEG's own arithmetic (see `batched_capture`). Ranks of one training run each take a
seed of their own. This file imports torch when it is imported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generators import batched, presets
from generators.api import LEAST_SIDE, Degrade
from generators.batched_capture import add_noise, jpeg
from generators.batched_draws import draw, draw_capture
from generators.batched_haze import densest, exchange, mean_transmission, solve_beta
from generators.device import check_device
from generators.errors import InputError
from generators.presets import Preset
from generators.randomness import Purpose
from generators.randomness import stream as random_stream
from generators.sources import BUNDLED, BUNDLED_SPLITS
from generators.stream_crops import APART, Asked, Crops, Decoded, Held
from generators.taxonomy import TYPES

_COLUMN = {column: place for place, column in enumerate(Degrade.columns)}


@dataclass(frozen=True)
class Batch:
    """Pairs of pictures and their truth, on the stream's device.

    Attributes:
        degraded, clean: (B, 3, S, S) float32 RGB, whole levels divided by 255.
        type: (B,) int64, an index into the taxonomy's types.
        parameters: (B, 15) float32, NaN where a key is another type's; columns as
            `Degrade.columns`. What stands here is what was rendered: `transmission` is the mean of
            the map.
        step: the number of the batch in its stream.
    """

    degraded: Tensor
    clean: Tensor
    type: Tensor
    parameters: Tensor
    step: int


class Stream:
    """Training batches without end.

    Attributes:
        step: the number of the next batch; give it as `start` to go on from here.
    """

    def __init__(
        self,
        photographs: Sequence[Path] | None = None,
        presets: Mapping[str, float] | Sequence[str] = ("du110k",),
        batch_size: int = 64,
        size: int = 256,
        seed: int = 0,
        device: str = "cpu",
        start: int = 0,
        workers: int = 4,
        *,
        cached: bool = False,
    ) -> None:
        """Get ready to draw; with `cached`, decode every photograph.

        Args:
            photographs: files; by default the bundled ones of the train split. Files that cannot
                be read or are too small are left out, with a warning.
            presets: names or paths of presets, and the weight of each; equal if none are given.
                Within a preset every type is as likely.
            batch_size: pairs in a batch. size: side of a picture in pixels.
            seed: of everything drawn.
            device: `cpu`, `cuda` or `cuda:1`.
            start: number of the first batch.
            workers: threads that decode.
            cached: keep the photographs, decoded, in the device's memory, about 7 bytes a pixel,
                and cut crops there: for few photographs or a fast device.

        Raises:
            InputError: an argument cannot be used; the message says which, and why.
        """
        self._device = check_device(device)
        self._mixture = _mixture(presets)
        self._batch_size, self._seed, self.step = batch_size, seed, start
        for name, value, least in (
            ("batch_size", batch_size, 1),
            ("size", size, LEAST_SIDE),
            ("start", start, 0),
            ("workers", workers, 1),
        ):
            if value < least:
                raise InputError(f"{name}={value} must be at least {least}")
        if not 0 <= seed < 2**64:
            raise InputError(f"seed={seed} must be from 0 to 2**64 - 1")
        paths = _bundled() if photographs is None else [Path(path) for path in photographs]
        missing = next((path for path in paths if not path.is_file()), None)
        if missing or not paths:
            raise InputError(f"{missing}: no such photograph" if missing else "no photographs given")
        asked = Asked(paths, size, batch_size, seed, self._hazy, self._device)
        self._crops: Crops = Held(asked, workers) if cached else Decoded(asked, workers)

    def __iter__(self) -> Iterator[Batch]:
        return self

    @torch.no_grad()
    def __next__(self) -> Batch:
        """The next batch.

        Raises:
            InputError: hardly a photograph can be used.
        """
        plan = self._plan(self.step)
        levels, depth = self._crops.crops(self.step)
        clean = levels.float()
        degraded = torch.empty_like(clean)
        parameters = clean.new_full((len(clean), len(_COLUMN)), torch.nan)
        for share in plan.shares:
            rows = upload(share.rows, self._device)
            values = draw(share.preset, share.kind, len(rows), plan.host)
            if share.kind == "haze":
                far = depth[upload(np.searchsorted(plan.hazy, share.rows), self._device)]
                values = derive(values, far, plan.device)
            ...
        self.step += 1
        

def _bundled() -> list[Path]:
    """The bundled photographs of the train split."""
    elsewhere = {name for names in BUNDLED_SPLITS.values() for name in names}
    return [path for path in sorted(BUNDLED.glob("*.jpg")) if path.name not in elsewhere]
