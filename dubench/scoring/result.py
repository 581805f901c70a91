"""score.json: what `dubench score` writes of one model; report, compare and boards read it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Any

from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.sample_scores import OTHER, keys_of
from dubench.text import brief
from generators.errors import InputError
from generators.taxonomy import KEYS, NONE, TYPES, Value
from generators.typed_json import JSON_NAME, from_json, to_json

Numbers = Mapping[str, float | None]
"""Scores by key or by type, and on average; None where there is nothing to score."""

Counts = Mapping[str, Mapping[str, int]]

AVERAGE = "avg"
PARAMETER_SCORES = ("p_abs", "p_rel", "p_rel_capped", "p_rel_type_correct")
AVERAGED_RANGES = ("range_coverage", "interval_skill")
"""Of the scores of ranges those without a unit, which have an average over keys."""
SKILLS = ("skill", "skill_type_correct")


@dataclass(frozen=True)
class ScoredData:
    """What was scored on: a name for tables, the split, and the preset where it is known."""

    name: str
    split: str
    preset: str | None


@dataclass(frozen=True)
class TypeScores:
    """The scores of the n samples whose true type is one; `f1` counts false ones of others too."""

    n: int
    t_acc: float | None
    f1: float | None
    j_acc: float | None


@dataclass(frozen=True)
class OracleConstant:
    """The type-oracle constant: its values and what they were taken from, and its scores by key."""

    values: Mapping[str, Value]
    source: str = field(metadata={JSON_NAME: "from"})
    p_abs: Numbers
    p_rel: Numbers

    @property
    def scores(self) -> dict[str, float | None]:
        """Its scores by name, as in `ScoreResult.scores`."""
        return _named("p_abs", self.p_abs) | _named("p_rel", self.p_rel)


@dataclass(frozen=True)
class MapError:
    """Mean absolute error over pixels and over the n samples for which a map was given."""

    n: int
    mae: float


@dataclass(frozen=True)
class Understanding:
    """Types, keys and values; `dubench.scoring.understanding` defines the scores.

    Attributes:
        t_acc, t_f1, j_acc: over all degraded samples.
        p_abs, p_rel, p_rel_capped, p_rel_type_correct, skill, skill_type_correct: by key.
        by_type: by scored type.
        confusion: samples by true type and answer.
        predicted_keys: answers by true type and key.
        oracle_constant: the baseline that skill is measured against.
        map_error: by key of kind map; None where no map was given.
    """

    t_acc: float | None
    t_f1: float | None
    j_acc: float | None
    p_abs: Numbers
    p_rel: Numbers
    p_rel_capped: Numbers
    p_rel_type_correct: Numbers
    skill: Numbers
    skill_type_correct: Numbers
    by_type: Mapping[str, TypeScores]
    confusion: Counts
    predicted_keys: Counts
    oracle_constant: OracleConstant
    map_error: Mapping[str, MapError] | None

    @property
    def by_key(self) -> dict[str, Numbers]:
        """The scores that are by key."""
        return {
            "p_abs": self.p_abs,
            "p_rel": self.p_rel,
            "p_rel_capped": self.p_rel_capped,
            "p_rel_type_correct": self.p_rel_type_correct,
            "skill": self.skill,
            "skill_type_correct": self.skill_type_correct,
        }


@dataclass(frozen=True)
class TypeCertainty:
    """The stated probabilities of the types; `dubench.scoring.certainty` defines the scores.

    Attributes:
        stated: share of the samples with probabilities.
        calibration_error: root mean square of stated minus observed share of right answers; None
            where no answer is a type, or all are of one photograph.
        brier: mean over samples of the sum over types, from 0 to 2.
        brier_uniform: that of all types alike.
    """

    stated: float | None
    calibration_error: float | None
    brier: float | None
    brier_uniform: float


@dataclass(frozen=True)
class RangeCertainty:
    """The stated ranges, by key, of the samples whose type is right.

    Attributes:
        level: how often a range is to hold the value.
        stated: share of those samples that have a range.
        coverage: share of their values that lie in their ranges.
        width, interval_score: in the key's unit.
        interval_skill: 1 − interval score / that of one constant range per key.
        constant_interval_score: of the range that holds the middle `level` of the values that the
            type-oracle constant is taken from.
    """

    level: float
    stated: Numbers
    coverage: Numbers
    width: Numbers
    interval_score: Numbers
    interval_skill: Numbers
    constant_interval_score: Numbers

    @property
    def by_key(self) -> dict[str, Numbers]:
        """The scores by the names that `ScoreResult.scores` has for them."""
        return {
            "ranges_stated": self.stated,
            "range_coverage": self.coverage,
            "range_width": self.width,
            "interval_score": self.interval_score,
            "interval_skill": self.interval_skill,
            "constant_interval_score": self.constant_interval_score,
        }


@dataclass(frozen=True)
class Certainty:
    """How true the stated certainty is; None where no prediction states any of the kind."""

    types: TypeCertainty | None
    ranges: RangeCertainty | None


@dataclass(frozen=True)
class ScoreResult:
    """Everything that score.json says.

    Attributes:
        signature: what two scores must share to be compared.
        model: its name.
        meta: the meta line of the predictions, whatever a model's author wrote there.
        dataset: what was scored on.
        n: samples.
        coverage: share of them that have an answer.
        parse_failures: answers that cannot be read.
        false_alarms: share of undegraded samples that are not called undegraded.
        understanding: types, keys and values.
        restoration: per metric, by type; None where no image was restored.
        restoration_coverage: share of samples that have a restored image.
        unmeasured: per metric the images that have no value, where there are such and others; a
            mean over the others is no rank.
        intervals: 95 % intervals by the names of `scores`.
        clusters: photographs that the samples are crops of.
        notes: plain sentences on what limits the scores.
        recipe_id, content_id: of the split; None where nobody says.
        predictions_sha256: of the file of predictions.
        versions: of what computed.
        per_sample: name of the file of rows beside score.json; None before it is written.
        certainty: how true the certainty is that predictions state; None where none does.
    """

    signature: str
    model: str
    meta: Mapping[str, Any]
    dataset: ScoredData
    n: int
    coverage: float
    parse_failures: int
    false_alarms: float | None
    understanding: Understanding
    restoration: Mapping[str, Numbers] | None
    restoration_coverage: float | None
    unmeasured: Mapping[str, int]
    intervals: Mapping[str, tuple[float, float]]
    clusters: int
    notes: tuple[str, ...]
    recipe_id: str | None
    content_id: str | None
    predictions_sha256: str
    versions: Mapping[str, str]
    per_sample: str | None
    certainty: Certainty | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """The types that the scores are over."""
        return tuple(self.understanding.by_type)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the scores are over."""
        return keys_of(self.types)

    @property
    def delta(self) -> float | None:
        """The step of the model's grid of values, where its meta line names one."""
        step = self.meta.get("delta")
        return float(step) if isinstance(step, int | float) else None

    @cached_property
    def scores(self) -> dict[str, float | None]:
        """Every score by name: `t_acc`, `p_rel.gamma`, `by_type.haze.f1`, `psnr.avg` and so on."""
        understanding = self.understanding
        scores: dict[str, float | None] = {
            "n": self.n,
            "coverage": self.coverage,
            "parse_failures": self.parse_failures,
            "false_alarms": self.false_alarms,
            "restoration_coverage": self.restoration_coverage,
            "t_acc": understanding.t_acc,
            "t_f1": understanding.t_f1,
            "j_acc": understanding.j_acc,
        }
        for name, by_key in understanding.by_key.items():
            scores |= _named(name, by_key)
        for name, of in understanding.by_type.items():
            by_score = {"n": of.n, "t_acc": of.t_acc, "f1": of.f1, "j_acc": of.j_acc}
            scores |= _named(f"by_type.{name}", by_score)
        for metric, by_type in (self.restoration or {}).items():
            scores |= _named(metric, by_type)
        for key, error in (understanding.map_error or {}).items():
            scores |= _named(f"map_error.{key}", {"n": error.n, "mae": error.mae})
        return scores | self._certainty_scores()

    def _certainty_scores(self) -> dict[str, float | None]:
        scores: dict[str, float | None] = {}
        if self.certainty and self.certainty.types:
            types = self.certainty.types
            scores |= {
                "type_probabilities_stated": types.stated,
                "calibration_error": types.calibration_error,
                "brier": types.brier,
            }
        if self.certainty and self.certainty.ranges:
            for name, by_key in self.certainty.ranges.by_key.items():
                scores |= _named(name, by_key)
        return scores

    def to_json(self) -> dict[str, Any]:
        """The object that score.json holds."""
        json: dict[str, Any] = to_json(self)
        return json

    @staticmethod
    def from_json(data: object, where: str) -> "ScoreResult":
        """What `to_json` gave.

        Raises:
            InputError: a field is missing, unknown or not what it must be; the message names the
                file `where` and the field.
        """
        result = from_json(ScoreResult, data, where)
        _check(result, where)
        return result


