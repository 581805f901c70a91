"""Frozen dataclasses as JSON and back: nothing unknown is read, and nothing is missing."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from generators.errors import InputError

T = TypeVar("T")

JSON_NAME = "json"
"""A field's metadata under this name is its name in JSON, where that is another one."""

_PLAIN: dict[type, str] = {str: "a text", bool: "true or false", int: "a whole number"}


def to_json(value: object) -> Any:
    """`value` in JSON's types: a dataclass becomes an object of its fields, a tuple a list."""
    if is_dataclass(value):
        return {_name(f): to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: to_json(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(entry) for entry in value]
    return value


def from_json(cls: type[T], data: object, where: str) -> T:
    """The `cls`, a dataclass, that `to_json` wrote as `data`; a field with a default may be absent.

    Types of fields may be plain ones, dataclasses, tuples, mappings by text, literals and unions.

    Args:
        where: names the file and the place in it, for messages.

    Raises:
        InputError: a field is missing, unknown, or of another type.
    """
    if not isinstance(data, Mapping):
        raise _odd(where, data, "an object")
    hints = _hints(cls)  # type: ignore[arg-type]
    unknown = [name for name in data if name not in hints]
    if unknown:
        raise InputError(
            f"{where}: unknown field {unknown[0]!r}; another version of dubench wrote it"
        )
    values = {}
    for name, (f, hint) in hints.items():
        if name in data:
            values[f.name] = _read(hint, data[name], f"{where}.{name}")
        elif f.default is MISSING and f.default_factory is MISSING:
            raise InputError(f"{where}: {name} is missing; another version of dubench wrote it")
    return cls(**values)


def _read(hint: Any, data: Any, where: str) -> Any:
    origin, of = get_origin(hint), get_args(hint)
    if hint is Any:
        return data
    if origin in (Union, UnionType):
        return _read_union(of, data, where)
    if origin is Literal:
        if data not in of:
            raise _odd(where, data, f"one of {', '.join(map(str, of))}")
        return data
    if origin is tuple:
        return _read_tuple(of, data, where)
    if is_dataclass(hint):
        return from_json(hint, data, where)  # type: ignore[arg-type]
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise _odd(where, data, "an object")
        return {name: _read(of[1], entry, f"{where}.{name}") for name, entry in data.items()}
    if hint is float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise _odd(where, data, "a number")
        if not math.isfinite(data):
            raise _odd(where, data, "a finite number")
        return data
    if not isinstance(data, hint) or (hint is int and isinstance(data, bool)):
        raise _odd(where, data, _PLAIN[hint])
    return data


def _read_union(options: tuple[Any, ...], data: Any, where: str) -> Any:
    rest = [option for option in options if option is not NoneType]
    if data is None and len(rest) < len(options):
        return None
    for option in rest[:-1]:
        try:
            return _read(option, data, where)
        except InputError:
            continue
    return _read(rest[-1], data, where)


def _read_tuple(of: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise _odd(where, data, "a list")
    if of[-1] is Ellipsis:
        of = of[:1] * len(data)
    if len(data) != len(of):
        raise _odd(where, data, f"a list of {len(of)}")
    return tuple(
        _read(hint, entry, f"{where}[{place}]")
        for place, (hint, entry) in enumerate(zip(of, data, strict=True))
    )


@cache
def _hints(cls: Any) -> dict[str, tuple[Field[Any], Any]]:
    """Fields and their types, by name in JSON."""
    types = get_type_hints(cls)
    return {_name(f): (f, types[f.name]) for f in fields(cls)}


def _name(f: Field[Any]) -> str:
    return f.metadata.get(JSON_NAME, f.name)


def _odd(where: str, data: object, wanted: str) -> InputError:
    shown = repr(data)
    return InputError(f"{where} is {shown if len(shown) < 60 else shown[:57] + '…'}, not {wanted}")
