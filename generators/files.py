"""Files that are there whole or not at all, and places beside a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generators.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what was written there is renamed at the end.

    An OSError raised on the way names `path`, and not the temporary name.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        if error.errno and (error.filename is None or Path(str(error.filename)) == part):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file under a temporary name and rename it when it is whole."""
    with whole(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


def beside(folder: Path, suffix: str) -> Path:
    """The place beside `folder` that is called like it with `suffix` at the end."""
    home = Path(os.path.abspath(folder))  # noqa: PTH100  # a link's name counts, not its target's
    if not home.name:
        raise InputError(f"{folder} has nothing beside it; choose a folder below it")
    return home.with_name(home.name + suffix)


def from_home(place: str) -> Path:
    """The path `place`, where `~` and `~user` stand for a home.

    Raises:
        InputError: there is no such user.
    """
    try:
        return Path(place).expanduser()
    except RuntimeError:
        raise InputError(f"{place}: no such user; write the folder in full") from None
