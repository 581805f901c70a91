"""Degraded pictures and the clean ones: what answers are tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, open_split
from dubench.ddnm.transmission import of_degradation
from dubench.duvlm.fine_tuning.data import rows_of
from generators.errors import InputError
from generators.images import decode_depth, decode_rgb
from generators.taxonomy import TYPES, Degradation

Image = NDArray[np.uint8]
Map = NDArray[np.float32]

_LEAST = 1e-3
_KEPT = 256  # pairs that stay decoded: each is asked for as often as it gets answers


@dataclass(frozen=True)
class Pair:
    """A degraded picture and what is known of it.

    Attributes:
        degraded, clean: (H, W, 3) uint8 RGB.
        truth: what the degraded one suffers from.
        known_depth: (H, W) in [0, 1], of a hazy one.
    """

    degraded: Image
    clean: Image
    truth: Degradation
    known_depth: Map | None = None

    def depth(self, answer: Degradation) -> Map:
        """Depth (H, W) in [0, 1] to clear it by: the known one, else from the dark channel, which
        needs the answer's A and t̄."""
        if self.known_depth is not None:
            return self.known_depth
        depth: Map = -np.log(np.clip(of_degradation(self.degraded, answer), _LEAST, 1))
        depth /= max(float(depth.max()), _LEAST)
        return depth


class Pairs:
    """The pairs of a dataset's split, read when they are asked for.

    Args:
        where, split: as `open_split` takes them.

    Raises:
        InputError: there is no such dataset or split, or its answers are kept by a host.
    """

    def __init__(self, where: str, split: str = "train") -> None:
        opened = open_split(where, split)
        self.where = where
        self.identity = {"split": split, **opened.identity}
        self.ranges = opened.preset.own_ranges if opened.preset else {}
        self._truth = opened.ground_truth()
        rows = rows_of(opened, ["id", "degraded", "clean", "depth"])
        self._rows = rows.with_format("arrow")
        self._read = lru_cache(maxsize=_KEPT)(self._pair)

    def __len__(self) -> int:
        return len(self._truth.ids)

    def __getitem__(self, row: int) -> Pair:
        return self._read(row)

    def _pair(self, row: int) -> Pair:
        stored = self._rows[row : row + 1].to_pylist()[0]
        type_name = TYPE_NAMES[self._truth.types[row]]
        values = {
            key.name: self._truth.values[key.name][row].tolist() for key in TYPES[type_name].keys
        }
        truth = Degradation(type_name, {n: _hashable(value) for n, value in values.items()})
        depth = None
        if TYPES[type_name].needs_depth:
            levels = self._decoded(stored, "depth", decode_depth)
            depth = levels.astype(np.float32) / 65535
        degraded, clean = (
            self._decoded(stored, name, decode_rgb) for name in ("degraded", "clean")
        )
        return Pair(degraded, clean, truth, depth)

    def _decoded(self, stored: Mapping[str, Any], column: str, decode: Any) -> Any:
        picture = decode((stored[column] or {}).get("bytes") or b"")
        if picture is None:
            raise InputError(
                f"{self.where}: {column} of {stored['id']} cannot be read; run dubench verify"
            )
        return picture


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
