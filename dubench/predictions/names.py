"""Names of types and keys as people write them: the taxonomy's, and its aliases."""

import re

from generators.taxonomy import KEYS, TYPES

_GAPS = re.compile(r"[\s_-]+")


def _plain(name: str) -> str:
    """A name without case, spaces, hyphens and underscores."""
    return _GAPS.sub("", name).casefold()


_TYPES = {_plain(name): one.name for one in TYPES.values() for name in (one.name, *one.aliases)}
_KEYS = {
    one.name: {_plain(name): key.name for key in one.keys for name in (key.name, *key.aliases)}
    for one in TYPES.values()
}
_ANY_KEY = {written: name for names in _KEYS.values() for written, name in names.items()}


def find_type(name: str) -> str | None:
    """The type that `name` means (`Fog` is haze), or None."""
    return name if name in TYPES else _TYPES.get(_plain(name))


def find_key(name: str, type_: str | None = None) -> str | None:
    """The key that `name` means: one of `type_`'s first, else any type's, or None."""
    if name in KEYS:
        return name
    written = _plain(name)
    return _KEYS.get(type_ or "", {}).get(written) or _ANY_KEY.get(written)


def find_field(name: str, fields: tuple[str, ...]) -> str | None:
    """The one of `fields` that `name` means but for case and gaps, or None."""
    if name in fields:
        return name
    return next((field for field in fields if _plain(field) == _plain(name)), None)
