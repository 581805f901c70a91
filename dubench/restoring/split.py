"""Restore the images of a split from what is known, or predicted, of their degradations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dubench.dataset import TYPE_NAMES, GroundTruth, Split
from dubench.ddnm.methods import Settings, on_one_core
from dubench.ddnm.prior.opening import CPU
from dubench.predictions.file import read
from dubench.restoring.work import NOTHING, RUN, RestorePictures, tasks_of
from generators import engines
from generators.engines import OnProgress
from generators.errors import InputError, plain_errors
from generators.files import write_whole
from generators.physics.low_light import RGB_TO_XYZ, invertible
from generators.taxonomy import TYPES, Degradation, scalar

TRUTH = "truth"
"""What `params` is called where the dataset's own answers are taken."""

# Beyond these nothing is left to restore, or the closed forms break down.
_LEAST_MEAN, _MOST_GAMMA, _MOST_SIGMA, _MOST_SCALE = 0.02, 10.0, 30.0, 8
_LEAST_SUM = 1e-2  # of a row of the camera's matrix, which is divided by it

PREDICTIONS = "predictions.jsonl"
"""The file beside the images of what a model answered that was asked on the way."""


@dataclass(frozen=True)
class RestoredSplit:
    """What a run did.

    Attributes:
        folder: of ID.png.
        n: how many restored images are there; `new` of them are this run's.
        left: of the new ones, how many were left as they are: nothing to undo, or no usable
            prediction.
    """

    folder: Path
    n: int
    new: int
    left: int


def begin(out: Path, split: Split, run: Mapping[str, Any]) -> None:
    """Write down in the folder `out` what a run is, or check that it goes on with the same.

    A run that made nothing gives way to another.

    Raises:
        InputError: the folder holds another run's images, or other files.
    """
    about = {"dataset": split.where, "split": split.name, **split.identity, **run}
    text = json.dumps(about, indent=1) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    held = {path.name for path in out.iterdir()}
    if RUN in held and (out / RUN).read_text("utf-8") == text:
        return
    if held > {RUN}:
        raise InputError(
            f"--out {out}: holds images of another run, see {RUN} in it; choose another "
            "folder, or give the same options to go on"
        )
    if held - {RUN}:
        raise InputError(f"--out {out}: holds other files; choose an empty folder")
    write_whole(out / RUN, text)


@plain_errors()
def restore_split(
    split: Split,
    params: str,
    method: str,
    settings: Settings,
    out: Path,
    *,
    scalars: bool = False,
    save_steps: bool = False,
    engine: str = "local",
    workers: int | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> RestoredSplit:
    """Write ID.png for every image of `split` to `out`, or what is missing of them.

    A lost worker or machine costs the picture it was at.

    Args:
        params: `truth`, or a preds.jsonl.
        method, settings: as `open_method` takes them.
        scalars: with `truth`, take the keys' values alone, as a model gives them; a map of
            transmission is then made from its mean.
        save_steps: also write each picture's estimates as a strip.
        engine: `local`, or `ray`: then all machines see `out`, and unless the device is cpu a
            worker has a GPU.
        workers: pictures at once. Unless given, as many as cores or as the cluster has; on this
            machine, a method that has a use for all of it works on one after the other.
        on_progress: called with the number of images that are there, and of all.

    Raises:
        InputError: the split is blind and truth is asked for, a prediction has a value that
            nothing can be restored with, `out` cannot be written, or a picture kills its workers.
    """
    ids = split.ids
    truth = params == TRUTH
    degradations = _of_truth(split.ground_truth()) if truth else _predicted(params, ids)
    missing = {name for name in ids if not (out / f"{name}.png").exists()}
    done, left = len(ids) - len(missing), 0
    on_progress(done, len(ids))

    def on_written(name: str) -> None:
        nonlocal done, left
        done += 1
        left += degradations.get(name, NOTHING).type == "none"
        on_progress(done, len(ids))

    here = replace(split, files=[file.absolute() for file in split.files])
    maps = truth and not scalars
    work = RestorePictures(here, method, settings, out.absolute(), maps, save_steps)
    tasks = tasks_of(split, missing, degradations, method)
    if engine == "local" and workers is None and not on_one_core(method, settings):
        workers = 1
    if engine == "local" and min(engines.processes(workers), len(tasks)) <= 1:
        for task in tasks:
            work(task, on_written)
    else:
        gpu = settings.device != CPU
        for _ in engines.run(work, tasks, workers, on_written, engine=engine, gpu=gpu):
            pass
    return RestoredSplit(out, done, len(missing), left)


def _of_truth(ground_truth: GroundTruth) -> dict[str, Degradation]:
    degradations = {}
    for row, image_id in enumerate(ground_truth.ids):
        type_name = TYPE_NAMES[ground_truth.types[row]]
        names = [key.name for key in TYPES[type_name].keys]
        values = {name: ground_truth.values[name][row].tolist() for name in names}
        degradations[image_id] = Degradation(type_name, values)
    return degradations


def _predicted(params: str, ids: Sequence[str]) -> dict[str, Degradation]:
    """What a file of predictions says; what cannot be undone is `none`."""
    predictions = read(Path(params), ids)
    return {
        name: prediction.degradations[0]
        for name, prediction in predictions.by_id.items()
        if len(prediction.degradations) == 1
        and not prediction.extra
        and can_be_undone(prediction.degradations[0])
    }


def can_be_undone(degradation: Degradation) -> bool:
    """Whether all keys are there, with values that an image may have been degraded by."""
    values, keys = degradation.values, TYPES[degradation.type].keys
    if any(key.name not in values for key in keys):
        return False
    if degradation.type == "haze":
        return (
            0 < scalar(values, "atmospheric_light") <= 1
            and _LEAST_MEAN <= scalar(values, "transmission") < 1
        )
    if degradation.type == "low_light":
        rows = np.asarray(values["camera_intrinsics"], np.float64).reshape(3, 3) @ RGB_TO_XYZ
        return (
            0 < scalar(values, "gain") <= 1
            and 1 <= scalar(values, "gamma") <= _MOST_GAMMA
            and bool(np.abs(rows.sum(axis=1)).min() > _LEAST_SUM)
            and invertible(rows)
        )
    if degradation.type == "blur":
        return 0 < scalar(values, "sigma") <= _MOST_SIGMA
    if degradation.type == "low_resolution":
        return scalar(values, "scale") in range(2, _MOST_SCALE + 1)
    return True
