"""Train the statistics baseline on a dataset: `dubench train statistics`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dubench.baseline.file import PREFIX, SUFFIX, write
from dubench.baseline.model import Model, keys_of
from dubench.baseline.train.calibrate import Held, calibrate
from dubench.baseline.train.extract import extract
from dubench.baseline.train.networks import Job, fit_all
from dubench.baseline.train.targets import soft, support
from dubench.baseline.train.validate import Validation, validate
from dubench.dataset import TYPE_NAMES, Split, open_split
from dubench.packages import check_training
from dubench.progress import counting
from generators import engines
from generators.errors import InputError, plain_errors

_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Trained:
    """A model and how it does.

    Attributes:
        path: the file.
        validation: its scores on the validation split; None if there is none.
    """

    path: Path
    validation: Validation | None


@plain_errors()
def train_statistics(
    dataset: str, out: Path | None = None, seed: int = 0, workers: int | None = None
) -> Trained:
    """Train on the train split of `dataset`, show bars on stderr, write a safetensors file.

    Where there is a validation split, the model's certainty is calibrated on it.

    The same data and seed give the same model on one kind of processor, whatever `workers` is.

    Args:
        dataset: a folder, a Parquet glob or a Hub name.
        out: a .safetensors file; by default statistics-NAME.safetensors.
        seed: of the networks' first weights and the order of the images.
        workers: processes; all cores by default.

    Raises:
        InputError: torch is missing, the dataset cannot be read, or `out` cannot be written.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generators.generate`'s example
        >>> from dubench import train_statistics
        >>> train_statistics("du110k", Path("mine.safetensors")).path.name
        'mine.safetensors'
    """
    check_training("torch")
    split = open_split(dataset, "train")
    out = out or Path(f"{PREFIX}{split.title}{SUFFIX}")
    if out.suffix != SUFFIX:
        raise InputError(f"--out {out}: name a {SUFFIX} file")
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: the folder {out.parent} does not exist")
    workers = engines.processes(workers)
    ground_truth = split.ground_truth()
    rows = _extract(split, workers)
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), _LEAST_DEVIATION)
    types = tuple(TYPE_NAMES[code] for code in np.unique(ground_truth.types))
    model = Model(types, mean, deviation, {}, {})
    inputs = model.normalise(rows)
    codes = np.searchsorted([TYPE_NAMES.index(name) for name in types], ground_truth.types)
    jobs = [Job("type", inputs, np.eye(len(types), dtype=np.float32)[codes])]
    for name in keys_of(types):
        rows_with = ~np.isnan(ground_truth.values[name].reshape(split.n, -1)).any(axis=1)
        values = ground_truth.values[name][rows_with]
        model.support[name] = support(values, seed)
        jobs.append(Job(name, inputs[rows_with], soft(values, model.support[name])))
    with counting("epochs") as on_progress:
        model.networks.update(fit_all(jobs, seed, workers, on_progress))
    notes = {"trained_on": split.described, "seed": seed}
    held = _held(dataset, workers)
    if held:
        model = replace(model, calibration=calibrate(model, [held]))
        notes["calibrated_on"] = ["the validation split"]
    validation = validate(model, held.rows, held.ground_truth) if held else None
    write(out, model, notes | {"validation": validation and validation.to_json()})
    return Trained(out, validation)


def _extract(split: Split, workers: int) -> Any:
    with counting(f"{split.name} images") as on_progress:
        return extract(split, workers, on_progress)


def _held(dataset: str, workers: int) -> Held | None:
    try:
        split = open_split(dataset, "validation")
    except InputError:
        return None  # a small dataset has none
    return Held(_extract(split, workers), split.ground_truth())
