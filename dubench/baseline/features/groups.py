"""Sums over the pixels that share a label.

Bringing pixels into the order of their labels once, and then summing runs of them, takes a fraction
of the time in which `np.bincount` adds up weights one after the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Groups:
    """Places in a raveled picture, those of one label together.

    Attributes:
        order: (n,) places, by label, and ascending within each.
        ends: (labels + 1,) where in `order` each label begins, and where the last one ends.
    """

    order: NDArray[np.intp]
    ends: NDArray[np.intp]

    @property
    def counts(self) -> NDArray[np.intp]:
        """(labels,) how many places each has."""
        return np.diff(self.ends)

    def take(self, picture: NDArray) -> NDArray:
        """(n,) values of a picture at the places, in their order."""
        return picture.ravel().take(self.order)

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """(…, labels) sums of (…, n) values that are in the order of the places."""
        there = np.flatnonzero(self.counts)
        sums = np.zeros((*values.shape[:-1], len(self.counts)))
        if len(there):
            sums[..., there] = np.add.reduceat(values, self.ends[there], axis=-1)
        return sums

    def keep(self, kept: NDArray[np.bool_]) -> "Groups":
        """Only those of the (n,) places for which `kept` is true."""
        places = np.flatnonzero(kept)
        return Groups(self.order.take(places), np.searchsorted(places, self.ends))


def group(labels: NDArray[np.uint8], count: int) -> Groups:
    """The groups of a picture of labels below `count`."""
    flat = labels.ravel()
    order = np.argsort(flat, kind="stable")
    return Groups(order, np.searchsorted(flat.take(order), np.arange(count + 1, dtype=np.uint8)))
