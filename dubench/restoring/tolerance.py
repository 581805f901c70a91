"""What a wrong parameter costs: every image restored with one of its parameters off.

The paper's Figures 6, 10 and 11 (arXiv 2602.04565, section 5.4). There answers of models are taken
as they come, and a key's error comes with those of the others; here one key is off at a time.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, Split, open_split
from dubench.ddnm.methods import Settings, identity
from dubench.predictions.file import dump
from dubench.progress import counting
from dubench.restoring.split import begin, restore_split
from dubench.restoring.work import opened
from dubench.scoring.sample_scores import SampleScores
from dubench.scoring.score import score
from dubench.scoring.score_files import write_score
from generators.files import write_whole
from generators.taxonomy import KEYS, TYPES, Key, Value

REACH = 0.5
"""The largest error, as a share of the key's whole range, either way."""
_VECTOR_REACH = 0.3  # of a vector, as a share of its mean size


def study(
    dataset: str,
    split_name: str,
    method: str,
    settings: Settings,
    metrics: str,
    out: Path,
    workers: int | None = None,
) -> SampleScores:
    """Restore a split with one key of each image off, and score that; shows bars on stderr.

    A run that was stopped goes on with the same arguments.

    Args:
        method, settings: as `open_method` takes them.
        metrics: names with commas, of those with a reference.
        out: gets preds.jsonl, restored/, score.json and its rows.
        workers: as `restore_split` takes them.

    Returns:
        the rows, as `one_key_off` gives them.

    Raises:
        InputError: as `open_split`, `open_method`, `score` and `write_perturbed`, or `out` holds
            another run.
    """
    opened(method, settings, save_steps=False)  # a mistake is named before anything is written
    split = open_split(dataset, split_name)
    split.ground_truth()  # likewise
    preds, restored = out / "preds.jsonl", out / "restored"
    begin(restored, split, {"params": "one key off", **identity(method, settings)})
    write_perturbed(split, preds, settings.seed)
    with counting("images") as on_progress:
        restore_split(
            split, str(preds), method, settings, restored, workers=workers, on_progress=on_progress
        )
    with counting("images measured") as on_progress:
        scored = score(
            preds,
            dataset,
            split_name,
            metrics=metrics,
            restored=restored,
            device=settings.device,
            on_progress=on_progress,
        )
    write_score(out / "score.json", scored)
    return one_key_off(scored.rows)


def write_perturbed(split: Split, path: Path, seed: int) -> None:
    """Write predictions that are the truth but for one key of each image, drawn at random.

    Errors are uniform up to REACH of the key's range, cut at its ends; of a whole number another
    one is drawn. Images without a degradation are left out.

    Raises:
        InputError: the split is blind, or `path` cannot be written.
    """
    true = split.ground_truth()
    ranges = split.preset.keys if split.preset else KEYS
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
    write_whole(path, "".join(f"{line}\n" for line in lines))


def one_key_off(rows: SampleScores) -> SampleScores:
    """The rows with the error of each image's wrong key alone; those of exact keys are NaN."""
    error: dict[str, NDArray[np.float64]] = {
        name: np.where(column > 0, column, np.nan) for name, column in rows.error.items()
    }
    return replace(rows, error=error)


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
