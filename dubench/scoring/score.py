"""Score one file of predictions: from preds.jsonl to score.json and a row per sample."""

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from dubench.dataset import GroundTruth, Split, open_split
from dubench.predictions import file
from dubench.predictions.file import Predictions
from dubench.scoring import restoration, sample_scores
from dubench.scoring.estimates import Estimates, estimate
from dubench.scoring.maps import KEY, map_errors
from dubench.scoring.metrics import choose
from dubench.scoring.sample_scores import SampleScores, score_samples
from dubench.scoring.signature import signature
from dubench.scoring.type_oracle import constants, preset_values
from dubench.scoring.understanding import summary
from generators import presets
from generators.errors import InputError
from generators.files import write_whole
from generators.taxonomy import NONE, Value

DEFAULT_DATASET = "du110k"
DEFAULT_PRESET = "du110k"


@dataclass(frozen=True)
class Scored:
    """What `score.json` says, and the rows it was computed from."""

    told: dict[str, Any]
    rows: SampleScores


def score(
    path: Path,
    dataset: str | None = None,
    split_name: str | None = None,
    *,
    metrics: str | None = None,
    restored: Path | None = None,
    seed: int = 0,
    device: str = "cpu",
    heard: Callable[[int, int], None] = lambda done, of: None,
) -> Scored:
    """Score the predictions in `path` against a split of a dataset.

    Args:
        dataset, split_name: by default those of the predictions' meta line, then ./du110k and
            test.
        metrics: restoration metrics, as `--metrics`; used when images were restored.
        restored: a folder of restored images named ID.png.
        seed: key of the bootstrap.
        heard: told how many of how many restored images are measured.

    Raises:
        InputError: anything about the predictions, the dataset or the restored images is wrong;
            nothing is scored then.
    """
    if seed < 0:
        raise InputError(f"--seed {seed}: choose 0 or more")
    said = file.read(path)
    meta = said.meta
    split = _open(path, dataset, split_name, meta)
    ground_truth = split.ground_truth()
    file.check_ids(said, frozenset(ground_truth.ids))
    notes = _same_data(path, meta, split)
    images = restoration.find(split, said, restored)
    if metrics and not images:
        raise InputError(
            f"--metrics {metrics}: nothing is restored; name images by `restored` in {path.name} "
            "or give --restored DIR"
        )
    quality = choose(metrics or "default", device) if images else None
    best, source = _oracle(split, ground_truth)
    rows = score_samples(ground_truth, said.by_id, best, split.preset)
    rows = replace(rows, map_error=map_errors(split, said.by_id, path.parent))
    if quality:
        measured = restoration.score_restored(split, images, quality, heard)
        rows = replace(rows, quality=measured.values)
        notes += measured.notes
    found = estimate(rows, seed)
    missing = rows.missing
    if missing:
        notes.append(f"{missing:,} of {rows.n:,} images have no answer, which counts as wrong")
    told = {
        "signature": signature(split, rows.n, seed, quality.signature if quality else []),
        "model": str(meta.get("model") or path.stem),
        "meta": meta,
        "dataset": {
            "name": split.title,
            "split": split.name,
            "preset": split.preset.name if split.preset else None,
        },
        "n": rows.n,
        **_understanding(rows, found, said, best, source),
        "restoration": _restoration(rows, found),
        "restoration_coverage": len(images) / rows.n if images else None,
        "intervals": {name: list(ends) for name, ends in found.intervals.items()},
        "clusters": found.clusters,
        "notes": found.notes + notes,
        **split.identity,
        "predictions_sha256": said.sha256,
        "versions": _versions() | (quality.versions if quality else {}),
    }
    return Scored(told, rows)


def write(out: Path, scored: Scored) -> dict[str, Any]:
    """Write `out` (score.json), and beside it the rows as Parquet; returns what score.json says.

    Raises:
        InputError: `out` does not end in .json, or cannot be written.
    """
    rows = out.with_suffix(".parquet")
    try:
        sample_scores.write(rows, scored.rows)
        told = scored.told | {"per_sample": rows.name}
        write_whole(out, json.dumps(told, indent=1, allow_nan=False) + "\n")
        return told
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None


