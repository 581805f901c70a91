"""Objects as models write them: JSON, JSON5, Python's dicts, and their common slips."""

import json
import re
from collections.abc import Iterator
from typing import Any

from dubench.text import Repeated

# They bound the work that a hostile text can cause.
_LONGEST = 20_000
_TRIES = 300
_DEEPEST = 40

_OPENING = re.compile(r"(?<!\\text)(?<!\\boxed)[{｛]|\[(?=\s*[{｛])")
_SPACE = re.compile(r"(?:\s|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMA = re.compile(r"[,，;]")
_COLON = re.compile(r"[:：=]>?")
_CLOSING = {"{": "}｝", "｛": "}｝", "[": "]", "(": ")"}
_QUOTES = {'"': '"”', "“": '”"', "'": "'’", "‘": "’'", "`": "`"}
# A quote ends a string where something of the object's own follows: quotes within one are a slip.
_STRINGS = {
    opening: re.compile(
        rf"{opening}((?:\\.|[^\\])*?)[{closing}](?=\s*(?:[,，;:：=}}｝\])\n]|//|#|$))", re.DOTALL
    )
    for opening, closing in _QUOTES.items()
}
_KEY = re.compile(r"[^\s:：=,，;{}｛｝\[\]\"'“”][^:：=,，;{}｛｝\[\]\"“”\n]{0,60}?(?=\s*[:：=])")
_CALL = re.compile(r"[A-Za-z_][\w.]*(?=\()")
_ARGUMENT = re.compile(r"\(\s*[A-Za-z_]\w*\s*=")
_BARE = re.compile(
    r"(?:[^\S\n]\([^(){}\[\]\n]*\)|(?!//|\s#|/\*)[^,，;{}｛｝\[\]()\"“”\n])+"
)  # fmt: skip
_CONSTANTS = {
    "true": True, "false": False, "null": None, "none": None, "undefined": None,
    "nan": float("nan"), "infinity": float("inf"), "-infinity": float("-inf"),
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class _BrokenError(ValueError):
    """What begins like an object is none; `place` is where it ceases to be one."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def objects(text: str) -> Iterator[tuple[int, int, Any]]:
    """The outermost objects, and lists of objects, in a text: where they begin and end, decoded.

    Beside JSON, these are read: quotes of other kinds or none, line breaks and quotes within
    strings, comments, missing or trailing commas, Python's constants, tuples and calls, numbers as
    `.5` and `+3`, and one closing bracket that is missing after another one at the end. Of an
    object that breaks off otherwise nothing is read. Repeated names are kept (`Repeated`).
    """
    end = 0
    for opening in list(_OPENING.finditer(text))[-_TRIES:]:
        start = opening.start()
        if start < end:
            continue
        reader = _Reader(text[start : start + _LONGEST])
        try:
            decoded = reader.value(0)
        except _BrokenError as error:
            # What lies within a broken object is a part of it, and no answer.
            end = start + max(error.place, 1)
            continue
        end = start + reader.place
        yield start, end, decoded


class _Reader:
    """Reads one value from the beginning of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.place = 0
        self._missing = 0

    def value(self, level: int) -> Any:
        """The value here; `place` is behind it then."""
        if level > _DEEPEST:
            raise _BrokenError(self.place)
        letter = self._peek()
        if letter in ("{", "｛"):
            return self._mapping(level)
        if letter in ("[", "("):
            return self._sequence(level)
        if letter in _QUOTES:
            return self._string()
        if call := _CALL.match(self._text, self.place):
            self.place = call.end()
            return self._call(level)
        return self._bare()

    def _peek(self) -> str:
        space = _SPACE.match(self._text, self.place)
        self.place = space.end() if space else self.place
        return self._text[self.place : self.place + 1]

    def _ends(self, opening: str) -> bool:
        """Whether what `opening` began ends here."""
        letter = self._peek()
        if letter and letter in _CLOSING[opening]:
            self.place += 1
            return True
        if letter and not self._text.startswith(("```", "</", "<|"), self.place):
            return False
        # One bracket too few, as models that lose count write.
        self._missing += 1
        if self._missing > 1 or self._text[: self.place].rstrip()[-1] not in "}｝]":
            raise _BrokenError(self.place)
        return True

    def _comma(self) -> None:
        self._peek()
        if comma := _COMMA.match(self._text, self.place):
            self.place = comma.end()

    def _mapping(self, level: int) -> dict[str, Any]:
        opening = self._text[self.place]
        self.place += 1
        pairs = []
        while not self._ends(opening):
            name = self._name()
            pairs.append((name, self.value(level + 1)))
            self._comma()
        return _mapping_of(pairs)

    def _name(self) -> str:
        if self._peek() in _QUOTES:
            name = self._string()
        elif key := _KEY.match(self._text, self.place):
            name, self.place = key[0].strip(), key.end()
        else:
            raise _BrokenError(self.place)
        self._peek()
        colon = _COLON.match(self._text, self.place)
        if not colon:
            raise _BrokenError(self.place)
        self.place = colon.end()
        return name

    def _sequence(self, level: int) -> list[Any]:
        opening = self._text[self.place]
        self.place += 1
        entries = []
        while not self._ends(opening):
            entries.append(self.value(level + 1))
            self._comma()
        return entries

    def _call(self, level: int) -> Any:
        """Of `array([…])` the list, of `Answer(type=…)` the arguments as an object."""
        if _ARGUMENT.match(self._text, self.place):
            return self._mapping(level)
        entries = self._sequence(level)
        return entries[0] if len(entries) == 1 else entries

    def _string(self) -> str:
        string = _STRINGS[self._text[self.place]].match(self._text, self.place)
        if not string:
            raise _BrokenError(len(self._text))
        self.place = string.end()
        body = string[1]
        if "\\" not in body:
            return body
        try:
            return str(json.loads(f'"{body}"', strict=False))
        except ValueError:
            return re.sub(r"\\(.)", r"\1", body)

    def _bare(self) -> Any:
        bare = _BARE.match(self._text, self.place)
        written = bare[0].strip() if bare else ""
        if not bare or not written:
            raise _BrokenError(self.place)
        self.place = bare.end()
        if self.place >= len(self._text):  # it may go on
            raise _BrokenError(self.place)
        if written.lower() in _CONSTANTS:
            return _CONSTANTS[written.lower()]
        if not _NUMBER.fullmatch(written):
            return written
        # Python reads no whole number of more than 4,300 digits.
        whole = len(written) < 20 and written.strip("+-").isdigit()
        return int(written) if whole else float(written)


def _mapping_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else Repeated(pairs)
