"""What a prediction says, in the taxonomy's own names: its type, its parameters, what is wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dubench.predictions.names import find_key, find_type
from dubench.text import brief
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Key, Value

MOST = 1e9
_KEYS_OF = {name: frozenset(key.name for key in type_.keys) for name, type_ in TYPES.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """A type and its parameters.

    Attributes:
        type: one of the taxonomy's; None for an unknown type, or two.
        parameters: keys of that type → a float, or a tuple of floats for a vector.
        extra: what makes the set of keys wrong: unknown names as given, keys of other types, keys
            given twice.
        wrong: the first of these in words; None if the answer is one that could be right.
    """

    type: str | None
    parameters: dict[str, Value]
    extra: tuple[str, ...] = ()
    wrong: str | None = None


def from_parameters(type_: str, parameters: Iterable[tuple[str, Any]]) -> Answer:
    """The answer with one type; raises InputError where a value is not one of its key."""
    return _answer([type_], parameters)


def from_tuples(triples: Sequence[Any]) -> Answer:
    """The answer of [[type, key, value], …]; none at all means that nothing is degraded.

    Raises InputError where something is not such a triple, or a value is not one of its key.
    """
    for triple in triples:
        if not isinstance(triple, list | tuple) or len(triple) != 3:
            raise InputError(f'{brief(triple)} is not a tuple; write ["blur", "sigma", 3.1]')
        if not (isinstance(triple[0], str) and isinstance(triple[1], str)):
            raise InputError(f"type and key of the tuple {brief(triple)} must be strings")
    types = [triple[0] for triple in triples] or ["none"]
    return _answer(types, [(key, value) for _, key, value in triples])


def _answer(types: list[str], pairs: Iterable[tuple[str, Any]]) -> Answer:
    named = {find_type(name) or name: name for name in types}
    type_ = find_type(types[0]) if len(named) == 1 else None
    wrong: list[str] = []
    if len(named) > 1:
        wrong.append(f"two types, {' and '.join(brief(name) for name in list(named)[:2])}")
    elif type_ is None:
        wrong.append(f"unknown type {brief(types[0])}")
    own = _KEYS_OF[type_] if type_ else frozenset()

    parameters: dict[str, Value] = {}
    extra: list[str] = []
    for name, given in pairs:
        key = find_key(name, type_)
        if key is None:
            extra.append(name)
            wrong.append(f"unknown key {brief(name)}")
            continue
        value = check_value(KEYS[key], given)
        if key not in own:
            extra.append(key)
            wrong.append(f"{key} is not a key of {type_}")
        elif key in parameters:
            extra.append(key)
            wrong.append(f"{key} is given twice")
        else:
            parameters[key] = value
    return Answer(type_, parameters, tuple(extra), wrong[0] if wrong else None)


def check_value(key: Key, given: Any) -> Value:
    """A key's value as floats; a square matrix may be given as rows.

    Any finite number up to a thousand million is a value, outside the key's range too: it is
    scored by its distance. Raises InputError otherwise.
    """
    entries: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    if key.kind == "vector" and all(
        isinstance(row, list | tuple) and len(row) ** 2 == key.size for row in entries
    ):
        entries = [entry for row in entries for entry in row]
    if len(entries) != key.size or not all(_is_number(entry) for entry in entries):
        wanted = f"{key.size} numbers" if key.kind == "vector" else "a number"
        raise InputError(f"{key.name}={brief(given)} is not {wanted}")
    for entry in entries:
        # Not NaN either: it compares with nothing.
        if not abs(entry) <= MOST:
            raise InputError(f"{key.name}={brief(entry)} is not a finite number up to {MOST:g}")
    floats = tuple(float(entry) for entry in entries)
    return floats if key.kind == "vector" else floats[0]


def _is_number(entry: object) -> bool:
    return isinstance(entry, int | float) and not isinstance(entry, bool)
