"""Photographs by the paths that a user names."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sources.photographs import SUFFIXES
from generators.walk import walk


@dataclass(frozen=True)
class Places:
    """What the paths hold.

    Attributes:
        photographs: files, those of a folder sorted by name.
        problems: places that could not be read or hold nothing, and why.
    """

    photographs: tuple[Path, ...]
    problems: tuple[tuple[Path, str], ...]


def look(paths: Sequence[Path], apart: Sequence[Path] = ()) -> Places:
    """The files of `paths`, and the photographs in the folders among them, at any depth.

    Args:
        apart: folders of results, which are not looked into.
    """
    photographs: list[Path] = []
    problems: list[tuple[Path, str]] = []
    for path in paths:
        if not path.exists():
            problems.append((path, os.strerror(errno.ENOENT)))
            continue
        if not path.is_dir():
            photographs.append(path)
            continue
        held = walk(path, SUFFIXES, apart)
        photographs += held.files
        problems += held.problems
        if not held.files and not held.problems:
            kinds = ", ".join(sorted(SUFFIXES))
            problems.append((path, f"no photograph in this folder ({kinds})"))
    return Places(tuple(photographs), tuple(problems))
