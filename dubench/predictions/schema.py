"""The JSON Schema of one line of preds.jsonl, from the taxonomy."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

from dubench.predictions.answer import MOST
from dubench.predictions.certainty import LEVEL, SUM_TOLERANCE
from dubench.predictions.record import MAPS, USAGE
from generators.taxonomy import KEYS, TYPES, Key

Schema = dict[str, Any]

_NAME: Schema = {"type": "string", "minLength": 1}
_AMOUNT: Schema = {"type": "number", "minimum": 0, "maximum": MOST}
_NUMBER: Schema = {"type": "number", "minimum": -MOST, "maximum": MOST}


def schema(keys: Mapping[str, Key] = KEYS) -> Schema:
    """JSON Schema (draft 2020-12) of a line: a prediction, or the meta line.

    It says what makes a line well-formed. Wrong names are well-formed, and scored as wrong; what
    needs other lines or the dataset (ids) is left to the reader, and so is the length of a vector
    under a common name.

    Args:
        keys: as the taxonomy has them, or `Preset.keys`, whose ranges the descriptions then give.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of preds.jsonl",
        "oneOf": [_meta(), _prediction()],
        "$defs": {key.name: _value(key) for key in keys.values()},
    }


def _meta() -> Schema:
    delta = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
    pair = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
    known = {"delta": delta, "key_ranges": _object(dict.fromkeys(KEYS, pair), [])}
    return _object({"meta": {"type": "object", "properties": known}}, ["meta"])


def _prediction() -> Schema:
    types = f"one of {', '.join(TYPES)}, or a common name of one"
    parameters = {"type": "object", "properties": {name: _ref(name) for name in KEYS}}
    forms: list[Schema] = [
        {"required": ["type"]},
        {"required": ["tuples"]},
        {"required": ["output"]},
    ]
    fields: Schema = {
        "id": _NAME,
        "type": {"type": "string", "description": types},
        "parameters": parameters,
        "tuples": {"type": "array", "items": _tuple()},
        "output": {"type": "string", "description": "a model's raw text"},
        "type_probabilities": _type_probabilities(),
        "ranges": _ranges(),
        "restored": _NAME | {"description": "path of the restored image"},
        "maps": _object(dict.fromkeys(MAPS, _NAME), []),
        "latency_s": _AMOUNT,
        "usage": _object(dict.fromkeys(USAGE, _AMOUNT), []),
    }
    return _object(fields, ["id"]) | {
        "oneOf": forms,
        "dependentRequired": {"parameters": ["type"]},
    }


def _type_probabilities() -> Schema:
    about = f"how likely each type is, 1 together within {SUM_TOLERANCE:g}"
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return {"type": "object", "description": about, "minProperties": 1} | {
        "additionalProperties": share
    }


def _ranges() -> Schema:
    about = f"per key the central {LEVEL:.0%} range [low, high]; of a vector, one for each entry"
    pair = _list(_NUMBER, 2)
    fitting = {
        key.name: _list(pair, key.size) if key.kind == "vector" else pair for key in KEYS.values()
    }
    return {"type": "object", "description": about, "properties": fitting}


def _tuple() -> Schema:
    """A triple as a list, or as the object that a dataset's `tuples` has."""
    known = [{"prefixItems": [{}, {"const": name}, _ref(name)]} for name in KEYS]
    other = {"prefixItems": [{}, {"not": {"enum": list(KEYS)}}, {}]}
    triple = {
        "type": "array",
        "minItems": 3,
        "maxItems": 3,
        "prefixItems": [{"type": "string"}, {"type": "string"}, {}],
        "anyOf": [*known, other],
    }
    name: Schema = {"type": "string"}
    fields: Schema = {"type": name, "key": name, "value": {}, "shape": {}}
    named = [{"properties": {"key": {"const": key}, "value": _ref(key)}} for key in KEYS]
    unnamed = {"properties": {"key": {"not": {"enum": list(KEYS)}}}}
    entry = _object(fields, ["type", "key", "value"]) | {"anyOf": [*named, unnamed]}
    return {"oneOf": [triple, entry]}


def _value(key: Key) -> Schema:
    """A number, alone or in a list; a list for a vector, also by rows if it is a square matrix."""
    about = {"description": f"{key.meaning} ({key.unit}, {key.low:g} to {key.high:g})"}
    ways = [_list(_NUMBER, key.size)]
    side = isqrt(key.size)
    if key.kind != "vector":
        ways.insert(0, _NUMBER)
    elif side**2 == key.size:
        ways.append(_list(_list(_NUMBER, side), side))
    return about | {"anyOf": ways}


def _list(items: Schema, size: int) -> Schema:
    return {"type": "array", "items": items, "minItems": size, "maxItems": size}


def _object(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
