"""Ten samples of a model, best, worst and random, and their thumbnails."""

import base64
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, Split
from dubench.scoring.sample_scores import OTHER, SampleScores, keys_of

_BEST, _WORST, _ALL = 3, 4, 10
_SIDE, _QUALITY = 192, 78


@dataclass(frozen=True)
class Sample:
    """One sample as a page shows it.

    Attributes:
        why: `best`, `worst` or `random`.
        place: its row.
        error: mean over its keys of the relative error, capped at 1.
    """

    why: str
    place: int
    error: float


def errors(rows: SampleScores) -> NDArray[np.float64]:
    """(n,) mean over a sample's keys of the relative error, capped at 1; NaN without keys."""
    columns = np.stack([np.minimum(rows.relative[key], 1) for key in rows.keys])
    there = ~np.isnan(columns)
    with np.errstate(invalid="ignore"):
        return np.where(there, columns, 0).sum(0) / np.where(there.any(0), there.sum(0), np.nan)


def choose(rows: SampleScores) -> list[Sample]:
    """Ten samples; the random ones are of one order for every model of the same data."""
    error = errors(rows)
    scored = np.flatnonzero(~np.isnan(error))
    order = scored[np.argsort(error[scored], kind="stable")]
    rng = np.random.Generator(np.random.Philox(key=len(rows.ids)))
    groups = {
        "worst": order[::-1][:_WORST],
        "best": order[:_BEST],
        "random": rng.permutation(scored),
    }
    chosen: dict[int, Sample] = {}
    for why, places in groups.items():
        for place in map(int, places):
            if len(chosen) < _ALL:
                chosen.setdefault(place, Sample(why, place, float(error[place])))
    return list(chosen.values())


def thumbnails(data: Split, ids: Collection[str]) -> dict[str, str]:
    """The degraded images of `ids` as small JPEG files in data addresses."""
    from PIL import Image

    pictures = {}
    for name, pixels in data.images("degraded", only=ids):
        image = Image.fromarray(pixels)
        image.thumbnail((_SIDE, _SIDE))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY)
        pictures[name] = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    return pictures


def values_of(rows: SampleScores, place: int) -> list[tuple[str, str, str]]:
    """(key, truth, answer) of a sample's keys, as text."""
    keys = keys_of([TYPE_NAMES[rows.types[place]]])
    return [(key, _text(rows.truth[key][place]), _text(rows.answer[key][place])) for key in keys]


def answered(rows: SampleScores, place: int) -> str:
    """The type that was answered."""
    return [*TYPE_NAMES, OTHER][rows.answered[place]]


def _text(value: float | Sequence[float] | NDArray[np.float64]) -> str:
    numbers = np.atleast_1d(np.asarray(value, np.float64))
    if np.isnan(numbers).any():
        return "–"
    return f"{numbers[0]:.3g}" if len(numbers) == 1 else f"{numbers[0]:.3g} …"