def _named(name: str, numbers: Numbers) -> dict[str, float | None]:
    return {f"{name}.{entry}": number for entry, number in numbers.items()}


def _check(result: ScoreResult, where: str) -> None:
    """Raise InputError unless the names in `result` agree with each other and the taxonomy."""
    understanding, name = result.understanding, result.per_sample
    if name is None or PurePath(name).name != name:
        raise InputError(f"{where}.per_sample is {name!r}, not the name of a file beside it")
    if not re.fullmatch("[0-9a-f]{64}", result.predictions_sha256):
        raise InputError(
            f"{where}.predictions_sha256 is {brief(result.predictions_sha256)}, not 64 hexadecimal "
            "digits"
        )
    place = f"{where}.understanding"
    degradations = [type_name for type_name, entry in TYPES.items() if entry.keys]
    _check_names(f"{place}.by_type", understanding.by_type, degradations)
    for true_type, counts in understanding.confusion.items():
        _check_names(f"{place}.confusion", [true_type], TYPES)
        _check_names(f"{place}.confusion.{true_type}", counts, (*TYPES, OTHER))
    for true_type, counts in understanding.predicted_keys.items():
        _check_names(f"{place}.predicted_keys", [true_type], TYPES)
        _check_names(f"{place}.predicted_keys.{true_type}", counts, (*KEYS, OTHER))
    by_key = {f"{place}.{name}": numbers for name, numbers in understanding.by_key.items()}
    oracle = understanding.oracle_constant
    by_key[f"{place}.oracle_constant.p_abs"] = oracle.p_abs
    by_key[f"{place}.oracle_constant.p_rel"] = oracle.p_rel
    for field_name, numbers in by_key.items():
        _check_names(field_name, numbers, (*result.keys, AVERAGE), all_of_them=True)
    if result.certainty and result.certainty.ranges:
        for field_name, numbers in result.certainty.ranges.by_key.items():
            more = [AVERAGE] if field_name in AVERAGED_RANGES else []
            place = f"{where}.certainty.ranges: {field_name}"
            _check_names(place, numbers, (*result.keys, *more), all_of_them=True)
    restoration = result.restoration or {}
    _check_names(f"{where}.restoration", restoration, METRICS)
    for metric, by_type in restoration.items():
        names = (*result.types, AVERAGE, *([NONE.name] if NONE.name in by_type else []))
        _check_names(f"{where}.restoration.{metric}", by_type, names, all_of_them=True)


def _check_names(
    where: str, names: Iterable[str], wanted: Iterable[str], all_of_them: bool = False
) -> None:
    names, wanted = list(names), list(wanted)
    odd = [name for name in names if name not in wanted]
    if odd:
        raise InputError(f"{where}: unknown name {odd[0]!r}; another version of dubench wrote it")
    lacking = [name for name in wanted if name not in names]
    if lacking and all_of_them:
        raise InputError(f"{where}: {lacking[0]} is missing; run dubench score again")
