"""The photographs that a prior learns from, decoded once, and those it is tried on."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.prior.train.patches import LARGE
from generators.errors import InputError, UnreadableError
from generators.sources import photographs
from generators.sources.inspection import inspect_files
from generators.sources.pools import (
    MAX_UPSCALING,
    GatherOptions,
    Photograph,
    SourceSpec,
    gather,
)
from generators.sources.splits import share_within

# Wider ones are reduced: an average of pixels is cleaner than they are, and memory is bounded.
SHORT_SIDE = 384
MOST_PHOTOGRAPHS = 6000  # about 3.5 GB
_COUNTS = {"train": 97, "validation": 3, "test": 0}

Pixels = NDArray[np.uint8]


def read(
    sources: Sequence[str],
    seed: int,
    workers: int,
    spools: Path,
    on_progress: Callable[[int, int], None],
    on_note: Callable[[str], None],
) -> tuple[list[Pixels], list[Pixels]]:
    """Photographs (H, W, 3) to train on, and about three in a hundred, of others, to validate on.

    Of more than MOST_PHOTOGRAPHS every source gives its share by weight.

    Args:
        sources: as `--source` names them.
        spools: folder for datasets that are streamed.
        on_note: told what was left out.

    Raises:
        InputError: as `gather`.
    """
    look = partial(inspect_files, workers, on_progress)
    # Sources take photographs that would be enlarged a little; patches are not.
    size = math.ceil(LARGE * MAX_UPSCALING)
    options = GatherOptions(_COUNTS, size, seed, look, spools, on_progress)
    train: list[Photograph] = []
    validation: list[Photograph] = []
    pools = gather([SourceSpec.parse(text) for text in sources], options)
    members = [pool.photographs or {"train": [], "validation": []} for pool in pools]
    most = [len(of_pool["train"]) for of_pool in members]
    shares = share_within(MOST_PHOTOGRAPHS, [pool.weight for pool in pools], most)
    for pool, of_pool, share in zip(pools, members, shares, strict=True):
        train += of_pool["train"][:share]
        validation += of_pool["validation"]
        if left := len(of_pool["train"]) - share:
            on_note(
                f"{pool.source}: left out {left:,} of {left + share:,} photographs to train on; "
                f"{MOST_PHOTOGRAPHS:,} are taken at most, from all sources by weight"
            )
    total = len(train) + len(validation)
    decoded = []
    for photo in train + validation:
        decoded.append(_decode(photo))
        on_progress(len(decoded), total)
    return decoded[: len(train)], decoded[len(train) :]


def _decode(photo: Photograph) -> Pixels:
    short = min(photo.width, photo.height)
    reduction = next((r for r in (8, 4, 2) if short >= r * SHORT_SIDE), 1)
    try:
        pixels, _ = photographs.load(photo.path, reduction)
    except UnreadableError as error:
        raise InputError(f"{photo.path}: {error}; put the file back or remove it") from None
    height, width = pixels.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.array(pixels)  # one's own: torch wants to be able to write