def check_out(out: Path) -> None:
    """Raise InputError if score.json cannot be written to `out`; asked before the work."""
    if out.suffix != ".json":
        raise InputError(f"--out {out}: name a .json file; the rows go beside it as .parquet")
    if out.is_dir() or not out.parent.is_dir():
        what = "it is a folder" if out.is_dir() else f"the folder {out.parent} does not exist"
        raise InputError(f"--out {out}: {what}")


def _open(path: Path, dataset: str | None, split_name: str | None, meta: dict[str, Any]) -> Split:
    """The split asked for, or that of the meta line, or the default."""
    name = split_name or str(meta.get("split") or "test")
    if dataset or not meta.get("dataset"):
        return open_split(dataset or DEFAULT_DATASET, name)
    try:
        return open_split(str(meta["dataset"]), name)
    except InputError as error:
        raise InputError(
            f"{path} was made on {meta['dataset']}, which cannot be opened from here: give "
            f"--dataset ({error})"
        ) from None


def _same_data(path: Path, meta: dict[str, Any], split: Split) -> list[str]:
    """Refuse predictions made on other data; note other pixels of the same recipe."""
    for name in ("recipe_id", "content_id"):
        made_on, here = meta.get(name), split.identity[name]
        if not made_on or not here or made_on == here:
            continue
        if name == "content_id" and meta.get("recipe_id") == split.identity["recipe_id"]:
            return ["the predictions were made on other pixels of the same recipe (content_id)"]
        raise InputError(
            f"{path}: made on a dataset with {name} {str(made_on)[:12]}…, while {split.where} "
            f"({split.name}) has {here[:12]}…; give --dataset and --split the ones it was made on"
        )
    return []


def _oracle(split: Split, ground_truth: GroundTruth) -> tuple[dict[str, Value], str]:
    """The constants of the type-oracle baseline, and what they were taken from."""
    try:
        train = open_split(split.where, "train")
        if split.name != "train" and not train.blind:
            values = train.ground_truth().values
            if all(not np.isnan(values[name]).all() for name in _keys(ground_truth)):
                return constants(values), "the train split"
    except InputError:
        pass  # the test split alone was copied here
    preset = split.preset or presets.load(DEFAULT_PRESET)
    return constants(preset_values(preset)), f"the preset {preset.name}"


def _keys(ground_truth: GroundTruth) -> list[str]:
    return [name for name, column in ground_truth.values.items() if not np.isnan(column).all()]


def _understanding(
    rows: SampleScores,
    found: Estimates,
    said: Predictions,
    best: dict[str, Value],
    source: str,
) -> dict[str, Any]:
    given = ~np.isnan(rows.map_error)
    constant_error = {name: _constant_error(rows, name, best) for name in rows.keys}
    there = [error for error in constant_error.values() if error is not None]
    return {
        "coverage": 1 - rows.missing / rows.n,
        "parse_failures": sum(p.failure is not None for p in said.by_id.values()),
        "false_alarms": found.values["false_alarms"],
        "understanding": summary(rows, found.values)
        | {
            "oracle_constant": {
                "values": {n: _plain(value) for n, value in best.items() if n in rows.keys},
                "from": source,
                "p_abs": constant_error | {"avg": float(np.mean(there)) if there else None},
                "p_rel": {n: found.values[f"constant.{n}"] for n in (*rows.keys, "avg")},
            },
            "map_error": {KEY: {"n": int(given.sum()), "mae": float(rows.map_error[given].mean())}}
            if given.any()
            else None,
        },
    }


def _constant_error(rows: SampleScores, name: str, best: dict[str, Value]) -> float | None:
    """P-Abs of the type-oracle constant; None where no sample has the key."""
    truth = rows.truth[name]
    if name not in best or np.isnan(truth).all():
        return None
    return float(np.nanmean(np.abs(truth - np.array(best[name]))))


def _plain(value: Value) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value


def _restoration(rows: SampleScores, found: Estimates) -> dict[str, Any] | None:
    if not rows.quality:
        return None
    kinds = [*rows.scored_types, "avg"]
    if found.values.get(f"{next(iter(rows.quality))}.{NONE.name}") is not None:
        kinds.append(NONE.name)
    return {
        metric: {kind: found.values[f"{metric}.{kind}"] for kind in kinds}
        for metric in rows.quality
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("dubench", "numpy", "pyarrow")
    }
