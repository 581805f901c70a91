"""An endless, seeded, shuffled stream of training batches, degraded on the training device.

    stream = Stream(paths, {"du110k": 0.5, "du110k-wild": 0.5}, device="cuda", cached=True)
    for batch in stream:
        loss = loss_of(model(batch.degraded), batch.type, batch.parameters)

`Stream(…, start=stream.step)` goes on where another stopped. Batch `step` is a function of the
seed, the step and the other arguments, on one kind of device with one set of versions; `workers`
and `start` change nothing. The distributions are those of a dataset of the same presets, the
samples are others, and their values are not rounded to five digits. Fog too dense for its crop
goes to another of the batch, or is thinned: see `haze.derive`. Ranks of one training run take a
seed each.

This file imports torch when it is imported.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators import batched
from generators.api import LEAST_SIDE, Degrade
from generators.batched.draws import draw, draw_postprocess
from generators.batched.postprocess import add_noise, jpeg, sharpen
from generators.batched.render import check_device, upload
from generators.batched.stream_cached import CachedCrops
from generators.batched.stream_crops import APART, CropRequest, Crops
from generators.batched.stream_prefetched import PrefetchedCrops
from generators.batched.tensors import quantize, to_device
from generators.errors import InputError
from generators.presets import SUBSAMPLING, SUBSAMPLINGS, Preset, load
from generators.randomness import Purpose, stream
from generators.sources.pools import BUNDLED, BUNDLED_SPLITS
from generators.taxonomy import TYPES


@dataclass(frozen=True)
class Batch:
    """Pairs of pictures and their truth, on the stream's device.

    Attributes:
        degraded, clean: (B, 3, S, S) float32 RGB, whole levels divided by 255.
        type: (B,) int64, an index into the taxonomy's types.
        parameters: (B, n) float32, columns as `Degrade.columns`, NaN where a key is another
            type's. Exactly what was rendered: `transmission` is the mean of the map.
        step: the batch's number in its stream.
    """

    degraded: Tensor
    clean: Tensor
    type: Tensor
    parameters: Tensor
    step: int


@dataclass(frozen=True)
class _Group:
    """The samples `rows` (n,) of a batch, which are of one preset and type."""

    preset: Preset
    type_name: str
    rows: NDArray[np.int64]


class Stream:
    """Training batches without end.

    Attributes:
        step: the number of the next batch.

    Examples:
        >>> from generators import Stream
        >>> batch = next(Stream(batch_size=4, size=64))
        >>> batch.degraded.shape
        torch.Size([4, 3, 64, 64])
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
        """Get ready; with `cached`, decode every photograph.

        Args:
            photographs: files; by default the bundled ones of the train split. Those that cannot
                be read or are too small are left out, with a warning.
            presets: names or paths of presets, and the weight of each; equal if none are given.
                The types of a preset are as likely as in its datasets.
            batch_size: pairs in a batch.
            size: side of a picture in pixels.
            seed: of everything drawn, 0 … 2⁶⁴ − 1.
            device: `cpu`, `cuda`, or `cuda:1`.
            start: number of the first batch.
            workers: threads that decode.
            cached: keep the photographs, decoded, in the device's memory, about 7 bytes a pixel,
                and cut crops there: for few photographs or a fast device.

        Raises:
            InputError: an argument cannot be used.
        """
        least = {"batch_size": 1, "size": LEAST_SIDE, "seed": 0, "start": 0, "workers": 1}
        arguments = (batch_size, size, seed, start, workers)
        for (name, low), value in zip(least.items(), arguments, strict=True):
            if not low <= value < 2**64:
                raise InputError(f"{name}={value} must be at least {low} and below 2**64")
        self.step, self._batch_size, self._seed = start, batch_size, seed
        self._device = check_device(device)
        self._mixture = _mixture(presets)
        paths = bundled() if photographs is None else [Path(path) for path in photographs]
        if not paths:
            raise InputError("no photographs given; leave `photographs` out for the bundled ones")
        missing = next((path for path in paths if not path.is_file()), None)
        if missing:
            raise InputError(f"{missing}: no such file; give the paths of photographs")
        request = CropRequest(
            paths, size, batch_size, seed, self._depth_rows, self._device, self._resizing
        )
        self._crops: Crops = (
            CachedCrops(request, workers) if cached else PrefetchedCrops(request, workers)
        )

    def __iter__(self) -> Iterator[Batch]:
        return self

    @torch.no_grad()
    def __next__(self) -> Batch:
        """The next batch.

        Raises:
            InputError: hardly a photograph can be used.
        """
        step, device = self.step, self._device
        crops, depths = self._crops.crops(step)
        on_host, on_device = self._generators(step)
        clean = crops.float() / 255
        degraded = torch.empty_like(clean)
        parameters = clean.new_full((len(clean), len(Degrade.columns)), torch.nan)
        types, depth_rows = np.empty(len(clean), np.int64), self._depth_rows(step)
        for group in self._groups(step):
            degradation_type = TYPES[group.type_name]
            rows = upload(group.rows, device)
            drawn = draw(group.preset, group.type_name, len(rows), on_host)
            depth = None
            if degradation_type.needs_depth:
                depth = depths[upload(np.searchsorted(depth_rows, group.rows), device)]
            values = batched.derive(group.type_name, drawn, depth, on_device)
            noise = None
            if degradation_type.needs_noise:
                noise = torch.randn(
                    (len(rows), *clean.shape[1:]), device=device, generator=on_device
                )
            images = batched.apply(group.type_name, clean[rows], values, depth, noise)
            levels = quantize(images).float()
            degraded[rows] = _postprocessed(levels, group.preset, on_host, on_device) / 255
            types[group.rows] = list(TYPES).index(group.type_name)
            for key in degradation_type.keys:
                first = Degrade.columns.index((key.name, 0))
                value = to_device(values[key.name], device).reshape(-1, key.size)
                parameters[rows, first : first + key.size] = value
        self.step += 1
        return Batch(degraded, clean, upload(types, device), parameters, step)

    def _groups(self, step: int) -> list[_Group]:
        """Preset and type of every sample of batch `step`, drawn anew for each."""
        weights = [weight for _, _, weight in self._mixture]
        rng = stream(self._seed, step, APART, Purpose.PARAMETERS)
        picks = rng.choice(len(weights), self._batch_size, p=weights)
        return [
            _Group(preset, type_name, np.flatnonzero(picks == place))
            for place, (preset, type_name, _) in enumerate(self._mixture)
            if (picks == place).any()
        ]

    def _depth_rows(self, step: int) -> list[int]:
        """Which samples of batch `step` need depth, in order."""
        return sorted(
            row
            for group in self._groups(step)
            if TYPES[group.type_name].needs_depth
            for row in group.rows.tolist()
        )

    def _resizing(self, step: int) -> list[float]:
        """By how much each sample of batch `step` is to be resized: see `Preset.draw_resizing`."""
        rng = stream(self._seed, step, APART, Purpose.POSTPROCESS)
        factors = [1.0] * self._batch_size
        for group in self._groups(step):
            for row in group.rows.tolist():
                factors[row] = group.preset.draw_resizing(rng)
        return factors

    def _generators(self, step: int) -> tuple[torch.Generator, torch.Generator]:
        """Of the values, on the CPU, where they are read without waiting; of all else."""
        rng = stream(self._seed, step, APART, Purpose.NOISE)
        one, other = (int(seed) for seed in rng.integers(2**63, size=2))
        return (
            torch.Generator().manual_seed(one),
            torch.Generator(self._device).manual_seed(other),
        )


