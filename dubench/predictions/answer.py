"""What a prediction says, in the taxonomy's own names: degradations, and what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dubench.predictions.reading.names import find_key, find_type
from dubench.text import brief, pairs_of
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Degradation, Key, Value

MOST = 1e9
_KEYS_OF = {name: frozenset(key.name for key in type_.keys) for name, type_ in TYPES.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """The degradations that a prediction names.

    Attributes:
        degradations: one per type, in the order they are named; `values` are the parameters given.
            One of type `none` says that nothing is degraded. Empty where a type is unknown.
        extra: what makes the set of keys wrong: unknown names as given, keys of other types, keys
            given twice; all keys where a type is unknown.
        wrong: why no image could have this answer, in words; None if one could.
    """

    degradations: tuple[Degradation, ...]
    extra: tuple[str, ...] = ()
    wrong: str | None = None


def from_parameters(type_name: str, parameters: Iterable[tuple[str, Any]]) -> Answer:
    """The answer with one type; raises InputError where a value is not one of its key."""
    return _answer({type_name: parameters})


def from_tuples(triples: Sequence[Any]) -> Answer:
    """The answer of [[type, key, value], …]; none at all means that nothing is degraded.

    A triple may be an object as a dataset's `tuples` has them: {"type", "key", "value", "shape"}.
    `shape` may be left out, and says nothing that the number of entries does not.

    Raises InputError where something is not such a triple, or a value is not one of its key.
    """
    by_type: dict[str, list[tuple[str, Any]]] = {}
    for triple in map(_triple, triples):
        if not isinstance(triple, list | tuple) or len(triple) != 3:
            raise InputError(f'{brief(triple)} is not a tuple; write ["blur", "sigma", 3.1]')
        type_name, key, value = triple
        if not (isinstance(type_name, str) and isinstance(key, str)):
            raise InputError(f"type and key of the tuple {brief(triple)} must be strings")
        by_type.setdefault(find_type(type_name) or type_name, []).append((key, value))
    return _answer(by_type or {"none": []})


def _triple(given: Any) -> Any:
    """An object of a dataset's `tuples` as a triple; anything else as it is."""
    if not isinstance(given, dict):
        return given
    fields = [name for name, _ in pairs_of(given)]
    if sorted({*fields, "shape"}) != ["key", "shape", "type", "value"] or len(fields) > len(given):
        raise InputError(f"the tuple {brief(given)} is not of type, key, value (and shape)")
    return [given[name] for name in ("type", "key", "value")]


def _answer(by_type: Mapping[str, Iterable[tuple[str, Any]]]) -> Answer:
    """The answer with these types, each with its keys and values as given."""
    unknown = [name for name in by_type if find_type(name) is None]
    wrong = [f"unknown type {brief(name)}" for name in unknown[:1]]
    degradations: list[Degradation] = []
    extra: list[str] = []
    for name, pairs in by_type.items():
        type_name = find_type(name)
        own = _KEYS_OF[type_name] if type_name and not unknown else frozenset()
        values: dict[str, Value] = {}
        for key_name, given in pairs:
            key = find_key(key_name, type_name)
            if key is None:
                extra.append(key_name)
                wrong.append(f"unknown key {brief(key_name)}")
                continue
            value = check_value(KEYS[key], given)
            if key not in own:
                extra.append(key)
                wrong.append(f"{key} is not a key of {type_name}")
            elif key in values:
                extra.append(key)
                wrong.append(f"{key} is given twice")
            else:
                values[key] = value
        if type_name and not unknown:
            degradations.append(Degradation(type_name, values))
    return Answer(tuple(degradations), tuple(extra), wrong[0] if wrong else None)


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
    if len(entries) != key.size or not all(is_number(entry) for entry in entries):
        wanted = f"{key.size} numbers" if key.kind == "vector" else "a number"
        raise InputError(f"{key.name}={brief(given)} is not {wanted}")
    for entry in entries:
        # Not NaN either: it compares with nothing.
        if not abs(entry) <= MOST:
            raise InputError(f"{key.name}={brief(entry)} is not a finite number up to {MOST:g}")
    floats = tuple(float(entry) for entry in entries)
    return floats if key.kind == "vector" else floats[0]


def is_number(entry: object) -> bool:
    """Whether a decoded value is a number; true and false are none."""
    return isinstance(entry, int | float) and not isinstance(entry, bool)
