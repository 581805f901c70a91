"""Restore the images of a split from what is known, or predicted, of their degradations."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dubench.dataset import TYPE_NAMES, GroundTruth, RowGroup, Split
from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import Restore
from dubench.ddnm.tiling import in_tiles
from dubench.ddnm.transmission import of_degradation
from dubench.predictions.file import read
from dubench.restoring.steps import FOLDER, Steps
from generators.engines import OnProgress
from generators.errors import InputError
from generators.files import write_whole
from generators.images import encode_rgb
from generators.physics.low_light import RGB_TO_XYZ
from generators.taxonomy import TYPES, Degradation, scalar

TRUTH = "truth"
"""What `params` is called where the dataset's own answers are taken."""

NOTHING = Degradation("none", {})
# Beyond these nothing is left to restore, or the closed forms break down.
_LEAST_MEAN, _MOST_GAMMA, _MOST_SIGMA, _MOST_SCALE = 0.02, 10.0, 30.0, 8
_LEAST_SUM = 1e-2  # of a row of the camera's matrix, which is divided by it


Degradations = Mapping[str, Degradation]
"""What the images are degraded by, by id; those that are not there are left as they are."""
OnWritten = Callable[[str], None]
"""Called with the id of each image that is written."""

PREDICTIONS, RUN = "predictions.jsonl", "restore.json"
"""Files beside the images: of a model asked on the way, and what the run was."""


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

    Raises:
        InputError: the folder holds another run's images, or other files.
    """
    about = {"dataset": split.where, "split": split.name, **split.identity, **run}
    text = json.dumps(about, indent=1) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    if (out / RUN).exists():
        if (out / RUN).read_text("utf-8") != text:
            raise InputError(
                f"--out {out}: holds images of another run, see {RUN} in it; choose another "
                "folder, or give the same options to go on"
            )
    elif any(out.iterdir()):
        raise InputError(f"--out {out}: holds other files; choose an empty folder")
    else:
        write_whole(out / RUN, text)


def restore_split(
    split: Split,
    params: str,
    restore: Restore,
    out: Path,
    *,
    scalars: bool = False,
    steps: Steps | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> RestoredSplit:
    """Write ID.png for every image of `split` to `out`, or what is missing of them.

    Args:
        params: `truth`, or a preds.jsonl.
        restore: as `dubench.ddnm.methods` makes it.
        scalars: with `truth`, take the keys' values alone, as a model gives them; a map of
            transmission is then made from its mean.
        steps: what `restore` reports its estimates to; each image's are written to FOLDER.
        on_progress: called with the number of images that are there, and of all.

    Raises:
        InputError: the split is blind and truth is asked for, a prediction has a value that
            nothing can be restored with, or `out` cannot be written.
    """

    def restore_here(
        missing: Collection[str], degradations: Degradations, on_written: OnWritten
    ) -> None:
        restore_rows(
            split, missing, degradations, restore, out, on_written,
            maps=params == TRUTH and not scalars, steps=steps,
        )  # fmt: skip

    return fill(split, params, out, restore_here, on_progress)


def fill(
    split: Split,
    params: str,
    out: Path,
    restore_missing: Callable[[Collection[str], Degradations, OnWritten], None],
    on_progress: OnProgress,
) -> RestoredSplit:
    """Fill the folder `out` with ID.png of every image; see `restore_split`.

    Args:
        restore_missing: writes those of these ids, and calls `OnWritten` after each.
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

    if missing:
        restore_missing(missing, degradations, on_written)
    return RestoredSplit(out, done, len(missing), left)


def restore_rows(
    split: Split,
    wanted: Collection[str],
    degradations: Degradations,
    restore: Restore,
    out: Path,
    on_written: OnWritten,
    *,
    maps: bool,
    steps: Steps | None,
    group: RowGroup | None = None,
) -> None:
    """Write ID.png of the ids `wanted` to `out`.

    Args:
        degradations: by id; what is not there is left as it is.
        maps: take the true maps of transmission, else make them from their mean.
        group: the row group that they are all of; any if None.
    """
    hazy = {name for name in wanted if degradations.get(name, NOTHING).type == "haze"}
    # In the files' order, as the images: one map in memory at a time.
    true_maps = split.maps(hazy, group) if maps and hazy else None
    for name, image in split.images("degraded", only=wanted, group=group):
        degradation = degradations.get(name, NOTHING)
        transmission = None
        if name in hazy:
            transmission = (
                next(true_maps)[1]["transmission"]
                if true_maps
                else of_degradation(image, degradation)
            )
        restored = in_tiles(restore, Degraded(image, degradation, transmission))
        if steps is not None:
            steps.write(image, restored, out / FOLDER / f"{name}.png")
        write_whole(out / f"{name}.png", encode_rgb(restored))
        on_written(name)


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
        )
    if degradation.type == "blur":
        return 0 < scalar(values, "sigma") <= _MOST_SIGMA
    if degradation.type == "low_resolution":
        return scalar(values, "scale") in range(2, _MOST_SCALE + 1)
    return True
