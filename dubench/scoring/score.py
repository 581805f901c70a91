"""Score one file of predictions: from preds.jsonl to the scores and a row per sample."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dubench.dataset import Split, check_split, is_local, open_split
from dubench.predictions import file
from dubench.scoring import certainty, type_oracle, understanding
from dubench.scoring.estimates import estimate
from dubench.scoring.restored import measure
from dubench.scoring.restored.maps import map_errors
from dubench.scoring.restored.metrics import choose
from dubench.scoring.result import ScoredData, ScoreResult
from dubench.scoring.sample_scores import score_samples
from dubench.scoring.score_files import Scored
from dubench.scoring.signature import signature
from dubench.text import brief
from generators.errors import InputError, plain_errors
from generators.randomness import check_seed

DEFAULT_DATASET = "du110k"


@plain_errors()
def score(
    path: Path,
    dataset: str | None = None,
    split_name: str | None = None,
    *,
    metrics: str | None = None,
    restored: Path | None = None,
    seed: int = 0,
    device: str = "cpu",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scored:
    """Score the predictions in `path` against a split of a dataset.

    Args:
        dataset: that of the predictions' meta line unless given, then ./du110k.
        split_name: that of the predictions' meta line unless given, then `test`.
        metrics: restoration metrics, as `--metrics`; used when images were restored.
        restored: a folder of restored images named ID.png.
        seed: key of the bootstrap.
        device: for the metrics, as `--device`.
        on_progress: called with how many of how many restored images are measured.

    Raises:
        InputError: anything about the predictions, the dataset or the restored images is wrong;
            nothing is scored then.

    Examples:
        >>> from pathlib import Path  # the predictions are those of `predict`'s example
        >>> from dubench import score
        >>> scored = score(Path("constant.jsonl"))
        >>> scored.result.model
        'constant'
        >>> scored.result.understanding.t_acc
        0.25
    """
    check_seed(seed)
    predictions = file.read(path)
    split = _open(path, dataset, split_name, predictions.meta)
    ground_truth = split.ground_truth()
    notes = _same_data(path, predictions.meta, split)
    file.check_ids(predictions, frozenset(ground_truth.ids))
    images = measure.find(split, predictions, restored)
    for option, given in (("--metrics", metrics), ("--device", device != "cpu" and device)):
        if given and not images:
            raise InputError(
                f"{option} {given}: nothing is restored; name images by `restored` in {path.name} "
                "or give --restored DIR"
            )
    quality = choose(metrics or "default", device) if images else None
    constants = type_oracle.choose(split, ground_truth)
    rows = score_samples(
        ground_truth, predictions.by_id, constants.values, split.preset, constants.ranges
    )
    rows = replace(rows, map_error=map_errors(split, predictions))
    if quality:
        measured = measure.score_restored(split, images, quality, on_progress)
        rows = replace(rows, quality=measured.values)
        notes += measured.notes
    estimates = estimate(rows, seed)
    if rows.missing:
        notes.append(f"{rows.missing:,} of {rows.n:,} images have no answer, which counts as wrong")
    oracle_constant = type_oracle.summary(
        rows, constants.values, constants.source, estimates.values
    )
    notes += certainty.notes(rows)
    words = [*certainty.words(rows), *(quality.signature if quality else [])]
    result = ScoreResult(
        signature=signature(split, rows.n, seed, words),
        model=str(predictions.meta.get("model") or path.stem),
        meta=predictions.meta,
        dataset=ScoredData(split.title, split.name, split.preset.name if split.preset else None),
        n=rows.n,
        coverage=1 - rows.missing / rows.n,
        parse_failures=sum(p.failure is not None for p in predictions.by_id.values()),
        false_alarms=estimates.values["false_alarms"],
        understanding=understanding.summary(rows, estimates.values, oracle_constant),
        restoration=measure.summary(rows, estimates.values),
        restoration_coverage=len(images) / rows.n if images else None,
        unmeasured=measure.unmeasured(rows),
        intervals=estimates.intervals,
        clusters=estimates.clusters,
        notes=(*estimates.notes, *notes),
        recipe_id=split.identity["recipe_id"],
        content_id=split.identity["content_id"],
        predictions_sha256=predictions.sha256,
        versions=_versions() | (quality.versions if quality else {}),
        per_sample=None,
        certainty=certainty.summary(rows, estimates.values),
    )
    return Scored(result, rows)


def _open(
    path: Path, dataset: str | None, split_name: str | None, meta: Mapping[str, Any]
) -> Split:
    """The split asked for, or that of the meta line, or the default."""
    name = split_name or str(meta.get("split") or "test")
    check_split(name)
    if dataset or not meta.get("dataset"):
        return open_split(dataset or DEFAULT_DATASET, name)
    if not is_local(str(meta["dataset"])):  # a stranger's file must not say what is downloaded
        raise InputError(
            f"{path} was made on {brief(meta['dataset'])}, which is not here: give --dataset, a "
            "folder or the same name, which is then fetched from the Hub"
        )
    try:
        return open_split(str(meta["dataset"]), name)
    except InputError as error:
        raise InputError(
            f"{path} was made on {meta['dataset']}, which cannot be opened from here: give "
            f"--dataset ({error})"
        ) from None


def _same_data(path: Path, meta: Mapping[str, Any], split: Split) -> list[str]:
    """Refuse predictions made on other data; note other pixels of the same recipe."""
    for name in ("recipe_id", "content_id"):
        there, here = meta.get(name), split.identity[name]
        if not there or not here or there == here:
            continue
        if name == "content_id" and meta.get("recipe_id") == split.identity["recipe_id"]:
            return ["the predictions were made on other pixels of the same recipe (content_id)"]
        raise InputError(
            f"{path}: made on a dataset with {name} {str(there)[:12]}…, while {split.where} "
            f"({split.name}) has {here[:12]}…; predict again, or give the --dataset it was made on"
        )
    return []


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("dubench", "numpy", "pyarrow")
    }
