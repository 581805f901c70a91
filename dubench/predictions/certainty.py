"""How sure a prediction says it is: probabilities of the types, and a range for each key."""

from collections.abc import Callable, Iterable, Iterator
from math import fsum
from typing import Any

from dubench.predictions.answer import check_value, is_number
from dubench.predictions.reading.names import find_key, find_type
from dubench.text import brief, pairs_of
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Value

Range = tuple[Value, Value]
"""The low and the high end; of a vector, those of its entries."""

SUM_TOLERANCE = 0.01
"""How far from 1 the sum of probabilities may lie: room for those rounded to three digits."""

LEVEL = 0.9
"""How often a range is to hold the value; it is left out as often on either side."""


def type_probabilities_of(given: Any) -> dict[str, float]:
    """The probability of each type, in the taxonomy's order: 0 where none is given, 1 together.

    Args:
        given: an object of types, by common names too, and numbers from 0 to 1. Their sum may
            miss 1 by `SUM_TOLERANCE`, and they are divided by it.

    Raises:
        InputError: it is something else; the message names the field.
    """
    field = "type_probabilities"
    probabilities = dict.fromkeys(TYPES, 0.0)
    for name, probability in _named(field, given, "type", find_type, TYPES):
        if not (is_number(probability) and 0 <= probability <= 1):
            raise InputError(f"{field}.{name}={brief(probability)} is not a number from 0 to 1")
        probabilities[name] = float(probability)
    total = fsum(probabilities.values())
    if abs(total - 1) > SUM_TOLERANCE + 1e-9:
        raise InputError(f"{field} sum to {total:.6g}, not to 1 within {SUM_TOLERANCE:g}")
    return {name: probability / total for name, probability in probabilities.items()}


def ranges_of(given: Any) -> dict[str, Range]:
    """The range of each key that has one.

    Args:
        given: an object of keys, by common names too, and [low, high]; of a vector, a list with
            one [low, high] for each entry.

    Raises:
        InputError: it is something else; the message names the field.
    """
    ranges: dict[str, Range] = {}
    for name, written in _named("ranges", given, "key", find_key, KEYS):
        key = KEYS[name]
        pairs = written if key.kind == "vector" else [written]
        if (
            not isinstance(pairs, list)
            or len(pairs) != key.size
            or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
        ):
            wanted = f"{key.size} pairs" if key.kind == "vector" else "a pair"
            raise InputError(f"ranges.{name}={brief(written)} is not {wanted} [low, high]")
        try:
            low, high = (check_value(key, [pair[side] for pair in pairs]) for side in (0, 1))
        except InputError as error:
            raise InputError(f"ranges: {error}") from None
        for pair in pairs:
            if pair[0] > pair[1]:
                raise InputError(f"ranges.{name}={brief(pair)} has its low end above its high end")
        ranges[name] = low, high
    return ranges


def _named(
    field: str, given: Any, what: str, find: Callable[[str], str | None], known: Iterable[str]
) -> Iterator[tuple[str, Any]]:
    """The entries of a field's object by the taxonomy's names, each once."""
    if not isinstance(given, dict):
        raise InputError(f"{field}={brief(given)} is not an object; leave it out if there is none")
    taken = set()
    for written, entry in pairs_of(given):
        name = find(written)
        if name is None:
            raise InputError(
                f"{field} has the unknown {what} {brief(written)}; the {what}s are: "
                f"{', '.join(known)}"
            )
        if name in taken:
            raise InputError(f"{field} gives {name} twice; keep one")
        taken.add(name)
        yield name, entry
