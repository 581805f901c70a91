"""What is wrong with a photograph: which degradation, how severe, by which parameters."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from dubench.baseline.features import LEAST_SIDE, statistics
from dubench.diagnosing.cautions import of_pixels
from dubench.diagnosing.diagnosis import Diagnosis, merge
from dubench.predictions.file import dump
from dubench.predictions.record import Prediction, prediction_of
from dubench.predictors import load_predictor
from dubench.predictors.protocol import Image, Predictor, Record
from dubench.predictors.replay import Replay
from dubench.predictors.statistics import Statistics
from dubench.tiles import tiles
from generators import decoding, presets
from generators.errors import InputError, UnreadableError, plain_errors
from generators.sources import photographs

DEFAULT_MODEL = "statistics:du110k-real"
RANGES = "du110k-real"
"""The preset whose ranges a question to a model states: real photographs are degraded less."""


class UndiagnosedError(InputError):
    """This one photograph has no diagnosis; the message says why."""


@plain_errors()
def diagnose(
    photo: Path | PillowImage.Image | NDArray, predictor: Predictor | None = None
) -> Diagnosis:
    """Say what is wrong with a photograph, from a model's answers about tiles of it.

    Args:
        photo: a file, or an image as `generators.degrade` takes it; at least 32 pixels a side.
        predictor: the model; `statistics:du110k-real` unless given.

    Raises:
        UndiagnosedError: the photograph cannot be read, is too small, or has no answer that can be
            read.
        InputError: the model does not answer at all.

    Examples:
        >>> from PIL import Image
        >>> from dubench import degrade, diagnose
        >>> from generators.sources.pools import BUNDLED
        >>> photograph = Image.open(BUNDLED / "bridge-by-sander-klootwijk.jpg")
        >>> diagnose(degrade(photograph, "blur", {"sigma": 3.0}).degraded).type_names
        ('blur',)
    """
    predictor = predictor or open_model()
    if not isinstance(photo, Path):
        return _diagnose(_pixels(photo), predictor)
    try:
        return _diagnose(open_photograph(photo), predictor)
    except UndiagnosedError as error:
        raise UndiagnosedError(f"{photo}: {error}") from None


def _pixels(photo: PillowImage.Image | NDArray) -> Image:
    try:
        return decoding.of_image(photo)
    except UnreadableError as error:
        raise UndiagnosedError(str(error)) from None


def open_photograph(path: Path) -> Image:
    """The photograph at `path` as (H, W, 3) uint8 RGB, upright.

    Raises:
        UndiagnosedError: it cannot be read.
    """
    try:
        return photographs.load(path)[0]
    except (OSError, UnreadableError) as error:
        raise UndiagnosedError(getattr(error, "strerror", None) or str(error)) from None


@lru_cache(maxsize=1)
def open_model(name: str = DEFAULT_MODEL) -> Predictor:
    """The model called `name`, as `load_predictor` does, kept for the next time.

    Raises:
        InputError: as `load_predictor`; or it looks at no photographs.
    """
    predictor = load_predictor(name, presets.load(RANGES).keys)
    if isinstance(predictor, Replay):
        raise InputError(f"--model {name}: it repeats predictions, and cannot look at photographs")
    return predictor


def _diagnose(image: Image, predictor: Predictor) -> Diagnosis:
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise UndiagnosedError(
            f"{width}×{height} pixels are too few; {LEAST_SIDE} a side are needed"
        )
    pieces = list(tiles(image))
    rows = np.array([statistics(tile) for tile in pieces])
    if isinstance(predictor, Statistics):
        records = [predictor.infer([row]) for row in rows]
    else:
        records = _ask(predictor, pieces)
    answers = [_prediction(predictor.name, record) for record in records]
    if not any(answer.degradations for answer in answers):
        why = next((answer.failure for answer in answers if answer.failure), "no known type")
        raise UndiagnosedError(f"the answer of --model {predictor.name} cannot be read: {why}")
    return merge(answers, of_pixels(image, rows), predictor.name)


def _ask(predictor: Predictor, images: Sequence[Image]) -> list[Record]:
    records: list[Record] = []
    for start in range(0, len(images), predictor.batch):
        batch = images[start : start + predictor.batch]
        answers = predictor.predict(batch)
        if len(answers) != len(batch):
            raise InputError(
                f"--model {predictor.name} gave {len(answers)} predictions for {len(batch)} "
                "images; it must give one each"
            )
        records += answers
    return records


def _prediction(model: str, record: Record) -> Prediction:
    try:
        return prediction_of(json.loads(dump({"id": "tile"} | dict(record))), 1)
    except InputError as error:
        raise InputError(f"--model {model}: {error}") from None
