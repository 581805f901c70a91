"""The understanding scores: T-Acc, T-F1, J-Acc, P-Abs, P-Rel and skill.

Definitions after DU-VLM (arXiv 2602.04565), section 5.1; what is not from there says so. Every
score is a ratio of sums over samples, or a mean or quotient of such ratios, so that the bootstrap
has to resample nothing but sums.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import TYPE_NAMES
from dubench.scoring.intervals import Ratio
from dubench.scoring.result import (
    AVERAGE,
    PARAMETER_SCORES,
    MapError,
    Numbers,
    OracleConstant,
    TypeScores,
    Understanding,
)
from dubench.scoring.sample_scores import OTHER, SampleScores, keys_of
from generators.taxonomy import NONE

Floats = NDArray[np.float64]


def ratios(rows: SampleScores) -> dict[str, Ratio]:
    """Every score that is a ratio of sums: name → numerators and denominators, (n,) each."""
    degraded = _is_one_of(rows.types, rows.scored_types)
    base = degraded.astype(float)
    right, joint = rows.right * base, rows.joint * base
    scores: dict[str, Ratio] = {"t_acc": (right, base), "j_acc": (joint, base)}
    for name in rows.scored_types:
        code = TYPE_NAMES.index(name)
        true = (rows.types == code).astype(float)
        answered = ((rows.answered == code) & degraded).astype(float)
        scores[f"by_type.{name}.t_acc"] = (right * true, true)
        scores[f"by_type.{name}.j_acc"] = (joint * true, true)
        # F1 = 2·TP / (2·TP + FP + FN), and the samples true and answered sum to its denominator.
        scores[f"by_type.{name}.f1"] = (2 * right * true, true + answered)
    for name in rows.keys:
        has = ~np.isnan(rows.relative[name])
        given = has.astype(float)
        typed = (has & rows.right).astype(float)
        error, relative, constant = (
            np.where(has, column[name], 0.0)
            for column in (rows.error, rows.relative, rows.constant)
        )
        scores |= {
            f"p_abs.{name}": (error, given),
            f"p_rel.{name}": (relative, given),
            f"p_rel_capped.{name}": (np.minimum(relative, 1), given),
            f"p_rel_type_correct.{name}": (relative * typed, typed),
            f"constant.{name}": (constant, given),
            f"constant_type_correct.{name}": (constant * typed, typed),
        }
    undegraded = _is_one_of(rows.types, [NONE.name]).astype(float)
    # All but a plain «none» is one: else no answer would be the best.
    passed = _is_one_of(rows.answered, [NONE.name])
    scores["false_alarms"] = (undegraded * ~passed, undegraded)
    return scores


def ends(rows: SampleScores) -> dict[str, tuple[float, float]]:
    """Per ratio its value where all answers are of a wrong type, and where all are right."""
    scores = {"t_acc": (0.0, 1.0), "j_acc": (0.0, 1.0), "false_alarms": (1.0, 0.0)}
    for name in rows.scored_types:
        scores |= {f"by_type.{name}.{score}": (0.0, 1.0) for score in ("t_acc", "j_acc", "f1")}
    for name in rows.keys:
        truth = rows.truth[name]
        size = float(np.abs(truth[~np.isnan(truth)]).mean()) if not np.isnan(truth).all() else 0.0
        # A right type with a wild value costs more than a wrong type; nothing bounds it.
        relative = ("p_rel", "p_rel_capped", "p_rel_type_correct")
        scores |= {f"{score}.{name}": (1.0, 0.0) for score in relative}
        scores[f"p_abs.{name}"] = (size, 0.0)
    return scores


def _is_one_of(codes: NDArray[np.int8], type_names: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(codes, [TYPE_NAMES.index(name) for name in type_names])


def derive(values: Mapping[str, Floats], type_names: Sequence[str]) -> dict[str, Floats]:
    """What follows from the ratios: T-F1, the averages over keys, and skill.

    Args:
        values: per ratio its value, or its values over resamplings, of any one shape.
        type_names: the scored types.
    """
    keys = keys_of(type_names)
    derived = {"t_f1": mean([values[f"by_type.{name}.f1"] for name in type_names])}
    for score in (*PARAMETER_SCORES, "constant", "constant_type_correct"):
        derived[f"{score}.{AVERAGE}"] = mean([values[f"{score}.{name}"] for name in keys])
    both = {**values, **derived}
    for skill, score, constant in (
        ("skill", "p_rel", "constant"),
        ("skill_type_correct", "p_rel_type_correct", "constant_type_correct"),
    ):
        for name in (*keys, AVERAGE):
            under = both[f"{constant}.{name}"]
            with np.errstate(divide="ignore", invalid="ignore"):
                quotient = np.where(under == 0, np.nan, both[f"{score}.{name}"] / under)
            derived[f"{skill}.{name}"] = 1 - quotient
    return derived


def mean(columns: list[Floats]) -> Floats:
    """The plain mean of what is there; NaN where nothing is."""
    stack = np.array(columns)
    there = ~np.isnan(stack)
    count = there.sum(0)
    total = np.where(there, stack, 0).sum(0)
    with np.errstate(invalid="ignore"):
        return np.where(count == 0, np.nan, total / count)


def confusion(rows: SampleScores) -> dict[str, dict[str, int]]:
    """Counts per true type and answer, `other` last; types that do not occur have no row."""
    columns = (*TYPE_NAMES, OTHER)
    table = np.zeros((len(TYPE_NAMES), len(columns)), int)
    np.add.at(table, (rows.types, rows.answered), 1)
    return {
        name: dict(zip(columns, map(int, counts), strict=True))
        for name, counts in zip(TYPE_NAMES, table, strict=True)
        if counts.any()
    }


def predicted_keys(rows: SampleScores) -> dict[str, dict[str, int]]:
    """Per true type, how many answers have each key; `other` for any unknown one."""
    counts = {}
    for code, name in enumerate(TYPE_NAMES):
        mine = rows.types == code
        if mine.any():
            counts[name] = {
                key: int((there & mine).sum()) for key, there in rows.answered_keys.items()
            }
    return counts


def summary(
    rows: SampleScores, values: Mapping[str, float | None], oracle_constant: OracleConstant
) -> Understanding:
    """All of it as score.json has it.

    Args:
        rows: what `values` were computed from.
        values: the scores by name.
        oracle_constant: the baseline's.
    """

    def by_key(score: str) -> Numbers:
        return {key: values[f"{score}.{key}"] for key in (*rows.keys, AVERAGE)}

    counts = np.bincount(rows.types, minlength=len(TYPE_NAMES))
    return Understanding(
        t_acc=values["t_acc"],
        t_f1=values["t_f1"],
        j_acc=values["j_acc"],
        p_abs=by_key("p_abs"),
        p_rel=by_key("p_rel"),
        p_rel_capped=by_key("p_rel_capped"),
        p_rel_type_correct=by_key("p_rel_type_correct"),
        skill=by_key("skill"),
        skill_type_correct=by_key("skill_type_correct"),
        by_type={
            name: TypeScores(
                n=int(counts[TYPE_NAMES.index(name)]),
                t_acc=values[f"by_type.{name}.t_acc"],
                f1=values[f"by_type.{name}.f1"],
                j_acc=values[f"by_type.{name}.j_acc"],
            )
            for name in rows.scored_types
        },
        confusion=confusion(rows),
        predicted_keys=predicted_keys(rows),
        oracle_constant=oracle_constant,
        map_error=_map_error(rows),
    )


def _map_error(rows: SampleScores) -> dict[str, MapError] | None:
    given = {key: column[~np.isnan(column)] for key, column in rows.map_error.items()}
    errors = {
        key: MapError(len(column), float(column.mean()))
        for key, column in given.items()
        if len(column)
    }
    return errors or None
