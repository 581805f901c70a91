"""Whether a picture is the JPEG of something within one level of what it should be the JPEG of.

A single level before the encoder can carry a coefficient over to the next quantisation step, which
shows as several levels all over its block. How far the decoded pixels may then lie apart depends on
quality and frequency; a bound that holds for every such level would let many altered pictures pass.
So a witness is searched for instead: a picture within one level whose JPEG is the one at hand.
"""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.physics import Image
from generators.postprocess import through_jpeg

MOST = 8
"""Changes that the search makes to a picture before it gives up."""

# Pixels encoded together in 4:2:0, and whole units of the others; upsampling spreads their colour
# one pixel beyond.
_BLOCK = 16
_SPREAD = (_BLOCK + 2) ** 2
# As few values at once as will do: two renderings differ in few.
_SIZES = (1, 2, 4, 8, 16, 32, 64)

Difference = NDArray[np.int16]
Encode = Callable[[Image], Image]
"""Through JPEG and back."""


def within_one_level_of_jpeg(
    stored: Image, before: Image, quality: int, subsampling: int = 420
) -> bool:
    """Is `stored`, within one level, the JPEG of a picture within one level of `before`?

    True is proof. False means that none was found by changing, again and again, a few values of
    the block that is farthest off, in the way that helps most.

    Args:
        stored: (H, W, 3) uint8 RGB, decoded.
        before: the same shape: what should have been encoded.
        quality: of the encoder, 1 … 100.
        subsampling: of its chroma.
    """
    encode = partial(through_jpeg, quality=quality, subsampling=subsampling)
    witness = before.copy()
    for changes in range(MOST + 1):
        far = np.abs(_difference(stored, witness, encode)).max(axis=2)
        if far.max() <= 1:
            return True
        if np.count_nonzero(far > 1) > (MOST - changes) * _SPREAD:
            return False
        if not _improve(witness, before, stored, encode, *_worst_block(far)):
            return False
    return False


def _difference(stored: Image, witness: Image, encode: Encode) -> Difference:
    return stored.astype(np.int16) - encode(witness)


def _worst_block(far: Difference) -> tuple[int, int]:
    """Row and column where the block begins that is farthest off, of those that touch what shows.

    What shows may be no more than colour spilt by a block over its border.
    """
    shows = cv2.dilate((far > 1).astype(np.uint8), np.ones((3, 3), np.uint8))
    total = _block_sums(far) * (_block_sums(shows) > 0)
    row, column = np.unravel_index(total.argmax(), total.shape)
    return int(row) * _BLOCK, int(column) * _BLOCK


def _block_sums(values: NDArray) -> NDArray[np.int64]:
    """The sum over each block."""
    rows, columns = (range(0, side, _BLOCK) for side in values.shape)
    return np.add.reduceat(np.add.reduceat(values.astype(np.int64), rows, 0), columns, 1)


def _improve(
    witness: Image, before: Image, stored: Image, encode: Encode, row: int, column: int
) -> bool:
    """Change a block of `witness` so that its JPEG comes closer to `stored`, if that can be."""
    # JPEG is local: the block and those around it encode and decode as in the whole picture.
    top, left = max(0, row - _BLOCK), max(0, column - _BLOCK)
    around = np.s_[top : row + 2 * _BLOCK, left : column + 2 * _BLOCK]
    block = np.s_[row : row + _BLOCK, column : column + _BLOCK]
    off = _difference(stored[around], witness[around], encode)
    was, middle = witness[block].copy(), before[block].astype(np.int16)
    least, best = int(np.abs(off).sum()), was
    inside = off[row - top :, column - left :][:_BLOCK, :_BLOCK]
    for moves in (*(_towards(inside, size) for size in _SIZES), _singly(inside)):
        for move in moves:
            within = np.clip(was + move, middle - 1, middle + 1)
            witness[block] = np.clip(within, 0, 255)
            error = int(np.abs(_difference(stored[around], witness[around], encode)).sum())
            if error < least:
                least, best = error, witness[block].copy()
            if not error:
                break
        if best is not was:
            break
    witness[block] = best
    return best is not was


def _towards(off: Difference, size: int) -> Iterator[Difference]:
    """Groups of `size` values one level up where `stored` is brighter, down where darker.

    A coefficient that is a step off leaves its own wave as the difference: values moved along with
    the wave push that coefficient and hardly any other.
    """
    order = np.argsort(-np.abs(off), axis=None, kind="stable")[: np.count_nonzero(off)]
    for start in range(0, len(order), size):
        move = np.zeros_like(off)
        some = order[start : start + size]
        move.flat[some] = np.sign(off).flat[some]
        yield move


def _singly(off: Difference) -> Iterator[Difference]:
    """Each value alone, one level up or down: at high quality the difference may miss its cause."""
    for place in range(off.size):
        for level in (1, -1):
            move = np.zeros_like(off)
            move.flat[place] = level
            yield move
