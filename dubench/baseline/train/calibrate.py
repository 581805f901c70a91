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
from generators.errors import InputError

Floats = NDArray[np.float64]

TEMPERATURES = np.geomspace(1, 16, 81)
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


def train_calibration(
    model: str, datasets: Sequence[str], out: Path, workers: int | None = None
) -> Calibration:
    """Calibrate a statistics model on other photographs, show bars on stderr, write it to `out`.

    Its answers stay the same; its type probabilities and ranges become as sure as they ought to be
    on photographs like these. `calibrate` says what each dataset is used for.

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
    """Ranges on all of `held`, the type's temperature on the first.

    A continuous key's range lies between the levels that 5 % of the true values lie below and
    above, each set weighing the same. The temperature is that of the lowest mean log loss, and 1 or
    more; a few sure errors on photographs unlike the model's own would rule it, so those that are
    like them come first. What has fewer than LEAST samples in a set stays as it is.
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
            levels[name] = _tails(places)
    return Calibration(_temperature(model, inputs[0], held[0].ground_truth), levels)


def _tails(places: Sequence[Floats]) -> tuple[float, float]:
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in places])
    low, high = np.quantile(
        np.concatenate(places), TAILS, weights=weights, method="inverted_cdf"
    ).tolist()
    return low, high


def _temperature(model: Model, inputs: NDArray[np.float32], ground_truth: GroundTruth) -> float:
    if len(inputs) < LEAST:
        return 1.0
    true = [model.types.index(TYPE_NAMES[code]) for code in ground_truth.types]
    logits = model.networks["type"].logits(inputs)
    losses = []
    for temperature in TEMPERATURES:
        shares = softmax(logits, temperature)[np.arange(len(inputs)), true]
        losses.append(-np.log(np.maximum(shares, 1e-300)).mean())
    return float(TEMPERATURES[np.argmin(losses)])


def _check_types(dataset: str, ground_truth: GroundTruth, model: Model) -> None:
    for code in np.unique(ground_truth.types):
        if TYPE_NAMES[code] not in model.types:
            raise InputError(
                f"--dataset {dataset}: has samples of {TYPE_NAMES[code]}, which the model does not "
                f"know; it knows {', '.join(model.types)}"
            )
