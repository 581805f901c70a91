"""Type and values in a text without objects: `Type: blur`, `σ ≈ 3.2 px`, in lists or sentences."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from dubench.predictions.answer import Answer, from_parameters
from dubench.predictions.reading.markup import plain
from dubench.predictions.reading.names import find_type
from dubench.predictions.reading.numbers import number
from dubench.text import brief
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Key

_NONE = InputError("no answer: neither tokens, nor an object or a label that names a type")
# A model that answers without objects answers in few words.
_LONGEST = 20_000
_CLAUSE_LENGTH = 300

_TYPE_LABEL = re.compile(
    r"(?<![\w])(?P<label>(?:predicted |primary |main |dominant |final )?"
    r"(?:degradation|distortion)(?:[ _-]?(?:type|name|class))?|type(?: of (?:the )?degradation)?"
    r"|(?:final )?answer|category|class|label|prediction|diagnosis|result|类型|退化类型|答案)"
    r"(?:\s*\([^()\n]*\))?\s*(?::|=|->|→|⇒|\bis\b)\s*(?P<name>[^\n,;:=]*)(?P<after>[:=]?)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:there (?:is|are)|(?:the|this) (?:image|photo|photograph|picture) (?:is|has|shows|appears))"
    r"(?: to be| to have)? ([^\n]{1,60})",
    re.IGNORECASE,
)
_STRONG = re.compile(r"type|degrad|distort|类型", re.IGNORECASE)
_NAME_ENDS = re.compile(r"\s+with\b|\.(?:\s|$)|\s[-–—]\s", re.IGNORECASE)
_RESOLVED = re.compile(
    r"\b(?:final|finally|corrected|revised|actually|instead|conclusion|therefore)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"[.;:!?\n,]|\bbut\b|\bwhile\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:no|not|without|neither|nor|never|absence|free of|rather than|instead of|unlike)\b"
    r"|n['’]?t\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:might|may|maybe|could|possibly|perhaps|or|either|unclear|unsure|cannot|between)\b|\?",
    re.IGNORECASE,
)
_ANOTHER_BLUR = re.compile(r"(?:motion|radial|zoom|directional|box|median)[\s_-]*$", re.IGNORECASE)
_VALUE = re.compile(r"[^\n;|]*")
_VALUE_ENDS = re.compile(
    r",(?=\s*[^\d\s.+-]|\s*$)|\s(?:and|with)\s|\.(?=\s|$)|\s[-–—]\s(?=[^\d\s])|\s(?=[A-Za-z_γσ]+\s?[=:])"
)
_LEADING = re.compile(
    r"((?:\s*(?:about|approximately|around|roughly|[~≈]))?\s*[x×]?\s*[+-]?[\d.,]*\d\s*"
    r"(?:%|px|pixels?|[x×]|-?fold|times)?)(?=[\s(.]|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_RANGES_ON = re.compile(r"\s*(?:to|or|and|-|–|—|/|\.\.)(?!\w)", re.IGNORECASE)
_VECTOR = re.compile(r"[\[(\s]*-?[\d.][\d.\s,;eE+\-\[\]()]*")


def _spelled(names: Iterable[str]) -> str:
    """A pattern of any of these names, the longest first, however they are spaced."""
    ordered = sorted(names, key=len, reverse=True)
    return "|".join(r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", name))) for name in ordered)


_DEGRADED = [one for one in TYPES.values() if one.name != "none"]
_MENTIONS = _spelled(n for one in _DEGRADED for n in (one.name, *one.aliases, *one.spellings))
_MENTION = re.compile(rf"(?<![^\W\d_])(?:{_MENTIONS})(?![^\W\d_])", re.IGNORECASE)


def _key_pattern(key: Key, foreign: bool) -> re.Pattern[str]:
    """A key's name and what stands between it and its value.

    Of one letter it must be written as in the formula (`A = 0.8`). A key of another type counts
    only by its own name: `factor` may be any.
    """
    names = [name for name in (key.name, *key.aliases) if len(name) > 1 or not name.isascii()]
    letters = [name.upper() if key.name == "atmospheric_light" else name
               for name in key.aliases if len(name) == 1 and name.isascii()]  # fmt: skip
    words = (
        rf"(?:{_spelled([key.name] if foreign else names)})(?:\s*\([^()\n]{{0,30}}\))?\s*"
        r"(?::|=|≈|~|->|→|\b(?:is|of|at)\b|(?=[<>≤≥]))"
    )
    short = rf"|(?-i:{'|'.join(letters)})\s*(?::|=|≈|~)" if letters and not foreign else ""
    return re.compile(rf"(?<![^\W_])(?:{words}{short})\s*", re.IGNORECASE)


_OWN = {key.name: _key_pattern(key, foreign=False) for key in KEYS.values()}
_FOREIGN = {key.name: _key_pattern(key, foreign=True) for key in KEYS.values()}


def labelled(text: str) -> Answer:
    """The answer of a text without objects; keys may be missing, nothing else is wrong with it.

    The type is what a label names (`Type: blur`), the whole text (`Blur`), or the one type that a
    sentence speaks of, neither in doubt nor denied, if it gives a value of it.

    Raises:
        InputError: there is no type or another one, two, or a value that is none.
    """
    if len(text) > _LONGEST or text.count("{") > text.count("}"):  # or an object that is cut off
        raise _NONE
    text = plain(text)
    whole = text.strip(" \t\n.!*_")
    if "\n" not in whole and (name := find_type(whole)):
        return from_parameters(name, [])
    sentence = _SENTENCE.fullmatch(whole)
    if sentence and find_type(sentence[1]) == "none":  # which has no values to give
        return from_parameters("none", [])
    labels = list(_labels(text))
    if labels:
        start, name = labels[-1]
        before = [other for _, other in labels if other != name]
        if before and not _RESOLVED.search(text[labels[-2][0] : start]):
            raise InputError("two types, and no choice between them")
        answer = from_parameters(name, _values(text[start if before else 0 :], name))
    else:
        name = _mentioned(text)
        values = list(_values(text, name))
        if not values:
            raise _NONE
        answer = from_parameters(name, values)
    if answer.wrong:
        raise InputError(answer.wrong)
    return answer


def _labels(text: str) -> Iterator[tuple[int, str]]:
    """Where labels name types, and which."""
    place = 0
    while label := _TYPE_LABEL.search(text, place):
        place = label.start("name")
        written = _NAME_ENDS.split(label["name"])[0]
        if written.count("(") > written.count(")"):
            written = written.partition("(")[0]
        written = written.strip(" \t.*_")
        name = find_type(written)
        if name:
            yield label.start(), name
        elif written and not label["after"] and _STRONG.search(label["label"]):
            raise InputError(f"unknown type {brief(written)}")


def _mentioned(text: str) -> str:
    """The one type that a text without labels speaks of."""
    types = set()
    for mention in _MENTION.finditer(text):
        start, end = mention.span()
        before = _CLAUSE.split(text[max(start - _CLAUSE_LENGTH, 0) : start])[-1]
        after = _CLAUSE.split(text[end : end + _CLAUSE_LENGTH], maxsplit=1)[0]
        if _NEGATION.search(before):
            continue
        if _DOUBT.search(before + " " + after) or _ANOTHER_BLUR.search(before):
            raise _NONE
        types.add(find_type(mention[0]))
    if len(types) != 1:
        raise _NONE
    return str(types.pop())


def _values(text: str, type_name: str) -> Iterator[tuple[str, Any]]:
    """The values that a text gives, each once where it is given again."""
    own = {key.name for key in TYPES[type_name].keys}
    given: list[tuple[str, Any]] = []
    for name, key in KEYS.items():
        for label in (_OWN if name in own else _FOREIGN)[name].finditer(text):
            value = _value(text[label.end() :], key)
            if value is not None and (name, value) not in given:
                given.append((name, value))
    yield from given


def _enclosed(line: str) -> str:
    """A line up to the bracket that closes what it stands in."""
    level = 0
    for place, letter in enumerate(line):
        level += (letter == "(") - (letter == ")")
        if level < 0:
            return line[:place]
    return line


def _value(text: str, key: Key) -> Any:
    """What stands behind a key's label: a number, None where there is none, or what is wrong."""
    if key.kind == "vector":
        numbers = _VECTOR.match(text)
        return number(numbers[0], key) if numbers else None
    line = _VALUE.match(text)
    written = _VALUE_ENDS.split(_enclosed(line[0][:300] if line else ""))[0].strip()
    value = number(written, key)
    if not isinstance(value, str):
        return value
    # `3.2 pixels in the middle`: what follows must not make it a range, or another number.
    leading = _LEADING.match(written)
    if leading and not _RANGES_ON.match(leading[2]) and not re.search(r"\d", leading[2]):
        value = number(leading[1], key)
    return value if not isinstance(value, str) or re.search(r"\d", value) else None