def bundled() -> list[Path]:
    """The bundled photographs of the train split."""
    held_out = {name for names in BUNDLED_SPLITS.values() for name in names}
    return [path for path in sorted(BUNDLED.glob("*.jpg")) if path.name not in held_out]


def _postprocessed(
    levels: Tensor, preset: Preset, on_host: torch.Generator, on_device: torch.Generator
) -> Tensor:
    """Pictures (n, 3, S, S) in levels after what the preset's section [capture] does to some."""
    drawn = draw_postprocess(preset, len(levels), on_host)
    steps: list[tuple[Tensor, Callable[[Tensor, Tensor], Tensor]]] = []
    if "capture_noise" in drawn:
        steps.append((drawn["capture_noise"], partial(add_noise, generator=on_device)))
    if "sharpening" in drawn:
        steps.append((drawn["sharpening"], sharpen))
    if "jpeg_quality" in drawn:
        quality = drawn["jpeg_quality"]
        chroma = drawn.get(SUBSAMPLING, torch.full_like(quality, 420))
        steps += [
            (quality * (chroma == kind), partial(jpeg, subsampling=kind)) for kind in SUBSAMPLINGS
        ]
    for amount, step in steps:
        some = amount.nonzero().flatten()  # on the CPU: nothing waits
        if len(some):
            rows, strength = (to_device(a, levels.device) for a in (some, amount[some]))
            levels[rows] = step(levels[rows], strength)
    return levels


def _mixture(presets: Mapping[str, float] | Sequence[str]) -> list[tuple[Preset, str, float]]:
    """(preset, type, probability) of everything that a sample can be."""
    if isinstance(presets, str):
        presets = [presets]
    weights = presets if isinstance(presets, Mapping) else dict.fromkeys(presets, 1.0)
    if not weights:
        raise InputError("no presets given; for example du110k")
    for name, weight in weights.items():
        if not 0 < weight < float("inf"):
            raise InputError(f"preset {name}: its weight {weight:g} must be a number above 0")
    total = sum(weights.values())
    return [
        (preset, type_name, weight / total * preset.cycle.count(type_name) / len(preset.cycle))
        for preset, weight in ((load(name), weight) for name, weight in weights.items())
        for type_name in preset.types
    ]
