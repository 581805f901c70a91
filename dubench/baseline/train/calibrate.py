"""Make a trained model as sure as it ought to be: `dubench train calibration`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import TAILS, Calibration, is_continuous, place
from dubench.baseline.file import SUFFIX, find, read, read_notes, write
from dubench.baseline.model import Model, softmax
from dubench.baseline.train.extract import extract
from dubench.dataset import TYPE_NAMES, GroundTruth, open_split
from dubench.progress import counting
from generators.errors import InputError
from generators.taxonomy import NONE

Floats = NDArray[np.float64]

TEMPERATURES = np.geomspace(1, 16, 81).tolist()
FARTHEST = 8.0
"""Offset of `none`: more says that one of 3,000 is one of 2."""
_HALVINGS = 24
LEAST = 100
"""Samples of a key: fewer say too little of its tails."""


@dataclass(frozen=True)
class Held:
    """Photographs that a model was not trained on.

    Attributes:
        rows: statistics (n, COUNT) of their samples.
        ground_truth: of the same.
    """

    rows: NDArray[np.float32]
    ground_truth: GroundTruth


def calibrate_statistics(
    model: str, datasets: Sequence[str], out: Path, workers: int
) -> Calibration:
    """See `dubench.calibrating.train_calibration`."""
    path = find(model)
    uncalibrated = replace(read(path), calibration=None)
    if out.suffix != SUFFIX or not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: name a {SUFFIX} file in a folder that exists")
    held, names = [], []
    for dataset in datasets:
        split = open_split(dataset, "train")
        ground_truth = split.ground_truth()
        _check_types(dataset, ground_truth, uncalibrated)
        with counting(f"images of {split.title}") as on_progress:
            held.append(Held(extract(split, workers, on_progress), ground_truth))
        names.append(split.described)
    calibration = calibrate(uncalibrated, held)
    notes: Mapping[str, Any] = read_notes(path) | {"calibrated_on": names}
    write(out, replace(uncalibrated, calibration=calibration), notes)
    return calibration


def calibrate(model: Model, held: Sequence[Held]) -> Calibration:
    """Ranges on all of `held`, the type's temperature and the offset of `none` on the first.

    A continuous key's range lies between the levels that 5 % of the true values lie below and
    above, each set weighing the same. Temperature, 1 or more, and offset are those of the lowest
    mean log loss; a few sure errors on photographs unlike the model's own would rule it, so those
    that are like them come first. What has fewer than LEAST samples in a set stays as it is.
    """
    inputs = [model.normalise(one.rows) for one in held]
    levels = {}
    for name, support in model.support.items():
        if not is_continuous(support):
            continue
        places = []
        for rows, one in zip(inputs, held, strict=True):
            values = one.ground_truth.values[name]
            there = ~np.isnan(values)
            places.append(
                place(support, softmax(model.networks[name].logits(rows[there])), values[there])
            )
        if min(map(len, places)) >= LEAST:
            levels[name] = tails_of(places)
    codes = held[0].ground_truth.types
    true = np.array([model.types.index(TYPE_NAMES[code]) for code in codes], np.intp)
    logits = model.networks["type"].logits(inputs[0])
    return Calibration(*of_types(logits, true, model.types), levels)


def tails_of(places: Sequence[Floats]) -> tuple[float, float]:
    """The levels that 5 % of `places`, (n,) in [0, 1] each, lie below and above; each weighs the
    same."""
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in places])
    low, high = np.quantile(
        np.concatenate(places), TAILS, weights=weights, method="inverted_cdf"
    ).tolist()
    return low, high


def of_types(logits: Floats, true: NDArray[np.intp], types: Sequence[str]) -> tuple[float, float]:
    """The temperature and the offset of `none` with the lowest mean log loss.

    Args:
        logits: (n, types) uncalibrated. true: (n,) indices of the true types.
    """
    if len(logits) < LEAST:
        return 1.0, 0.0
    losses = []
    for temperature in TEMPERATURES:
        softened = Calibration(temperature, _none_offset(logits / temperature, true, types))
        shares = softmax(softened.of_types(logits, types))[np.arange(len(logits)), true]
        losses.append((-np.log(np.maximum(shares, 1e-300)).mean(), softened))
    best = min(losses, key=lambda one: one[0])[1]
    return best.temperature, best.none_offset


def _none_offset(logits: Floats, true: NDArray[np.intp], types: Sequence[str]) -> float:
    """That of the lowest log loss: where the mean probability of `none` is its share.

    0 where the samples have no `none`, or nothing else.
    """
    share = np.mean(true == types.index(NONE.name)) if NONE.name in types else 0
    if not 0 < share < 1:
        return 0.0
    low, high = -FARTHEST, FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        stated = softmax(Calibration(none_offset=middle).of_types(logits, types))
        if stated[:, types.index(NONE.name)].mean() < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check_types(dataset: str, ground_truth: GroundTruth, model: Model) -> None:
    for code in np.unique(ground_truth.types):
        if TYPE_NAMES[code] not in model.types:
            raise InputError(
                f"--dataset {dataset}: has samples of {TYPE_NAMES[code]}, which the model does not "
                f"know; it knows {', '.join(model.types)}"
            )
