"""Names of types and keys as people write them: the taxonomy's and its aliases, qualified too."""

import re
from collections.abc import Collection
from functools import lru_cache

from generators.taxonomy import KEYS, TYPES

_GAPS = re.compile(r"[\s_-]+")
_REMARK = re.compile(r"\(([^()]*)\)")
_EITHER = re.compile(r"\s*(?:[/,;&|]|\bor\b|\band\b)\s*", re.IGNORECASE)
# A remark in brackets that says more than the name does, or less.
_MORE = re.compile(r"\b(?:or|not|no|maybe|possibly|perhaps|without)\b|[?=≈0-9]", re.IGNORECASE)
_LONGEST = 100

# What qualifies a name and leaves its meaning: `severe blur`, `low-light image`, `mean t`.
_BEFORE_TYPES = {
    "a", "an", "the", "slight", "slightly", "mild", "mildly", "light", "heavy", "heavily",
    "severe", "severely", "strong", "strongly", "moderate", "moderately", "dense", "thick",
    "thin", "visible", "significant", "noticeable", "uniform", "global", "overall",
    "atmospheric", "image", "optical", "isotropic", "likely", "probably", "very", "extreme",
    "extremely",
}  # fmt: skip
_AFTER_TYPES = {
    "degradation", "image", "images", "photo", "photograph", "picture", "effect", "condition",
    "conditions", "artifact", "artifacts", "distortion", "corruption", "scene", "environment",
    "weather",
}  # fmt: skip
_BEFORE_KEYS = {
    "a", "an", "the", "estimated", "predicted", "approximate", "mean", "average", "global",
    "gaussian", "blur", "kernel",
}  # fmt: skip
_AFTER_KEYS = {
    "px", "pixel", "pixels", "value", "estimate", "mean", "average",
}  # fmt: skip


def _plain(name: str) -> str:
    """A name without case, spaces, hyphens and underscores."""
    return _GAPS.sub("", name).casefold()


_TYPES = {
    _plain(name): one.name
    for one in TYPES.values()
    for name in (one.name, *one.aliases, *one.spellings)
}
_KEYS = {
    one.name: {_plain(name): key.name for key in one.keys for name in (key.name, *key.aliases)}
    for one in TYPES.values()
}
_ANY_KEY = {written: name for names in _KEYS.values() for written, name in names.items()}


def find_type(name: str) -> str | None:
    """The type that `name` means (`Fog` is haze, `severe blur` blur), or None.

    Synonyms of one type are one (`haze/fog`); of two types none is meant, nor of one in doubt.
    """
    return name if name in TYPES else _TYPES.get(_plain(name)) or _qualified_type(name)


@lru_cache(maxsize=4096)
def _qualified_type(name: str) -> str | None:
    if len(name) > _LONGEST:
        return None
    name = name.strip(" \t\n*_`\"'“”.!")
    remarks = _REMARK.findall(name)
    meanings = {_type_part(part) for part in _EITHER.split(_REMARK.sub(" ", name)) if part.strip()}
    if len(meanings) != 1:
        return None
    (meaning,) = meanings
    for remark in remarks:
        also = {_type_part(part) for part in _EITHER.split(remark)}
        if _MORE.search(remark) or not also <= {meaning, None}:
            return None
    return meaning


def _type_part(part: str) -> str | None:
    return _stripped(part, _TYPES, _BEFORE_TYPES, _AFTER_TYPES)


def find_key(name: str, type_: str | None = None) -> str | None:
    """The key that `name` means: one of `type_`'s first, else any type's, or None."""
    if name in KEYS:
        return name
    written = _plain(name)
    own = _KEYS.get(type_ or "", {})
    return own.get(written) or _ANY_KEY.get(written) or _qualified_key(name, type_)


@lru_cache(maxsize=4096)
def _qualified_key(name: str, type_: str | None) -> str | None:
    if len(name) > _LONGEST:
        return None
    name = name.strip(" \t\n*`\"'“”$\\")
    known = _ANY_KEY | _KEYS.get(type_ or "", {})
    meaning = _stripped(_REMARK.sub(" ", name), known, _BEFORE_KEYS, _AFTER_KEYS)
    remarks = {known.get(_plain(remark)) for remark in _REMARK.findall(name)}
    return meaning if remarks <= {meaning, None} else None


def _stripped(
    name: str, known: dict[str, str], before: Collection[str], after: Collection[str]
) -> str | None:
    """The meaning of a name, if need be without words before or after it."""
    words = [word for word in _GAPS.split(name) if word]
    while words:
        if meaning := known.get(_plain("".join(words))):
            return meaning
        if words[0].lower() in before:
            del words[0]
        elif words[-1].lower() in after:
            del words[-1]
        else:
            return None
    return None


def find_field(name: str, fields: tuple[str, ...]) -> str | None:
    """The one of `fields` that `name` means but for case and gaps, or None."""
    if name in fields:
        return name
    return next((field for field in fields if _plain(field) == _plain(name)), None)
