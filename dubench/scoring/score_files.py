"""Several score.json files that may stand in one table."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dubench.scoring import sample_scores
from dubench.scoring.score import Scored
from dubench.scoring.understanding import PARAMETER_SCORES
from dubench.text import one_line
from generators.errors import InputError

_SKILLS = ("skill", "skill_type_correct")
_BY_TWO = ("by_type", "confusion", "predicted_keys")
_INTERVALS_ONLY = ("ci",)
"""Words of the signature that do not change a score: how its intervals were drawn."""

_KINDS = {str: "text", int: "a whole number", dict: "an object"}
_DEPTHS = ("a finite number", "finite numbers by name", "finite numbers by two names")
_NUMBERS = {
    **dict.fromkeys(("coverage", "parse_failures", "false_alarms", "restoration_coverage"), 0),
    "restoration": 2,
    "understanding.map_error": 2,
    **dict.fromkeys((f"understanding.{name}" for name in ("t_acc", "t_f1", "j_acc")), 0),
    **dict.fromkeys((f"understanding.{name}" for name in (*PARAMETER_SCORES, *_SKILLS)), 1),
    **dict.fromkeys((f"understanding.oracle_constant.{name}" for name in ("p_abs", "p_rel")), 1),
    **dict.fromkeys((f"understanding.{name}" for name in _BY_TWO), 2),
}
"""Where score.json has numbers, and how deep they are nested there."""

_MAY_BE_NULL = ("restoration", "understanding.map_error")


def read_scores(paths: Sequence[Path]) -> dict[str, Scored]:
    """Read scores that can be compared: a name for each, and what it says, in the given order.

    Raises:
        InputError: a file is missing, damaged or no score, its rows are missing, or two were not
            computed on the same data in the same way.
    """
    if not paths:
        raise InputError("give at least one score.json")
    twice = [str(path) for path, count in Counter(paths).items() if count > 1]
    if twice:
        raise InputError(f"{twice[0]} is given twice")
    found = [read(path) for path in paths]
    for path, scored in zip(paths[1:], found[1:], strict=True):
        _check_comparable((paths[0], found[0]), (path, scored))
    return dict(zip(_names(paths, found), found, strict=True))


def read(path: Path) -> Scored:
    """One score.json with its rows; InputError if either is missing, damaged or something else."""
    told = _told(path)
    wrong = _wrong(told)
    if wrong:
        raise InputError(f"{path}: {wrong}; run dubench score again")
    rows = sample_scores.read(
        path.with_name(told["per_sample"]),
        tuple(told["understanding"]["by_type"]),
        tuple(told["restoration"] or ()),
    )
    if rows.n != told["n"]:
        raise InputError(
            f"{path}: tells of {told['n']} samples, {told['per_sample']} beside it has {rows.n}; "
            "run dubench score again"
        )
    return Scored(told, rows)


def _told(path: Path) -> dict[str, Any]:
    """What a score.json says; InputError if it is missing, damaged or something else."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{path}: not JSON; give a score.json that dubench score wrote") from None
    if not isinstance(told, dict) or not {"signature", "understanding", "per_sample"} <= set(told):
        raise InputError(f"{path}: not a score; give a score.json that dubench score wrote")
    return told


def _wrong(told: Mapping[str, Any]) -> str:
    """What is wrong with a score.json, or nothing."""
    for name, kind in (("signature", str), ("model", str), ("n", int), ("per_sample", str)):
        if not isinstance(told.get(name), kind):
            return f"{name} is missing or not {_KINDS[kind]}"
    if Path(told["per_sample"]).name != told["per_sample"]:
        return f"per_sample is {told['per_sample']!r}, not the name of a file beside it"
    for name in ("meta", "dataset", "versions"):
        if not isinstance(told.get(name), dict):
            return f"{name} is missing or not {_KINDS[dict]}"
    for path, depth in _NUMBERS.items():
        at: Any = told
        for step in path.split("."):
            if not isinstance(at, dict) or step not in at:
                return f"{path} is missing"
            at = at[step]
        if not _is_number(at, depth) and not (at is None and path in _MAY_BE_NULL):
            return f"{path} is not {_DEPTHS[depth]}"
    if not isinstance(told["understanding"]["oracle_constant"].get("from"), str):
        return "understanding.oracle_constant.from is missing"
    for name, ends in told["intervals"].items() if isinstance(told.get("intervals"), dict) else ():
        if not (isinstance(ends, list) and len(ends) == 2 and all(map(_is_finite, ends))):
            return f"intervals.{name} is not [low, high]"
    return "" if isinstance(told.get("intervals"), dict) else "intervals is missing"


def _is_number(value: Any, depth: int) -> bool:
    """Whether `value` is a number or null, or an object of such, `depth` levels deep."""
    if depth:
        return isinstance(value, dict) and all(_is_number(v, depth - 1) for v in value.values())
    return value is None or _is_finite(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _check_comparable(one: tuple[Path, Scored], two: tuple[Path, Scored]) -> None:
    (first, a), (second, b) = one, two
    for name in ("content_id", "recipe_id"):
        if a.told.get(name) != b.told.get(name):
            raise InputError(
                f"{first} and {second} are scores on different data ({name} "
                f"{str(a.told.get(name))[:12]}… and {str(b.told.get(name))[:12]}…): report them "
                "separately, or score both on the same dataset and split"
            )
    words = [dict(_word(word) for word in s.told["signature"].split("|")) for s in (a, b)]
    for name in words[0].keys() & words[1].keys():
        if words[0][name] != words[1][name] and name not in _INTERVALS_ONLY:
            raise InputError(
                f"{first} and {second} were computed differently ({name} is {words[0][name]} and "
                f"{words[1][name]}): score both again with the same dubench and metrics"
            )
    if set(a.rows.ids) != set(b.rows.ids):
        raise InputError(f"{first} and {second} are scores of different samples: score both again")


def _word(word: str) -> tuple[str, str]:
    name, _, setting = word.partition(":")
    return name, setting


def _names(paths: Sequence[Path], found: Sequence[Scored]) -> list[str]:
    """The models' names; those that share one are told apart by their Δ or by their files."""
    names = [one_line(scored.told["model"]) or "unnamed" for scored in found]
    steps = [scored.told.get("meta", {}).get("delta") for scored in found]
    with_steps = [
        f"{name}, Δ {step}" if names.count(name) > 1 and step is not None else name
        for name, step in zip(names, steps, strict=True)
    ]
    count = Counter(with_steps)
    return [
        f"{name} ({path})" if count[name] > 1 else name
        for name, path in zip(with_steps, paths, strict=True)
    ]
