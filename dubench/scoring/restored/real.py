"""Photographs without a truth, before and after restoration: the layout of the paper's Table 3."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.scoring.restored.metrics import METRICS, Metrics, Size, choose
from dubench.scoring.restored.pairs import Paths, pairs
from generators.engines import OnProgress
from generators.errors import InputError, UnreadableError
from generators.sources import photographs

NO_REFERENCE = tuple(name for name, metric in METRICS.items() if not metric.needs_reference)


@dataclass(frozen=True)
class Change:
    """A metric's means over the photographs that have a value on both sides.

    Attributes:
        n: of these photographs.
        before, after: means, None where n is 0; `after` also without restored ones.
        difference: after − before, the 95 % interval of its mean by the normal approximation; None
            of one photograph.
    """

    n: int
    before: float | None
    after: float | None
    difference: tuple[float, float] | None


@dataclass(frozen=True)
class RealScore:
    """What a folder of photographs scored.

    Attributes:
        photographs: how many there are.
        metrics: by name.
        notes: what was not computed, and why, and what limits what was.
        signature: settings, weights and versions.
    """

    photographs: int
    metrics: Mapping[str, Change]
    notes: tuple[str, ...]
    signature: str


def score_real(
    folder: Path,
    restored: Path | None = None,
    metrics: str | None = None,
    device: str = "cpu",
    on_progress: OnProgress = lambda done, total: None,
) -> RealScore:
    """Measure every photograph in `folder`, and its result in `restored`.

    Args:
        restored: with a result of every photograph in `folder`, found as by `pairs`.
        metrics: names with commas, of NO_REFERENCE; those that work here unless given.
        on_progress: called with the number of photographs measured, and of all.

    Raises:
        InputError: as `pairs`; or a photograph cannot be read, its result is of another size, or
            a metric that was asked for cannot be computed.
    """
    found = pairs(folder, restored)
    chosen, notes = _choose(metrics, device)
    values: dict[str, list[tuple[float, ...]]] = {name: [] for name in chosen.computes}
    sizes: set[Size] = set()
    for done, pair in enumerate(found):
        on_progress(done, len(found))
        images = _load(pair)
        sizes.add(images[0].shape[:2])
        measured = [chosen.measure(image[None], image[None]) for image in images]
        for name, rows in values.items():
            rows.append(tuple(float(one[name][0]) for one in measured))
    on_progress(len(found), len(found))
    changes = {name: _change(np.array(rows)) for name, rows in values.items()}
    notes = (*notes, *chosen.notes(sizes))
    return RealScore(len(found), changes, notes, "|".join(chosen.signature))


def _choose(text: str | None, device: str) -> tuple[Metrics, tuple[str, ...]]:
    if text is not None:
        odd = [name.strip() for name in text.split(",") if name.strip() not in NO_REFERENCE]
        if odd:
            raise InputError(
                f"--metrics {odd[0]}: without a truth there are {', '.join(NO_REFERENCE)}"
            )
        return choose(text, device), ()
    chosen = choose("auto", device, NO_REFERENCE)
    notes = tuple(f"{name} was not computed: {why}" for name, why in chosen.left_out.items())
    if not chosen.computes:
        raise InputError(notes[0])
    return chosen, notes


def _load(pair: Paths) -> list[NDArray[np.uint8]]:
    images = []
    for path in pair:
        try:
            images.append(photographs.load(path)[0])
        except UnreadableError as error:
            raise InputError(f"{path}: {error}; take it out of the folder") from None
    sizes = [f"{image.shape[1]}×{image.shape[0]} pixels" for image in images]
    if len(set(sizes)) > 1:
        raise InputError(
            f"{pair[1]} is {sizes[1]}, and {pair[0]} {sizes[0]}; restore at the photograph's size"
        )
    return images


def _change(rows: np.ndarray) -> Change:
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return Change(0, None, None, None)
    means = rows.mean(axis=0)
    if rows.shape[1] == 1:
        return Change(len(rows), float(means[0]), None, None)
    ends = None
    if len(rows) > 1:
        change = rows[:, 1] - rows[:, 0]
        half = 1.96 * change.std(ddof=1) / len(rows) ** 0.5
        ends = float(change.mean() - half), float(change.mean() + half)
    return Change(len(rows), float(means[0]), float(means[1]), ends)
