"""What a folder holds: the one way in which folders of pictures are searched."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LITTER = frozenset(
    {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Folders that systems make beside people's own, with copies and thumbnails in them."""

_LITTER_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

BESIDE = (".depth", ".spool", ".answers", ".review")
"""What dubench keeps beside a dataset, by the ending of its name."""


@dataclass(frozen=True)
class Held:
    """What a folder holds.

    Attributes:
        files: those of the wanted suffixes, at any depth, sorted.
        problems: places that could not be looked into, and links that lead nowhere, and why.
    """

    files: tuple[Path, ...]
    problems: tuple[tuple[Path, str], ...]


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is the system's, and means nothing to anyone."""
    # AppleDouble keeps beside a file what file systems of others have no place for, as ._NAME.
    return name in LITTER or name in _LITTER_FILES or name.startswith("._")


def walk(root: Path, suffixes: Collection[str], apart: Collection[Path] = ()) -> Held:
    """The files below `root` of these suffixes, in lower case, such as `.png`.

    Hidden files and folders are skipped, so are the system's litter and datasets of dubench, with
    what it keeps beside them. A link to a folder is followed where the folder was not seen yet.

    Args:
        apart: folders not to look into, such as that of the output.
    """
    search = _Search(frozenset(suffixes), {os.path.realpath(place) for place in apart})
    search.look(root)
    while search.links:  # last: what lies in the folder keeps its own name
        search.look(search.links.pop(0))
    return Held(tuple(sorted(search.files)), tuple(search.problems))


@dataclass
class _Search:
    suffixes: frozenset[str]
    apart: set[str]
    files: list[Path] = field(default_factory=list)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def look(self, root: Path) -> None:
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            try:
                known = folder.stat()
                with os.scandir(folder) as entries:
                    inside = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.problems.append((folder, error.strerror or str(error)))
                continue
            if (known.st_dev, known.st_ino) in self._seen:
                continue
            self._seen.add((known.st_dev, known.st_ino))
            waiting += reversed(list(self._sort(inside)))

    def _sort(self, entries: list[os.DirEntry[str]]) -> Iterator[Path]:
        """Keep files and links; gives the folders to look into."""
        shown = [e for e in entries if not e.name.startswith(".") and e.name not in LITTER]
        folders = {entry.name: Path(entry.path) for entry in shown if _is_folder(entry)}
        datasets = [name for name, path in folders.items() if _is_dataset(path)]
        ours = {*datasets, *(name + ending for name in datasets for ending in BESIDE)}
        for entry in shown:
            path = Path(entry.path)
            if entry.name in folders:
                if entry.name in ours or os.path.realpath(path) in self.apart:
                    continue
                if entry.is_symlink():
                    self.links.append(path)
                else:
                    yield path
            elif path.suffix.lower() in self.suffixes:
                if path.is_file():
                    self.files.append(path)
                elif entry.is_symlink():
                    self.problems.append((path, "a link that leads nowhere"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _is_dataset(folder: Path) -> bool:
    try:
        return (folder / "recipe.json").is_file() and (folder / "data").is_dir()
    except PermissionError:  # named when it is looked into
        return False
