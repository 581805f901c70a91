"""Text that may be wrong or hostile: JSON decoders that hide nothing, and values on one line."""

import json
import reprlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeGuard

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


class Repeated(dict[str, Any]):
    """A JSON object with a name given twice; `pairs` keeps all of them, as written."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    @property
    def repeated(self) -> str:
        """The name most often given."""
        return Counter(name for name, _ in self.pairs).most_common(1)[0][0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else Repeated(pairs)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")


STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)


def pairs_of(mapping: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """The names and values of an object, repeated names too."""
    return mapping.pairs if isinstance(mapping, Repeated) else mapping.items()


def brief(value: object) -> str:
    """Any decoded value on one line, shortened to about sixty characters."""
    return _SHORT.repr(value)


def is_text(value: object) -> TypeGuard[str]:
    """Whether a string can be written down: not empty, no NUL, no half of a surrogate pair."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def percent(share: float) -> str:
    """A share in whole percent; one that is not quite 1 is not called 100 %."""
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def words(name: str) -> str:
    """A type's, key's or score's name as people write it."""
    return name.replace("_", " ")
