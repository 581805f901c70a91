"""Photographs without a truth, before and after restoration: the layout of the paper's Table 3."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dubench.diagnosing.places import look
from dubench.scoring.restored.metrics import METRICS, Metrics, choose
from generators.engines import OnProgress
from generators.errors import InputError, UnreadableError
from generators.sources import photographs

NO_REFERENCE = tuple(name for name, metric in METRICS.items() if not metric.needs_reference)


@dataclass(frozen=True)
class Change:
    """A metric's means over the photographs that have a value on both sides.

    Attributes:
        n: of these photographs.
        before, after: means; `after` is None without restored ones.
        difference: after − before, the 95 % interval of its mean by the normal approximation; None
            of one photograph.
    """

    n: int
    before: float
    after: float | None
    difference: tuple[float, float] | None


@dataclass(frozen=True)
class RealScore:
    """What a folder of photographs scored.

    Attributes:
        photographs: how many there are.
        metrics: by name.
        notes: what was not computed, and why.
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
    """Measure every photograph in `folder`, and the one of the same name in `restored`.

    Args:
        restored: with a photograph of every name in `folder`, whatever its suffix.
        metrics: names with commas, of NO_REFERENCE; those that work here unless given.
        on_progress: called with the number of photographs measured, and of all.

    Raises:
        InputError: a folder holds no photograph, one cannot be read or has no counterpart, or a
            metric that was asked for cannot be computed.
    """
    pairs = _pairs(folder, restored)
    chosen, notes = _choose(metrics, device)
    values: dict[str, list[tuple[float, ...]]] = {name: [] for name in chosen.computes}
    for done, pair in enumerate(pairs):
        on_progress(done, len(pairs))
        measured = [_measure(chosen, path) for path in pair]
        for name, rows in values.items():
            rows.append(tuple(one[name] for one in measured))
    on_progress(len(pairs), len(pairs))
    changes = {name: _change(np.array(rows)) for name, rows in values.items()}
    return RealScore(len(pairs), changes, notes, "|".join(chosen.signature))


def _pairs(folder: Path, restored: Path | None) -> list[tuple[Path, ...]]:
    before = _photographs(folder, "--real")
    if restored is None:
        return [(path,) for path in before]
    after = {path.stem: path for path in _photographs(restored, "--restored")}
    missing = [path.name for path in before if path.stem not in after]
    if missing:
        raise InputError(
            f"--restored {restored}: nothing called {Path(missing[0]).stem}, for {missing[0]}; "
            "restore all of --real"
        )
    return [(path, after[path.stem]) for path in before]


def _photographs(folder: Path, option: str) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise InputError(f"{option} {folder}: no such folder")
    places = look([folder])
    if places.problems:
        raise InputError(f"{option} {places.problems[0][0]}: {places.problems[0][1]}")
    return places.photographs


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


def _measure(metrics: Metrics, path: Path) -> dict[str, float]:
    try:
        image = np.array(photographs.load(path)[0])[None]
    except UnreadableError as error:
        raise InputError(f"{path}: {error}; take it out of the folder") from None
    return {name: float(value[0]) for name, value in metrics.measure(image, image).items()}


def _change(rows: np.ndarray) -> Change:
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return Change(0, float("nan"), None, None)
    means = rows.mean(axis=0)
    if rows.shape[1] == 1:
        return Change(len(rows), float(means[0]), None, None)
    ends = None
    if len(rows) > 1:
        change = rows[:, 1] - rows[:, 0]
        half = 1.96 * change.std(ddof=1) / len(rows) ** 0.5
        ends = float(change.mean() - half), float(change.mean() + half)
    return Change(len(rows), float(means[0]), float(means[1]), ends)
