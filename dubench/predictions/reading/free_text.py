"""A model's raw text, understood: tokens of the grammar first, then objects, then labels."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dubench.predictions import grammar
from dubench.predictions.answer import Answer
from dubench.predictions.certainty import ranges_of, type_probabilities_of
from dubench.predictions.reading.labels import labelled
from dubench.predictions.reading.relaxed import objects
from dubench.predictions.reading.stated import Stated, stated_in
from generators.errors import InputError
from generators.taxonomy import Degradation, Value

# Generous for any model; it bounds the work that a hostile text can cause.
LONGEST = 1_000_000

_THINKING = r"(?:<{0}(?:think|thinking|thought|reasoning)>|◁{0}think▷)"
_OPENED = re.compile(_THINKING.format(""), re.IGNORECASE)
_CLOSED = re.compile(
    _THINKING.format("/") + r"|<\|channel\|>final<\|message\|>|<\|end_of_thought\|>", re.IGNORECASE
)
# JSON within a string, as some servers return it.
_ESCAPED = re.compile(r"[{\[]\s*(?:\\n\s*)?\\\"")
_DOUBT = re.compile(
    r"\b(?:or|alternatively|possibly|perhaps|maybe|might|could|otherwise)\b|/", re.IGNORECASE
)
_RESOLVED = re.compile(
    r"\b(?:final|finally|correct|corrected|revised|actually|instead|conclusion|conclude|therefore)\b",
    re.IGNORECASE,
)
_CERTAINTY = {"type_probabilities": type_probabilities_of, "ranges": ranges_of}


@dataclass(frozen=True)
class _Object:
    """What one object in a text, or one list of objects, states, and where it stands."""

    start: int
    end: int
    stated: list[Stated]


def understand(text: str, grid: grammar.Grid = grammar.TAXONOMY) -> Answer:
    """The answer in a model's raw text; keys may be missing, nothing else is wrong with it.

    A text with a token of the grammar is read by the grammar. Otherwise the last object in it that
    states a type counts, JSON or nearly so (`relaxed`, `stated`). Without any, type and values are
    read from labels: lists, tables, `name = value` (`labels`). Names may be common ones, numbers
    have units. What a reasoning model thought is no answer.

    Raises:
        ValueError: the text has no answer, a wrong one (unknown or repeated names, a value that is
            none), or two between which it does not choose; one short reason.
    """
    if len(text) > LONGEST:
        raise InputError(f"longer than {LONGEST:,} characters")
    text = _after_thinking(text)
    if grammar.has_tokens(text):
        return Answer(grammar.decode(text, grid))
    stating = _objects(text)
    if not stating:
        return labelled(text)
    answer = _together(stating[-1])
    if len(stating) > 1 and _wavers(text[stating[-2].end : stating[-1].start]):
        _check_same(answer, stating[-2])
    return answer


def certainty(text: str) -> dict[str, Any]:
    """The fields `type_probabilities` and `ranges` beside the answer in a model's raw text.

    Raises:
        ValueError: one of them is not what preds.jsonl has there, or two differ; one short reason.
    """
    fields: dict[str, Any] = {}
    stating = _objects(_after_thinking(text)) if len(text) <= LONGEST else []
    for stated in stating[-1].stated if stating else ():
        for name, given in stated.certainty:
            if given is None:
                continue
            _CERTAINTY[name](given)
            if fields.setdefault(name, given) != given:
                raise InputError(f"{name} is given twice, with a difference")
    return fields


def _after_thinking(text: str) -> str:
    """The answer itself; nothing of it if the thinking was cut off."""
    closed = [match.end() for match in _CLOSED.finditer(text)]
    answer = text[closed[-1] :] if closed else text
    opened = _OPENED.search(answer)
    return answer[: opened.start()] if opened else answer


def _objects(text: str) -> list[_Object]:
    """What the objects in a text state, those that state nothing left out."""
    if _ESCAPED.search(text):
        text = text.replace("\\n", "\n").replace('\\"', '"')
    given = [_Object(start, end, stated_in(decoded)) for start, end, decoded in objects(text)]
    return [one for one in given if one.stated]


def _together(given: _Object) -> Answer:
    """The answer of an object or a list of them; the same degradation twice is one."""
    degradations: list[Degradation] = []
    affirmed = [stated for stated in given.stated if not stated.denied]
    if not affirmed:
        raise InputError("names only what is not there")
    for stated in affirmed:
        answer = stated.answer()
        if answer.wrong:
            raise InputError(answer.wrong)
        degradations += [one for one in answer.degradations if one not in degradations]
    repeated = Counter(one.type for one in degradations).most_common(1)
    if repeated and repeated[0][1] > 1:
        raise InputError(f"{repeated[0][0]} is given twice")
    return Answer(tuple(degradations))


def _wavers(between: str) -> bool:
    """Whether the words between two objects leave open which of them is meant."""
    return bool(_DOUBT.search(between)) and not _RESOLVED.search(between)


def _check_same(answer: Answer, other: _Object) -> None:
    try:
        before = _together(other)
    except ValueError:
        return
    if _by_type(before) != _by_type(answer):
        raise InputError("two objects that say different things, and no choice between them")


def _by_type(answer: Answer) -> dict[str, Mapping[str, Value]]:
    return {one.type: one.values for one in answer.degradations}
