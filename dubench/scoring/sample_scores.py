"""One row per sample: what was true, what was answered, and what the answer costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.certainty import LEVEL, Range
from dubench.predictions.record import MAPS, Prediction
from generators.presets import Preset
from generators.taxonomy import KEYS, TYPES, Key, Value

Floats = NDArray[np.float64]

OTHER = "other"
"""What stands for an answer that is no known type: missing, unreadable, several, or another."""

OTHER_CODE = len(TYPE_NAMES)
STATUSES = ("ok", "missing", "parse_failure")


@dataclass(frozen=True)
class SampleScores:
    """The scores' raw material, in columns of n samples.

    Attributes:
        scored_types: names of the types that scores are over, as `scored_types` gives them.
        ids, clusters, severity: as in `GroundTruth`.
        types: index into TYPE_NAMES. answered: the same, or OTHER_CODE.
        status: index into STATUSES.
        joint: right type and exactly its keys.
        truth, answer: per key (n,) or (n, size); NaN where there is none.
        error: per key the P-Abs term; relative: the P-Rel term; constant: the P-Rel term of the
            type-oracle constant. NaN where the true type has no such key.
        answered_keys: per key name, and OTHER for any other, whether the answer has it.
        map_error: per key of kind map, mean |v̂ − v| over the pixels; NaN where no map was given.
        quality: per restoration metric, of the restored image; NaN where there is none.
        probabilities: per type the probability stated; NaN where none are.
        low, high: per key the ends of the range stated, as `truth`; the key's whole range where
            `ranged`, per key (n,), says that there is none.
        constant_interval: per key the interval score of a constant range.
            The last five are empty where no prediction states anything of the kind.
    """

    scored_types: tuple[str, ...]
    ids: list[str]
    types: NDArray[np.int8]
    clusters: list[str]
    severity: list[str | None]
    answered: NDArray[np.int8]
    status: NDArray[np.int8]
    joint: NDArray[np.bool_]
    truth: dict[str, Floats]
    answer: dict[str, Floats]
    error: dict[str, Floats]
    relative: dict[str, Floats]
    constant: dict[str, Floats]
    answered_keys: dict[str, NDArray[np.bool_]]
    map_error: dict[str, Floats]
    quality: dict[str, Floats] = field(default_factory=dict)
    probabilities: dict[str, Floats] = field(default_factory=dict)
    low: dict[str, Floats] = field(default_factory=dict)
    high: dict[str, Floats] = field(default_factory=dict)
    ranged: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    constant_interval: dict[str, Floats] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many samples there are."""
        return len(self.ids)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that scores are over: those of the scored types."""
        return keys_of(self.scored_types)

    @property
    def missing(self) -> int:
        """How many samples have no answer."""
        return int((self.status == STATUSES.index("missing")).sum())

    @property
    def right(self) -> NDArray[np.bool_]:
        """Where the type is right."""
        return np.equal(self.types, self.answered)

    def in_order(self, ids: Sequence[str]) -> "SampleScores":
        """The rows of the samples `ids`, in that order."""
        place = {name: row for row, name in enumerate(self.ids)}
        order = np.array([place[name] for name in ids])

        def taken(column: Any) -> Any:
            if isinstance(column, dict):
                return {name: entry[order] for name, entry in column.items()}
            return column[order] if isinstance(column, np.ndarray) else [column[i] for i in order]

        columns = {one.name: taken(getattr(self, one.name)) for one in fields(self)
                   if one.name != "scored_types"}  # fmt: skip
        return replace(self, **columns)


def scored_types(ground_truth: GroundTruth, preset: Preset | None) -> tuple[str, ...]:
    """The types that scores are over, in the taxonomy's order: the preset's, and what else occurs.

    Types without keys, such as `none`, are not among them: they are scored by false alarms.
    """
    names = {TYPE_NAMES[code] for code in np.unique(ground_truth.types)}
    names |= set(preset.types) if preset else set()
    return tuple(name for name in TYPE_NAMES if name in names and TYPES[name].keys)


def keys_of(type_names: Sequence[str]) -> tuple[str, ...]:
    """The names of the keys of some types."""
    return tuple(key.name for name in type_names for key in TYPES[name].keys)


def score_samples(
    ground_truth: GroundTruth,
    predictions: Mapping[str, Prediction],
    constants: Mapping[str, Value],
    preset: Preset | None = None,
    constant_ranges: Mapping[str, Range] = MappingProxyType({}),
) -> SampleScores:
    """Set each answer beside its ground truth.

    Where type or key set is wrong, the answer counts as zero: P-Abs is |v| and P-Rel is 1
    (DU-VLM, arXiv 2602.04565, section 5.1). A vector's terms are mean |v̂ − v| and
    ‖v̂ − v‖₁ / ‖v‖₁. A missing answer is wrong, and so are several degradations: images have one.

    Args:
        constants: of the type-oracle baseline, by key.
        preset: what the samples were drawn from; its types are scored even where none occurs.
        constant_ranges: as `constants`, of the ranges.
    """
    n = len(ground_truth.ids)
    answered = np.full(n, OTHER_CODE, np.int8)
    status = np.zeros(n, np.int8)
    joint = np.zeros(n, bool)
    answer = {name: np.full_like(column, np.nan) for name, column in ground_truth.values.items()}
    answered_keys = {name: np.zeros(n, bool) for name in (*KEYS, OTHER)}
    code_of = {name: code for code, name in enumerate(TYPE_NAMES)}
    wanted = [set(keys_of([name])) for name in TYPE_NAMES]
    for row, name in enumerate(ground_truth.ids):
        prediction = predictions.get(name)
        if prediction is None:
            status[row] = STATUSES.index("missing")
            continue
        if prediction.failure is not None:
            status[row] = STATUSES.index("parse_failure")
        if len(prediction.degradations) == 1:
            (only,) = prediction.degradations
            answered[row] = code_of[only.type]
            true = ground_truth.types[row]
            joint[row] = (
                answered[row] == true
                and not prediction.extra
                and only.values.keys() == wanted[true]
            )
            for key, value in only.values.items():
                answer[key][row] = value
        for key in (key for one in prediction.degradations for key in one.values):
            answered_keys[key][row] = True
        for key in prediction.extra:
            answered_keys[key if key in KEYS else OTHER][row] = True
    error, relative, constant = {}, {}, {}
    for name, true_values in ground_truth.values.items():
        counted = np.where(_column(joint, true_values), answer[name], 0.0)
        error[name], relative[name] = _terms(counted, true_values)
        guess = np.broadcast_to(np.array(constants.get(name, np.nan)), true_values.shape)
        constant[name] = _terms(guess, true_values)[1]
    return SampleScores(
        scored_types(ground_truth, preset),
        ground_truth.ids,
        ground_truth.types,
        ground_truth.clusters,
        ground_truth.severity,
        answered,
        status,
        joint,
        ground_truth.values,
        answer,
        error,
        relative,
        constant,
        answered_keys,
        {key: np.full(n, np.nan) for key in MAPS},
        probabilities=_probabilities(ground_truth, predictions),
        **_ranges(ground_truth, predictions, constant_ranges, preset.keys if preset else KEYS),
    )


def _probabilities(
    ground_truth: GroundTruth, predictions: Mapping[str, Prediction]
) -> dict[str, Floats]:
    stated = {name: one.type_probabilities for name, one in predictions.items()}
    if not any(stated.values()):
        return {}
    nothing = dict.fromkeys(TYPE_NAMES, np.nan)
    by_sample = [stated.get(name) or nothing for name in ground_truth.ids]
    return {name: np.array([one[name] for one in by_sample]) for name in TYPE_NAMES}


def _ranges(
    ground_truth: GroundTruth,
    predictions: Mapping[str, Prediction],
    constants: Mapping[str, Range],
    keys: Mapping[str, Key],
) -> dict[str, Any]:
    """The columns of ranges; `keys` have the whole ranges."""
    if not any(one.ranges for one in predictions.values()):
        return {}
    low, high, ranged, constant = {}, {}, {}, {}
    stated = [predictions[n].ranges if n in predictions else {} for n in ground_truth.ids]
    for name, truth in ground_truth.values.items():
        low[name] = np.full_like(truth, keys[name].low)
        high[name] = np.full_like(truth, keys[name].high)
        ranged[name] = np.array([name in ranges for ranges in stated])
        for row in np.flatnonzero(ranged[name]):
            low[name][row], high[name][row] = stated[row][name]
        below, above = map(np.array, constants.get(name, (np.nan, np.nan)))
        constant[name] = mean_entry(interval_score(below, above, truth))
    return {"low": low, "high": high, "ranged": ranged, "constant_interval": constant}


def interval_score(low: Floats, high: Floats, truth: Floats) -> Floats:
    """The width of a central interval, and 2/α times the distance to it of a value outside, with α
    the share that it leaves out: lowest on average for the quantiles α/2 and 1 − α/2."""
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return (high - low) + 2 / (1 - LEVEL) * outside


def mean_entry(term: NDArray[np.generic]) -> Floats:
    """Of a vector's term the mean over its entries: (n,)."""
    return term.astype(float).reshape(len(term), -1).mean(axis=1)


def _column(flags: NDArray[np.bool_], like: Floats) -> NDArray[np.bool_]:
    return flags[:, None] if like.ndim == 2 else flags


def _terms(answer: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """P-Abs and P-Rel terms (n,) of answers and ground truth (n,) or (n, size)."""
    gap, size = (mean_entry(np.abs(x)) for x in (answer - truth, truth))
    with np.errstate(divide="ignore", invalid="ignore"):
        return gap, gap / size
