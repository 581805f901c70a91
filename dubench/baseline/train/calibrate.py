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
from generators import engines
from generators.errors import InputError, plain_errors
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


@plain_errors()
def train_calibration(
    model: str, datasets: Sequence[str], out: Path, workers: int | None = None
) -> Calibration:
    """Calibrate a statistics model on other photographs, show bars on stderr, write it to `out`.

    Its values stay the same; its type probabilities and ranges become as sure as they ought to be
    on photographs like these, and so does where `none` begins. `calibrate` says what each dataset
    is used for.

    Args:
        model: a bundled preset's name, or a file.
        datasets: whose train splits were not trained on, with degradations that the model knows;
            first the one whose photographs are most like those it was trained on.
        out: a .safetensors file.
        workers: processes; all cores by default.

    Raises:
        InputError: a file or dataset cannot be read, or `out` cannot be written.

    Example:
        >>> from pathlib import Path  # du110k is that of `generators.generate`'s example
        >>> from dubench import train_calibration
        >>> calibrated = train_calibration("du110k", ["du110k"], Path("calibrated.safetensors"))
        >>> calibrated.temperature >= 1
        True
    """
    path = find(model)
    uncalibrated = replace(read(path), calibration=None)
    if out.suffix != SUFFIX or not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: name a {SUFFIX} file in a folder that exists")
    workers = engines.processes(workers)
    held, names = [], []
    for dataset in datasets:
        split = open_split(dataset, "train")
        ground_truth = split.ground_truth()
        _check_types(dataset, ground_truth, uncalibrated)
        with counting(f"images of {split.title}") as on_progress:
            held.append(Held(extract(split, workers, on_progress), ground_truth))
        names.append({"dataset": split.title, "n": split.n, **split.identity})
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
    return Calibration(*_of_types(model, inputs[0], held[0].ground_truth), levels)


def tails_of(places: Sequence[Floats]) -> tuple[float, float]:
    """The levels that 5 % of `places`, (n,) in [0, 1] each, lie below and above; each weighs the
    same."""
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in places])
    low, high = np.quantile(
        np.concatenate(places), TAILS, weights=weights, method="inverted_cdf"
    ).tolist()
    return low, high


def _of_types(
    model: Model, inputs: NDArray[np.float32], ground_truth: GroundTruth
) -> tuple[float, float]:
    """The temperature and the offset of `none` with the lowest mean log loss."""
    if len(inputs) < LEAST:
        return 1.0, 0.0
    true = np.array([model.types.index(TYPE_NAMES[code]) for code in ground_truth.types])
    logits = model.networks["type"].logits(inputs)
    losses = []
    for temperature in TEMPERATURES:
        softened = Calibration(temperature, _none_offset(logits / temperature, true, model.types))
        shares = softmax(softened.of_types(logits, model.types))[np.arange(len(inputs)), true]
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
