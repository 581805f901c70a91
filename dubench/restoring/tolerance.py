"""What a wrong parameter costs: every image restored with one of its parameters off.

The paper's Figures 6, 10 and 11 (arXiv 2602.04565, section 5.4). There answers of models are taken
as they come, and a key's error comes with those of the others; here one key is off at a time.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, Split
from dubench.predictions.file import dump
from dubench.scoring.sample_scores import SampleScores
from generators.errors import InputError
from generators.files import write_whole
from generators.presets import Preset
from generators.taxonomy import KEYS, TYPES, Key, Value

REACH = 0.5
"""The largest error, as a share of the key's whole range, either way."""
_VECTOR_REACH = 0.3  # of a vector, as a share of its mean size


def write_perturbed(split: Split, path: Path, seed: int) -> None:
    """Write predictions that are the truth but for one key of each image, drawn at random.

    Errors are uniform up to REACH of the key's range, cut at its ends; of a whole number another
    one is drawn. Images without a degradation are left out.

    Raises:
        InputError: the split is blind, or `path` cannot be written.
    """
    true = split.ground_truth()
    ranges = _ranges(split.preset)
    meta = {"model": "the truth, one key off", "dataset": split.where, "split": split.name}
    lines = [dump({"meta": meta | split.identity | {"seed": seed}})]
    for row, name in enumerate(true.ids):
        keys = TYPES[TYPE_NAMES[true.types[row]]].keys
        if not keys:
            continue
        rng = np.random.default_rng([seed, row])
        values = {key.name: true.values[key.name][row].tolist() for key in keys}
        off = keys[int(rng.integers(len(keys)))]
        values[off.name] = _other(values[off.name], ranges[off.name], rng)
        lines.append(dump({"id": name, "type": TYPE_NAMES[true.types[row]], "parameters": values}))
    try:
        write_whole(path, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; choose another --out") from None


def one_key_off(rows: SampleScores) -> SampleScores:
    """The rows with the error of each image's wrong key alone; those of exact keys are NaN."""
    error: dict[str, NDArray[np.float64]] = {
        name: np.where(column > 0, column, np.nan) for name, column in rows.error.items()
    }
    return replace(rows, error=error)


def _ranges(preset: Preset | None) -> Mapping[str, Key]:
    return preset.keys if preset else KEYS


def _other(value: Value, key: Key, rng: np.random.Generator) -> Value:
    if key.kind == "vector":
        entries = np.asarray(value, float)
        reach = _VECTOR_REACH * rng.random() * np.abs(entries).mean()
        return tuple((entries + reach * rng.uniform(-1, 1, key.size)).tolist())
    if key.integer:
        others = [n for n in range(int(key.low), int(key.high) + 1) if n != value]
        return others[int(rng.integers(len(others)))]
    assert isinstance(value, float | int)
    reach = REACH * (key.high - key.low)
    low, high = max(key.low, value - reach), min(key.high, value + reach)
    return float(low + (high - low) * rng.random())
