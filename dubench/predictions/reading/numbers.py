"""Values as people write them: `4x`, `≈ 3.2 px`, `45 %`, `0,85`; one number, never a range."""

import re
from typing import Any

from dubench.predictions.reading.names import find_key
from generators.taxonomy import KEYS, Key

_DIGITS = r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"
_UNIT = r"%|[x×*]|-?\s?fold|times|[A-Za-z]+"
_VALUE = re.compile(
    r"(?:(?P<name>[^\d=≈:]{1,30}?)\s*[=≈:])?"
    r"\s*(?:(?:about|approximately|approx\.?|around|roughly|circa|ca\.|estimated(?: at)?|a"
    r"|factor of|[~≈≃∼=])\s*)*"
    rf"(?P<times>[x×]?)\s*(?P<digits>{_DIGITS})\s*(?P<unit>{_UNIT})?"
    rf"\s*(?:(?:±|\+/?-)\s*{_DIGITS}\s*(?:{_UNIT})?)?"
    r"\s*(?:\((?P<remark>[^()]*)\))?\s*\.?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# A comma between digits is decimal only where it cannot part thousands.
_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,[0-9]+|[1-9][0-9]*,[0-9]{1,2})")
_RANGE = re.compile(r"range|interval|confidence|%|\bCI\b", re.IGNORECASE)
_HEDGE = re.compile(r"\b(?:or|to|not|maybe|and)\b|[/?]", re.IGNORECASE)
_MARKUP = str.maketrans({"$": "", "*": "", "`": "", "\u2212": "-", "\u00a0": " ", "\u2009": " "})
_LEFT_OUT = ("", "-", "–", "—", "n/a", "na", "null", "none", "nil", "unknown", "not applicable")
_PARTS = re.compile(r"[\[\]()\s,;]+")
_VALUES = (
    "value",
    "estimate",
    "estimated_value",
    "best_estimate",
    "point_estimate",
    "mean",
    "matrix",
)


def number(given: Any, key: Key, levels: int = 3) -> Any:
    """What is written for a key as a number, or as a list of them.

    Units must be the key's own: pixels, × of factors, % of what is at most 1. A spread behind the
    number, or a range in brackets, is no part of it.

    Returns:
        The number; None where nothing is meant (`N/A`); what was given where it is no number, for
        the caller to refuse.
    """
    if isinstance(given, dict):
        values = [given[name] for name in _VALUES if name in given]
        return number(values[0], key, levels - 1) if len(values) == 1 and levels else given
    if isinstance(given, list):
        return [number(entry, key, levels - 1) for entry in given] if levels else given
    if not isinstance(given, str):
        return given
    written = " ".join(given.translate(_MARKUP).split())
    if written.lower() in _LEFT_OUT:
        return None
    if key.kind == "vector":
        parts = _PARTS.split(written.removeprefix("np.").removeprefix("array"))
        entries = [_decimal(part) for part in parts if part]
        if len(entries) > 1:
            return given if None in entries else entries
    value = _one(written, key)
    return given if value is None else value


def _one(written: str, key: Key) -> float | None:
    match = _VALUE.fullmatch(written) if len(written) < 200 else None
    if not match:
        return None
    name, remark = match["name"], match["remark"] or ""
    if name is not None and find_key(name.strip()) != key.name:
        return None
    if re.search("[0-9]", remark) and not _RANGE.search(remark):
        return None
    if _HEDGE.search(remark) and not _RANGE.search(remark):
        return None
    unit = (match["unit"] or match["times"] or "").lower().strip(" -")
    value = _decimal(match["digits"])
    if value is None or not unit or _fits(unit, key):
        return value / 100 if value is not None and unit == "%" else value
    return None


def _fits(unit: str, key: Key) -> bool:
    if unit == "%":
        return key.kind != "vector" and key.high <= 1
    if unit in ("x", "×", "*", "fold", "times"):
        return "factor" in key.unit
    if unit in ("px", "pix", "pixel", "pixels"):
        return key.unit == "pixels"
    return unit in key.unit.lower().split()


def _decimal(digits: str) -> float | None:
    if "," in digits:
        if not _DECIMAL_COMMA.fullmatch(digits):
            return None
        digits = digits.replace(",", ".")
    return float(digits) if len(digits) < 400 and _PLAIN.fullmatch(digits) else None


def key_number(given: Any, name: str, type_name: str | None) -> Any:
    """`number` for the key that `name` means; what was given where it means none."""
    key = find_key(name, type_name)
    return given if key is None else number(given, KEYS[key])
