"""One row per sample: what was true, what was answered, and what the answer costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.record import MAPS, Prediction
from generators.errors import InputError
from generators.files import whole
from generators.presets import Preset
from generators.taxonomy import KEYS, TYPES, Value

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
) -> SampleScores:
    """Set each answer beside its ground truth.

    Where type or key set is wrong, the answer counts as zero: P-Abs is |v| and P-Rel is 1
    (DU-VLM, arXiv 2602.04565, section 5.1). A vector's terms are mean |v̂ − v| and
    ‖v̂ − v‖₁ / ‖v‖₁. A missing answer is wrong, and so are several degradations: images have one.

    Args:
        constants: of the type-oracle baseline, by key.
        preset: what the samples were drawn from; its types are scored even where none occurs.
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
    )


def _column(flags: NDArray[np.bool_], like: Floats) -> NDArray[np.bool_]:
    return flags[:, None] if like.ndim == 2 else flags


def _terms(answer: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """P-Abs and P-Rel terms (n,) of answers and ground truth (n,) or (n, size)."""
    gap, size = (np.abs(x).reshape(len(truth), -1).mean(1) for x in (answer - truth, truth))
    with np.errstate(divide="ignore", invalid="ignore"):
        return gap, gap / size


def write(path: Path, rows: SampleScores) -> None:
    """Write one Parquet file, whole or not at all; `read` reads it back."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = np.array([*TYPE_NAMES, OTHER])
    columns: dict[str, Any] = {
        "id": rows.ids,
        "type": names[rows.types],
        "predicted": names[rows.answered],
        "status": np.array(STATUSES)[rows.status],
        "cluster": rows.clusters,
        "severity": rows.severity,
        "type_right": rows.right,
        "joint_right": rows.joint,
        "predicted_keys": _key_lists(rows),
    }
    for name in KEYS:
        columns |= {
            f"true_{name}": _arrow(rows.truth[name]),
            f"predicted_{name}": _arrow(rows.answer[name]),
            f"abs_{name}": _arrow(rows.error[name]),
            f"rel_{name}": _arrow(rows.relative[name]),
            f"constant_rel_{name}": _arrow(rows.constant[name]),
        }
    columns |= {f"map_error_{key}": _arrow(column) for key, column in rows.map_error.items()}
    columns |= {name: _arrow(column) for name, column in rows.quality.items()}
    with whole(path) as part:
        pq.write_table(pa.table(columns), part, compression="zstd")


def _arrow(column: Floats) -> Any:
    """An Arrow column of numbers or of lists of them, null for NaN."""
    import pyarrow as pa

    if column.ndim == 1:
        return pa.array(column, from_pandas=True)
    gone = np.isnan(column).any(1)
    flat = pa.array(column[~gone].ravel())
    ends = np.concatenate([[0], np.cumsum(~gone)]) * column.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), flat, mask=pa.array(gone))


def _key_lists(rows: SampleScores) -> list[list[str]]:
    lists: list[list[str]] = [[] for _ in range(rows.n)]
    for name, there in rows.answered_keys.items():
        for row in np.flatnonzero(there):
            lists[row].append(name)
    return lists


def read(path: Path, type_names: tuple[str, ...], metrics: tuple[str, ...]) -> SampleScores:
    """Read what `write` wrote.

    Args:
        type_names: the types that its score is over.
        metrics: the restoration columns to look for.

    Raises:
        InputError: the file is missing, damaged, or something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        code_of = {name: code for code, name in enumerate((*TYPE_NAMES, OTHER))}
        types, answered = (
            np.array([code_of[name] for name in table[column].to_pylist()], np.int8)
            for column in ("type", "predicted")
        )
        answered_keys = {name: np.zeros(table.num_rows, bool) for name in (*KEYS, OTHER)}
        for row, names in enumerate(table["predicted_keys"].to_pylist()):
            for name in names:
                answered_keys[name][row] = True
        # A score from before a type existed has no columns for its keys.
        keys = [name for name in KEYS if f"true_{name}" in table.column_names]
        keys += [name for name in keys_of(type_names) if name not in keys]

        def values(prefix: str) -> dict[str, Floats]:
            return {name: _numpy(table[f"{prefix}_{name}"], KEYS[name].size) for name in keys}

        def terms(prefix: str) -> dict[str, Floats]:
            return {name: _numpy(table[f"{prefix}_{name}"]) for name in keys}

        return SampleScores(
            type_names,
            table["id"].to_pylist(),
            types,
            table["cluster"].to_pylist(),
            table["severity"].to_pylist(),
            answered,
            np.array([STATUSES.index(s) for s in table["status"].to_pylist()], np.int8),
            table["joint_right"].to_numpy(),
            values("true"),
            values("predicted"),
            terms("abs"),
            terms("rel"),
            terms("constant_rel"),
            answered_keys,
            {key: _numpy(table[f"map_error_{key}"]) for key in keys if key in MAPS},
            {name: _numpy(table[name]) for name in metrics if name in table.column_names},
        )
    except FileNotFoundError:
        raise InputError(f"{path} is missing; put it there, or run dubench score again") from None
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path} is not the per-sample table of a score ({reason}); run dubench score again"
        ) from None


def _numpy(column: Any, size: int = 1) -> Floats:
    """Numbers (n,), or (n, size) of an Arrow column of lists; NaN for null."""
    column = column.combine_chunks()
    if size == 1:
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    values = np.full((len(column), size), np.nan)
    values[np.asarray(column.is_valid())] = column.flatten().to_numpy().reshape(-1, size)
    return values
