"""Photographs by the paths that a user names."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sources.photographs import SUFFIXES


@dataclass(frozen=True)
class Places:
    """What the paths hold.

    Attributes:
        photographs: files, those of a folder sorted by name.
        problems: places that could not be read or hold nothing, and why.
    """

    photographs: tuple[Path, ...]
    problems: tuple[tuple[Path, str], ...]


def look(paths: Sequence[Path]) -> Places:
    """The files of `paths`, and the photographs in the folders among them, at any depth."""
    photographs: list[Path] = []
    problems: list[tuple[Path, str]] = []
    for path in paths:
        if not path.is_dir():
            photographs.append(path)
            continue
        inside = sorted(_walk(path, problems))
        photographs += inside
        if not inside:
            kinds = ", ".join(sorted(SUFFIXES))
            problems.append((path, f"no photograph in this folder ({kinds})"))
    return Places(tuple(photographs), tuple(problems))


def _walk(folder: Path, problems: list[tuple[Path, str]]) -> list[Path]:
    def unreadable(error: OSError) -> None:
        problems.append((Path(error.filename), error.strerror or str(error)))

    return [
        Path(place, name)
        for place, folders, names in os.walk(folder, onerror=unreadable)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    ]
