"""Photograph files: which ones can be read, and their pixels as upright 8-bit RGB."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generators import decoding

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class Inspection:
    """A readable photograph's SHA-256 of the file, and its upright size in pixels."""

    sha256: str
    width: int
    height: int


def inspect(path: Path) -> Inspection:
    """Read the file at `path` once, whole, and decode it as cheaply as proves it sound.

    Raises:
        UnreadableError: it cannot be decoded, or is cut short.
        OSError: the system does not give it, which says nothing of the photograph.
    """
    data = path.read_bytes()
    return Inspection(hashlib.sha256(data).hexdigest(), *decoding.inspect(data))


def load(path: Path, reduction: int = 1) -> tuple[NDArray[np.uint8], str]:
    """The photograph as (H, W, 3) uint8 RGB, upright, at 1/`reduction` of its size, and the
    SHA-256 of its file; see `decoding.decode`.

    Raises:
        UnreadableError, OSError: as `inspect`.
    """
    data = path.read_bytes()
    return decoding.decode(data, reduction), hashlib.sha256(data).hexdigest()
