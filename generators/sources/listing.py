"""What a source holds: its photographs, and what finding them in a folder has in common."""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generators.errors import InputError

Row = dict[str, Any]

UNREADABLE = "unreadable"
"""Why photographs are left out that must not be too many."""


@dataclass(frozen=True)
class Entry:
    """One photograph of a source.

    Attributes:
        path: the image file.
        name: its `source_id`, relative to the published root, with forward slashes.
        group: entries of one group stay on one side of the split; "" stands alone.
    """

    path: Path
    name: str
    group: str = ""


@dataclass
class Listing:
    """What a source holds.

    Attributes:
        entries: the photographs to use, sorted by name.
        left_out: names of those left out, sorted, by the reason.
    """

    entries: list[Entry]
    left_out: dict[str, list[str]] = field(default_factory=dict)


def require(root: Path, source: str) -> None:
    """Raise InputError unless `root`, of `--source source=root`, is a folder, and OSError unless
    it may be read."""
    if not root.is_dir():
        raise InputError(f"--source {source}={root}: no such folder")
    os.scandir(root).close()  # that it may be read: patterns pass over what may not


def find(option: str, *places: Iterable[Path], holds: str) -> Path | None:
    """The folder that holds a file of that pattern, of the first of `places` that has one.

    Args:
        option: the `--source` as the user wrote it, for the message.

    Raises:
        InputError: several of one place do.
    """
    for place in places:
        matches = sorted(path for path in place if path.is_dir() and any(path.glob(holds)))
        if len(matches) > 1:
            raise InputError(
                f"{option}: more than one there ({matches[0]}, {matches[1]}); give one of them"
            )
        if matches:
            return matches[0]
    return None


def listed(
    base: Path, paths: Iterable[Path], group: Callable[[Path], str] = lambda path: ""
) -> list[Entry]:
    """`paths` but hidden ones, named relative to `base` and sorted by name.

    A byte of a name that is not UTF-8 stands in it as `%E9`, for names are written down.
    """
    shown = (path for path in paths if not path.name.startswith("."))
    entries = (Entry(path, _text(path.relative_to(base).as_posix()), group(path)) for path in shown)
    return sorted(entries, key=lambda entry: entry.name)


def _text(name: str) -> str:
    return re.sub("[\udc80-\udcff]", lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", name)


def parse(
    path: Path, hook: Callable[[Row], Row | None], index: Callable[[Any], dict[str, Row]]
) -> dict[str, Row]:
    """A JSON file, each of its objects through `hook` as it is read, the whole through `index`.

    Raises:
        InputError: it is missing, or not what `hook` and `index` expect.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return index(json.load(file, object_hook=hook))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; unpack it from its archive") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is not the published file ({type(error).__name__}: {error}); "
            "download and unpack it again"
        ) from None
