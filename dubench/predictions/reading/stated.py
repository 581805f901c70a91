"""What a decoded object states: a type and parameters, under the names that models use."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dubench.predictions.answer import Answer, from_parameters, from_tuples, is_number
from dubench.predictions.reading.names import find_key, find_type
from dubench.predictions.reading.numbers import key_number
from dubench.text import brief, pairs_of
from generators.errors import InputError
from generators.taxonomy import TYPES

Pairs = list[tuple[str, Any]]

_GAPS = re.compile(r"[\s_-]+")
_ROLES = {
    "type": (
        "type", "degradation", "degradationtype", "degradationname", "degradationclass",
        "typeofdegradation", "distortion", "distortiontype", "predictedtype",
        "predicteddegradation", "primarydegradation", "maindegradation", "dominantdegradation",
        "primarytype", "类型", "退化类型",
    ),
    # These are types only if their value is one.
    "maybe": (
        "category", "class", "label", "name", "kind", "answer", "finalanswer", "prediction",
        "result", "corruption", "artifact", "diagnosis",
    ),
    "parameters": (
        "parameters", "params", "parameter", "degradationparameters", "degradationparams",
        "estimatedparameters", "predictedparameters", "physicalparameters", "modelparameters",
        "parameterestimates", "parametervalues", "estimates", "values", "args", "arguments",
        "kwargs", "attributes", "参数",
    ),
    "tuples": ("tuples",),
    "type_probabilities": ("typeprobabilities",),
    "ranges": ("ranges",),
}  # fmt: skip
_ROLE = {name: role for role, names in _ROLES.items() for name in names}
_CERTAINTY = ("type_probabilities", "ranges")

# Beside parameters: how sure, how strong, of what. Derived values of the type's physics are too.
_ASIDE = {
    "severity", "confidence", "certainty", "uncertainty", "probability", "likelihood", "score",
    "strength", "level", "id", "severityscore", "confidencescore", "severitylevel",
}  # fmt: skip
# What `type` says of the objects that servers wrap answers in.
_WRAPPERS = ("function", "tool_call", "tool_use", "object", "json", "text", "message")
# An object in which one of these is false names what is not there.
_PRESENCE = ("present", "detected", "exists", "applies", "applied", "visible", "isdegraded")
_FURTHER = re.compile(r"type|degrad|distort|second|other|also|additional", re.IGNORECASE)
_NAMES = ("name", "key", "parameter", "param")
_DEEPEST = 12


@dataclass(frozen=True)
class Stated:
    """What one object states; `answer` reads it."""

    types: tuple[Any, ...]
    parameters: tuple[Any, ...]
    tuples: tuple[Any, ...]
    beside: tuple[tuple[str, Any], ...]
    certainty: tuple[tuple[str, Any], ...]
    denied: bool = False
    """Whether it says of the type that it is not there."""

    def answer(self) -> Answer:
        """The answer, in the taxonomy's names.

        Raises:
            InputError: a field is given twice or is not what it must be, two types are named, or
                a value is not one of its key.
        """
        if len(self.parameters) > 1 or len(self.tuples) > 1:
            raise InputError("type, parameters or tuples is given twice")
        if self.tuples:
            if not isinstance(self.tuples[0], list):
                raise InputError(f"tuples={brief(self.tuples[0])} is not a list")
            return from_tuples([_triple(entry) for entry in self.tuples[0]])
        name = self._type()
        given = _parameters(self.parameters[0] if self.parameters else None, name)
        if not given:
            given = [(key, value) for key, value in self.beside if _counts(key, value)]
        return from_parameters(name, _values(given, name))

    def _type(self) -> str:
        for given in self.types:
            if not isinstance(given, str):
                raise InputError(f"type={brief(given)} is not a string")
        known = [find_type(given) for given in self.types]
        others = {
            find_type(value) if isinstance(value, str) else None
            for name, value in self.beside
            if _FURTHER.search(name)
        }
        if len(set(known)) > 1 or (others - {None, "none", *known} and None not in known):
            raise InputError("type, parameters or tuples is given twice, or two types are named")
        return str(self.types[0])


def stated_in(decoded: Any, level: int = 0) -> list[Stated]:
    """All that an object, or a list of objects, states, in its order, however deep it stands."""
    if level > _DEEPEST:
        return []
    if isinstance(decoded, list):
        if decoded and all(map(_is_triple, decoded)):
            return [Stated((), (), (decoded,), (), ())]
        return [one for entry in decoded for one in stated_in(entry, level + 1)]
    if not isinstance(decoded, dict):
        return []
    if _is_triple(decoded):
        return [Stated((), (), ([decoded],), (), ())]
    pairs = list(pairs_of(decoded))
    own = _own(pairs)
    nested = [
        one
        for name, value in pairs
        if _role(name) not in _CERTAINTY and not (own and _role(name) in ("parameters", "tuples"))
        for one in stated_in(value, level + 1)
    ]
    if own or nested:
        return [*own, *nested]
    # {"haze": {"transmission": 0.4}}: the type is the name.
    return [
        Stated((name,), (value,), (), (), (), _denies(pairs_of(value)))
        for name, value in pairs
        if isinstance(value, dict) and _role(name) is None and find_type(name)
    ]


def _own(pairs: Pairs) -> list[Stated]:
    """What the fields of one object state themselves."""
    by_role: dict[str, list[Any]] = {}
    beside: Pairs = []
    for name, value in pairs:
        role = _role(name)
        if role is None or (role == "maybe" and not (isinstance(value, str) and find_type(value))):
            beside.append((name, value))
        else:
            by_role.setdefault(role, []).append(value)
    types = [_alone(given) for given in by_role.get("type", [])]
    # A type that is an object, or objects, holds the answer itself.
    types = [given for given in types if given not in _WRAPPERS and not _holds_objects(given)]
    types = types or by_role.get("maybe", [])
    if not types and "tuples" not in by_role:
        return []
    certainty = [(name, given) for name in _CERTAINTY for given in by_role.get(name, [])]
    return [
        Stated(
            tuple(types), tuple(by_role.get("parameters", ())), tuple(by_role.get("tuples", ())),
            tuple(beside), tuple(certainty),
            _denies(beside),
        )
    ]  # fmt: skip


def _denies(pairs: Iterable[tuple[str, Any]]) -> bool:
    return any(value is False and _plain(name) in _PRESENCE for name, value in pairs)


def _plain(name: str) -> str:
    return _GAPS.sub("", name).casefold()


def _role(name: str) -> str | None:
    return _ROLE.get(_plain(name))


def _alone(given: Any) -> Any:
    return given[0] if isinstance(given, list) and len(given) == 1 else given


def _holds_objects(given: Any) -> bool:
    entries = given if isinstance(given, list) else [given]
    return bool(entries) and all(isinstance(entry, dict) for entry in entries)


def _parameters(given: Any, type_name: str) -> Pairs:
    """The pairs of an object, or of a list of named values; those of other types left empty."""
    if given is None:
        return []
    if isinstance(given, list):
        return [_named(entry, given) for entry in given]
    if not isinstance(given, dict):
        raise InputError(f"parameters={brief(given)} is not an object")
    pairs: Pairs = []
    for name, value in pairs_of(given):
        own = isinstance(value, dict) and find_type(name) == find_type(type_name) is not None
        pairs += pairs_of(value) if own else [(name, value)]
    return pairs


def _named(entry: Any, given: Any) -> tuple[str, Any]:
    if isinstance(entry, dict) and "value" in entry:
        names = [entry[name] for name in _NAMES if isinstance(entry.get(name), str)]
        if len(names) == 1:
            return names[0], entry["value"]
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
        return entry[0], entry[1]
    raise InputError(f"parameters={brief(given)} is not an object")


def _values(pairs: Iterable[tuple[str, Any]], type_name: str) -> Iterator[tuple[str, Any]]:
    """The pairs that are parameters, numbers read; what says something else is passed over."""
    type_ = TYPES.get(find_type(type_name) or "")
    for name, given in pairs:
        value = key_number(given, name, type_name=type_.name if type_ else None)
        if value is None or (type_ and name in type_.derived):
            continue
        if find_key(name) is None and (_plain(name) in _ASIDE or isinstance(value, bool | str)):
            continue
        yield name, value


def _counts(name: str, value: Any) -> bool:
    """Whether what stands beside a type may be a parameter: not a rationale, nor a list of them."""
    return find_key(name) is not None or not (isinstance(value, dict) or _is_prose(value))


def _is_prose(value: Any) -> bool:
    return isinstance(value, list) and not all(map(is_number, value))


def _is_triple(entry: Any) -> bool:
    return isinstance(entry, dict) and {*entry, "shape"} == {"type", "key", "value", "shape"}


def _triple(entry: Any) -> Any:
    """A tuple, its number read."""
    if isinstance(entry, dict) and isinstance(entry.get("key"), str) and "value" in entry:
        return {**entry, "value": key_number(entry["value"], entry["key"], None)}
    if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[1], str):
        return [*entry[:2], key_number(entry[2], entry[1], None)]
    return entry
