"""Restore a large picture tile by tile: memory stays small, and decompositions are shared."""

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.degraded import Degraded, Image
from generators.taxonomy import Degradation, scalar

Window = tuple[slice, slice]
SIDE = 512  # of a tile, pixels, as a rule
_FIELD = 48  # pixels at a tile's border that a network sees otherwise than in the whole
_RAMP = 16  # over which one tile passes into the next


def in_tiles(
    restore: Callable[[Degraded], Image],
    degraded: Degraded,
    on_tile: Callable[[float], None] = lambda share: None,
) -> Image:
    """What `restore` makes of `degraded`, in overlapping tiles where it is larger than one.

    Args:
        restore: gives a picture of the size of what it takes.
        on_tile: called after each tile with the share of the picture that is done.
    """
    height, width = degraded.image.shape[:2]
    margin = _margin(degraded.degradation)
    rows, columns = _grid(degraded)
    if len(rows) == len(columns) == 1:
        restored = restore(degraded)
        on_tile(1.0)
        return restored
    total = np.zeros((height, width, 3), np.float32)
    weights = np.zeros((height, width, 1), np.float32)
    for done, (down, along) in enumerate(product(rows, columns), 1):
        tile = restore(degraded.tile(down, along))
        weight = np.outer(_weight(down, height, margin), _weight(along, width, margin))[
            ..., None
        ].astype(np.float32)
        total[down, along] += weight * tile
        weights[down, along] += weight
        on_tile(done / (len(rows) * len(columns)))
    total /= weights
    return np.rint(total, out=total).astype(np.uint8)


def cores(degraded: Degraded) -> Iterator[tuple[Window, Window]]:
    """The rows and columns of each tile, and those within it that its border does not touch,
    which together are the whole picture."""
    margin = _margin(degraded.degradation)
    height, width = degraded.image.shape[:2]
    rows, columns = _grid(degraded)
    for down, along in product(rows, columns):
        yield (down, along), (_core(down, height, margin), _core(along, width, margin))


def _core(span: slice, length: int, margin: int) -> slice:
    first = 0 if span.start == 0 else margin
    last = span.stop - span.start - (0 if span.stop == length else margin)
    return slice(first, last)


def _grid(degraded: Degraded) -> tuple[list[slice], list[slice]]:
    """The tiles' rows, and their columns."""
    margin, phase = _margin(degraded.degradation), _phase(degraded.degradation)
    side = max(SIDE, 4 * margin)
    height, width = degraded.image.shape[:2]
    return _spans(height, side, margin, phase), _spans(width, side, margin, phase)


def _margin(degradation: Degradation) -> int:
    """How far from its border a tile differs from the whole picture."""
    if degradation.type == "blur":
        return max(_FIELD, math.ceil(4 * scalar(degradation.values, "sigma")) + _RAMP)
    return _FIELD


def _phase(degradation: Degradation) -> int:
    """Tiles begin at whole multiples of this: those of an enlarged picture with its pixels."""
    return int(scalar(degradation.values, "scale")) if degradation.type == "low_resolution" else 1


def _spans(length: int, side: int, margin: int, phase: int) -> list[slice]:
    """Tiles of about `side` along an axis, which overlap by twice `margin` at least.

    All but the last are of one size.
    """
    if length <= side:
        return [slice(0, length)]
    side -= side % phase
    step = (side - 2 * margin) // phase * phase
    last = (length - side) // phase * phase
    starts = [*range(0, last, step), last]
    return [slice(start, start + side) for start in starts[:-1]] + [slice(last, length)]


def _weight(span: slice, length: int, margin: int) -> NDArray[np.float64]:
    """0 where a tile's border tells, a ramp, and 1; 1 up to the picture's own border."""
    place = np.arange(span.start, span.stop) + 0.5
    inner = margin - _RAMP / 2
    before = np.ones(len(place)) if span.start == 0 else (place - span.start - inner) / _RAMP
    behind = np.ones(len(place)) if span.stop == length else (span.stop - place - inner) / _RAMP
    return np.clip(np.minimum(before, behind), 0, 1)
