"""The best answer without looking: for each key, the constant that minimises P-Rel."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import GroundTruth, Split, open_split
from dubench.predictions.certainty import LEVEL, Range
from dubench.scoring.result import AVERAGE, OracleConstant
from dubench.scoring.sample_scores import SampleScores
from dubench.weighted_median import weighted_median
from generators import presets
from generators.errors import InputError
from generators.physics import model_of
from generators.presets import Preset
from generators.randomness import Purpose, stream
from generators.taxonomy import KEYS, TYPES, Value

Values = Mapping[str, NDArray[np.float64]]

DEFAULT_PRESET = "du110k"
DRAWS = 5_000
# From near to far in even steps: what a key is derived on where a preset draws another value in
# its place (β for the mean transmission).
_EVEN_DEPTH = np.linspace(0.05 * 65535, 65535, 1024).astype(np.uint16)[None]


@dataclass(frozen=True)
class Constants:
    """The constants to set beside scores.

    Attributes:
        values: per key the value with the lowest P-Rel.
        ranges: per key the central range with the lowest interval score.
        source: what they were taken from.
    """

    values: dict[str, Value]
    ranges: dict[str, Range]
    source: str


def choose(split: Split, ground_truth: GroundTruth) -> Constants:
    """The constants to set beside the scores of `split`: from its train split, or from the preset
    where there is none, or where that is what is scored, under whatever name."""
    try:
        train = open_split(split.where, "train")
        if split.name != "train" and not train.blind:
            truth = train.ground_truth()
            values = truth.values
            apart = not (
                set(truth.ids) & set(ground_truth.ids)
                or set(truth.clusters) & set(ground_truth.clusters)
            )
            if apart and all(not np.isnan(values[name]).all() for name in _keys(ground_truth)):
                return Constants(constants(values), ranges(values), "the train split")
    except InputError:
        pass  # the test split alone was copied here
    preset = split.preset or presets.load(DEFAULT_PRESET)
    values = preset_values(preset)
    return Constants(constants(values), ranges(values), f"the preset {preset.name}")


def _keys(ground_truth: GroundTruth) -> list[str]:
    return [name for name, column in ground_truth.values.items() if not np.isnan(column).all()]


def summary(
    rows: SampleScores,
    constant: Mapping[str, Value],
    source: str,
    values: Mapping[str, float | None],
) -> OracleConstant:
    """The baseline as score.json has it.

    Args:
        rows: the samples.
        constant, source: as `choose` gives them.
        values: the scores by name, of which `constant.KEY` are taken.
    """
    errors = {name: _error(rows, name, constant) for name in rows.keys}
    there = [error for error in errors.values() if error is not None]
    return OracleConstant(
        values={name: value for name, value in constant.items() if name in rows.keys},
        source=source,
        p_abs=errors | {AVERAGE: float(np.mean(there)) if there else None},
        p_rel={name: values[f"constant.{name}"] for name in (*rows.keys, AVERAGE)},
    )


def _error(rows: SampleScores, name: str, constant: Mapping[str, Value]) -> float | None:
    """P-Abs of the constant; None where no sample has the key."""
    truth = rows.truth[name]
    if name not in constant or np.isnan(truth).all():
        return None
    return float(np.nanmean(np.abs(truth - np.array(constant[name]))))


def constants(values: Values) -> dict[str, Value]:
    """For each key the c that minimises mean |c − v| / |v|: a 1/|v|-weighted median.

    Of a vector, P-Rel is ‖c − v‖₁ / ‖v‖₁, so that each entry is a median weighted by 1/‖v‖₁.

    Args:
        values: per key (n,) or (n, size); NaN rows are left out, keys without any left out too.
    """
    best: dict[str, Value] = {}
    for name, column in values.items():
        rows = column.reshape(len(column), -1)
        rows = rows[~np.isnan(rows).any(1)]
        norm = np.abs(rows).sum(1)
        rows, norm = rows[norm > 0], norm[norm > 0]
        if not len(rows):
            continue
        entries = tuple(weighted_median(entry, 1 / norm) for entry in rows.T)
        best[name] = entries if KEYS[name].kind == "vector" else entries[0]
    return best


def ranges(values: Values) -> dict[str, Range]:
    """For each key the range of the values' middle LEVEL: quantiles have the lowest interval score.

    Args:
        values: per key (n,) or (n, size); NaN rows are left out, keys without any left out too.
    """
    best: dict[str, Range] = {}
    tail = (1 - LEVEL) / 2
    for name, column in values.items():
        rows = column.reshape(len(column), -1)
        rows = rows[~np.isnan(rows).any(1)]
        if len(rows):
            ends = np.quantile(rows, (tail, 1 - tail), axis=0, method="inverted_cdf")
            low, high = (tuple(map(float, end)) for end in ends)
            best[name] = (low, high) if KEYS[name].kind == "vector" else (low[0], high[0])
    return best


def preset_values(preset: Preset, n: int = DRAWS, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """`n` draws of every key from `preset`, per key (n,) or (n, size)."""
    columns: dict[str, NDArray[np.float64]] = {}
    for type_name in preset.types:
        names = [key.name for key in TYPES[type_name].keys]
        rng = stream(seed, 0, 0, Purpose.PARAMETERS)
        draws = [_drawn(preset, type_name, rng) for _ in range(n if names else 0)]
        columns |= {name: np.array([values[name] for values in draws], float) for name in names}
    return columns


def _drawn(preset: Preset, type_name: str, rng: np.random.Generator) -> dict[str, Value]:
    """One draw of a type, its keys among it."""
    values = preset.draw(type_name, rng)
    if all(key.name in values for key in TYPES[type_name].keys):
        return values
    return model_of(type_name).derive(values, _EVEN_DEPTH)
