"""The best answer without looking: for each key, the constant that minimises P-Rel."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from generators.presets import Preset
from generators.randomness import Purpose, stream
from generators.taxonomy import KEYS, TYPES, Value

Values = Mapping[str, NDArray[np.float64]]

DRAWS = 5_000


def constants(values: Values) -> dict[str, Value]:
    """For each key the c that minimises mean |c − v| / |v|: a 1/|v|-weighted median.

    Of a vector, P-Rel is ‖c − v‖₁ / ‖v‖₁, so that each entry is a median weighted by 1/‖v‖₁.

    Args:
        values: per key (n,) or (n, size); NaN rows are left out, keys without any left out too.
    """
    made: dict[str, Value] = {}
    for name, column in values.items():
        rows = column.reshape(len(column), -1)
        rows = rows[~np.isnan(rows).any(1)]
        norm = np.abs(rows).sum(1)
        rows, norm = rows[norm > 0], norm[norm > 0]
        if not len(rows):
            continue
        entries = tuple(weighted_median(entry, 1 / norm) for entry in rows.T)
        made[name] = entries if KEYS[name].kind == "vector" else entries[0]
    return made


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The smallest of `values` (n,) at which half of the weight is reached."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def preset_values(preset: Preset, n: int = DRAWS, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """`n` draws of every key from `preset`, per key (n,) or (n, size)."""
    made: dict[str, NDArray[np.float64]] = {}
    for kind in preset.types:
        names = [key.name for key in TYPES[kind].keys]
        rng = stream(seed, 0, 0, Purpose.PARAMETERS)
        drawn = [preset.draw(kind, rng) for _ in range(n if names else 0)]
        made |= {name: np.array([values[name] for values in drawn], float) for name in names}
    return made
