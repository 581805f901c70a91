"""A model's raw text, understood: by the token grammar first, as JSON in prose second."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from dubench.predictions import grammar
from dubench.predictions.answer import Answer, from_parameters, from_tuples
from dubench.predictions.certainty import ranges_of, type_probabilities_of
from dubench.predictions.names import find_field, find_key
from dubench.text import LENIENT, brief, pairs_of
from generators.errors import InputError
from generators.taxonomy import Degradation, Value

# Generous for any model; they bound the work that a hostile text can cause.
LONGEST = 1_000_000
_TRIES = 100

_OPENING = re.compile(r'\[\s*(?=\{\s*")|\{\s*"')  # of an object, or of a list of objects
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_FIELDS = ("type", "parameters", "tuples")
_CERTAINTY = {"type_probabilities": type_probabilities_of, "ranges": ranges_of}
_NO_KEYS = (*_CERTAINTY, "confidence")


def understand(text: str, grid: grammar.Grid = grammar.TAXONOMY) -> Answer:
    """The answer in a model's raw text; keys may be missing, nothing else is wrong with it.

    A text with a token of the grammar is read by the grammar. Otherwise the JSON in it, bare or in
    a fence, is read: {"type", "parameters"}, {"tuples"}, the parameters beside `type`, or a list
    of such objects, one per degradation. Names may be common ones, numbers may be strings, null is
    a key left out. What a reasoning model thought within <think> is no answer.

    Raises:
        ValueError: the text has no answer, a wrong one (unknown or repeated names, a value that is
            none), or two that differ; one short reason.
    """
    if len(text) > LONGEST:
        raise InputError(f"longer than {LONGEST:,} characters")
    text = _after_thinking(text)
    if grammar.has_tokens(text):
        return Answer(grammar.decode(text, grid))
    answers = [_together(map(_answer, objects)) for objects in _objects(text)]
    if not answers:
        raise InputError("neither tokens nor a JSON object with a type")
    if any(_by_type(answer) != _by_type(answers[0]) for answer in answers):
        raise InputError("two JSON objects that say different things")
    return answers[0]


def certainty(text: str) -> dict[str, Any]:
    """The fields `type_probabilities` and `ranges` of the JSON in a model's raw text, as written.

    Raises:
        ValueError: one of them is not what preds.jsonl has there, or two differ; one short reason.
    """
    fields: dict[str, Any] = {}
    if len(text) <= LONGEST:
        for pairs in chain.from_iterable(_objects(_after_thinking(text))):
            for name, given in pairs:
                if name not in _CERTAINTY or given is None:
                    continue
                _CERTAINTY[name](given)
                if fields.setdefault(name, given) != given:
                    raise InputError(f"{name} is given twice, with a difference")
    return fields


def _after_thinking(text: str) -> str:
    """The answer itself; nothing of it if the thinking was cut off."""
    return text.rpartition("</think>")[2].partition("<think>")[0]


def _together(answers: Iterable[Answer]) -> Answer:
    """The answer of a list of objects; the same degradation twice is one."""
    degradations: list[Degradation] = []
    for answer in answers:
        if answer.wrong:
            raise InputError(answer.wrong)
        degradations += [one for one in answer.degradations if one not in degradations]
    repeated = Counter(one.type for one in degradations).most_common(1)
    if repeated and repeated[0][1] > 1:
        raise InputError(f"{repeated[0][0]} is given twice")
    return Answer(tuple(degradations))


def _by_type(answer: Answer) -> dict[str, Mapping[str, Value]]:
    return {one.type: one.values for one in answer.degradations}


def _objects(text: str) -> Iterator[list[list[tuple[str, Any]]]]:
    """The outermost JSON objects in prose that have a `type` or `tuples`, as pairs.

    Each alone, or together with those of one list.
    """
    end = 0
    for opening in islice(_OPENING.finditer(text), _TRIES):
        if opening.start() < end:
            continue
        try:
            decoded, after = LENIENT.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        objects = [_pairs(entry) for entry in (decoded if isinstance(decoded, list) else [decoded])]
        if all(any(name in ("type", "tuples") for name, _ in pairs) for pairs in objects):
            yield objects
            end = after


def _pairs(decoded: Any) -> list[tuple[str, Any]]:
    if not isinstance(decoded, dict):
        return []
    fields = (*_FIELDS, *_NO_KEYS)
    return [(find_field(name, fields) or name, value) for name, value in pairs_of(decoded)]


def _answer(pairs: list[tuple[str, Any]]) -> Answer:
    fields = dict(pairs)
    if sum(name in _FIELDS for name, _ in pairs) != len(fields.keys() & set(_FIELDS)):
        raise InputError("type, parameters or tuples is given twice")
    if "tuples" in fields:
        if not isinstance(fields["tuples"], list):
            raise InputError(f"tuples={brief(fields['tuples'])} is not a list")
        return from_tuples([_triple(entry) for entry in fields["tuples"]])
    if not isinstance(fields["type"], str):
        raise InputError(f"type={brief(fields['type'])} is not a string")
    if "parameters" not in fields:
        beside = [(name, value) for name, value in pairs if name != "type" and _counts(name, value)]
        return from_parameters(fields["type"], _given(beside))
    if not isinstance(fields["parameters"], dict):
        raise InputError(f"parameters={brief(fields['parameters'])} is not an object")
    return from_parameters(fields["type"], _given(pairs_of(fields["parameters"])))


def _triple(entry: Any) -> Any:
    """A tuple as the dataset writes it, {"type", "key", "value"}, or as a list."""
    if isinstance(entry, dict) and {"type", "key", "value"} <= entry.keys():
        entry = [entry["type"], entry["key"], entry["value"]]
    return [*entry[:2], *map(_number, entry[2:])] if isinstance(entry, list) else entry


def _counts(name: str, value: Any) -> bool:
    """Whether what stands beside a type is meant as a parameter: not a rationale, say."""
    if name in _NO_KEYS:
        return False
    return find_key(name) is not None or not (
        isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value))
    )


def _given(pairs: Any) -> list[tuple[str, Any]]:
    return [(name, _number(value)) for name, value in pairs if value is not None]


def _number(value: Any, levels: int = 2) -> Any:
    """Strings that are numbers as numbers, in lists and lists of lists too."""
    if isinstance(value, list) and levels:
        return [_number(entry, levels - 1) for entry in value]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
