"""Values that an attentive eye sees are wrong, for any type of the taxonomy."""

from collections.abc import Mapping
from math import inf

from generators.randomness import five_digits
from generators.taxonomy import TYPES, DegradationType, Key, Value, scalar

_FACTOR = 2.5
"""So many times more or less of a positive value shows."""

_BEYOND = 3
"""Where a range is narrower than `_FACTOR`, so much more: no value within it is wrong enough."""

_MARGIN = 0.1
"""Of a range from 0: so far a wrong value stays from its end, where nothing is degraded."""


def wrong_value(type_name: str, parameters: Mapping[str, Value]) -> tuple[str, float] | None:
    """A key of a sample of this type, and a value for it that is seen to be wrong.

    None where the right value leaves no room for one, or the type has no key that is a number.
    """
    key = _telling_key(TYPES[type_name])
    if key is None:
        return None
    value = _far_from(scalar(parameters, key.name), key)
    return None if value is None else (key.name, five_digits(value))


def _telling_key(degradation: DegradationType) -> Key | None:
    """The key that says how severe a sample is, or else the one of the widest range."""
    numbers = [key for key in degradation.keys if key.kind != "vector"]
    for key in numbers:
        if degradation.severity and key.name == degradation.severity.of:
            return key
    return max(numbers, key=lambda key: key.high / key.low if key.low > 0 else inf, default=None)


def _far_from(right: float, key: Key) -> float | None:
    half = (key.high - key.low) / 2
    if key.integer:
        mirrored = key.low + key.high - right
        return mirrored if abs(mirrored - right) >= half else None
    if key.low <= 0:
        more = right + half
        return more if more <= key.high - _MARGIN * (key.high - key.low) else None
    if right * _FACTOR <= key.high:
        return right * _FACTOR
    if right / _FACTOR >= key.low:
        return right / _FACTOR
    return right * _BEYOND if key.high < key.low * _FACTOR else None
