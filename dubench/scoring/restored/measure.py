"""Score restored images: find the file of each sample and measure it against the clean image."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import Split
from dubench.predictions.file import Predictions
from dubench.scoring.restored import files
from dubench.scoring.restored.metrics import Metrics, Size
from dubench.scoring.result import AVERAGE, Numbers
from dubench.scoring.sample_scores import SampleScores
from generators.errors import InputError
from generators.taxonomy import NONE

_BATCH = 16
"""Images measured at once."""


@dataclass(frozen=True)
class Restoration:
    """What the restored images of a split scored.

    Attributes:
        values: per metric (n,), in the split's order; NaN where an image has no value.
        notes: plain sentences on what was not measured, and what limits what was.
    """

    values: dict[str, NDArray[np.float64]]
    notes: list[str]


def find(split: Split, predictions: Predictions, folder: Path | None) -> dict[str, Path]:
    """The restored image's file of every sample that has one, each checked by its header.

    With `folder` (`--restored`), the files ID.png (or .jpg, .webp …) in it; else the paths under
    `restored` in the predictions, relative to the folder of their file.

    Raises:
        InputError: a file is missing, ambiguous, outside that folder, for no sample of the split,
            not an 8-bit RGB image, or not of the size of its sample.
    """
    if folder is None:
        paths = files.in_predictions(predictions)
    else:
        paths = files.in_folder(folder, split.ids)
    if not paths:
        return {}
    sizes = {name: files.size(path) for name, path in paths.items()}
    _, first = next(split.images("degraded"))
    # Images of a dataset are of one size, as a rule: only those that differ are looked up.
    odd = {name for name, size in sizes.items() if size != first.shape[:2]}
    if odd:
        for name, image in split.images("degraded", only=odd):
            _check_size(paths[name], sizes[name], image.shape[:2])
    return paths


def score_restored(
    split: Split,
    paths: Mapping[str, Path],
    metrics: Metrics,
    on_progress: Callable[[int, int], None],
) -> Restoration:
    """Measure every image of `split`; where none came restored, the degraded one stands in.

    Args:
        split: with clean images.
        paths: as `find` gives them.
        metrics: what to measure.
        on_progress: called with how many of how many images are measured.

    Raises:
        InputError: a file cannot be decoded, or has transparent pixels.
    """
    values = {name: np.full(split.n, np.nan) for name in metrics.computes}
    sizes: set[Size] = set()
    done = 0
    on_progress(done, split.n)
    for restored, cleans in _batches(split, paths):
        rows = slice(done, done + len(cleans))
        for name, measured in metrics.measure(restored, cleans).items():
            values[name][rows] = measured
        sizes.add(cleans.shape[1:3])
        done = rows.stop
        on_progress(done, split.n)
    notes = [f"{name} was not computed: {why}" for name, why in metrics.left_out.items()]
    notes += metrics.notes(sizes)
    for name, lacking in _lacking(values).items():
        notes.append(f"{name} is averaged without {lacking:,} images that have no value: no rank")
    return Restoration(values, notes)


def unmeasured(rows: SampleScores) -> dict[str, int]:
    """Per metric, how many images have no value, where others have one."""
    return _lacking(rows.quality)


def _lacking(values: Mapping[str, NDArray[np.float64]]) -> dict[str, int]:
    counts = {name: int(np.isnan(column).sum()) for name, column in values.items()}
    return {name: count for name, count in counts.items() if 0 < count < len(values[name])}


def summary(rows: SampleScores, values: Mapping[str, float | None]) -> dict[str, Numbers] | None:
    """What score.json says of restored images, from named scores: per metric, by type, on average
    and, where there are undegraded samples, of those; None where nothing was measured."""
    if not rows.quality:
        return None
    names = [*rows.scored_types, AVERAGE]
    if values[f"{next(iter(rows.quality))}.{NONE.name}"] is not None:
        names.append(NONE.name)
    return {metric: {name: values[f"{metric}.{name}"] for name in names} for metric in rows.quality}


def _batches(
    split: Split, paths: Mapping[str, Path]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Restored and clean images, (B, H, W, 3) uint8 RGB each, in the split's order."""
    pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
    for name, degraded, clean in split.images("degraded", "clean"):
        restored = degraded
        if name in paths:
            restored = files.load(paths[name])
            _check_size(paths[name], restored.shape[:2], clean.shape[:2])
        if len(pairs) == _BATCH or (pairs and pairs[0][1].shape != clean.shape):
            yield _stack(pairs)
            pairs = []
        pairs.append((restored, clean))
    if pairs:
        yield _stack(pairs)


def _stack(
    pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return np.stack([restored for restored, _ in pairs]), np.stack([clean for _, clean in pairs])


def _check_size(path: Path, size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if size != wanted:
        raise InputError(
            f"{path} is {size[1]}×{size[0]} pixels and its sample {wanted[1]}×{wanted[0]}; restore "
            "at the size of the degraded image"
        )
