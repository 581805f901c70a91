"""Places of datasets, files that are there whole or not at all, and what lies beside a folder.

A place is a folder or a URL of any storage that fsspec knows: `s3://BUCKET/DIR`, `gs://…`,
`hf://datasets/OWNER/NAME`, `https://…`. Through universal_pathlib a URL answers like a
`pathlib.Path`, so that a folder remains the plain case.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from generators.errors import InputError, first_line

if TYPE_CHECKING:
    from upath import UPath

    Place = Path | UPath

_ONE_PUT = 5 << 30  # the most that S3 takes at once; a shard is far smaller


@contextmanager
def whole(path: "Place", own_name: bool = False) -> Iterator[Path]:
    """Give a temporary file; what was written there appears at `path` at the end, whole.

    On a file system it lies beside `path` and is renamed; for a URL it is a file of this machine's
    that goes up as one object, in one request on S3. An OSError raised on the way names `path`, and
    not the temporary name.

    Args:
        own_name: of the temporary file, where others may be at the same `path` at once.
    """
    apart = f".{os.urandom(4).hex()}" if own_name else ""
    with _folder_for_parts(path) as folder:
        part = folder / f".{path.name}{apart}.part"
        try:
            yield part
            if isinstance(path, Path):
                part.replace(path)
            else:
                at_once = {"chunksize": _ONE_PUT} if path.protocol in ("s3", "s3a") else {}
                path.fs.put_file(str(part), path.path, **at_once)
        except OSError as error:
            if error.errno and (error.filename is None or Path(str(error.filename)) == part):
                error.filename, error.filename2 = str(path), None
            raise
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _folder_for_parts(path: "Place") -> Iterator[Path]:
    if isinstance(path, Path):
        yield path.parent
    else:
        with tempfile.TemporaryDirectory(prefix="dubench-") as folder:
            yield Path(folder)


def write_whole(path: "Place", data: str | bytes) -> None:
    """Write a file that is there whole or not at all, instead of one that was there."""
    content = data.encode() if isinstance(data, str) else data
    if not isinstance(path, Path):
        path.fs.pipe_file(path.path, content)
        return
    with whole(path) as part:
        part.write_bytes(content)


def write_new(url: "UPath", data: str) -> bool:
    """Write an object unless there is one already; returns whether it was written.

    Of two that try at once, on a storage with conditional writes such as S3, one does.
    """
    try:
        url.fs.pipe_file(url.path, data.encode(), mode="create")
    except FileExistsError:
        return False
    return True


def beside(folder: "Place", suffix: str) -> Path:
    """The place beside `folder` that is called like it with `suffix` at the end; for a URL, in the
    current folder."""
    if not isinstance(folder, Path):
        folder = Path(folder.name)
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


def is_url(text: str) -> bool:
    """Whether `text` names a place by URL."""
    return "://" in text


def place_of(text: str) -> "Place":
    """The place that `text` names: a path, where `~` stands for a home, or a URL.

    Raises:
        InputError: there is no such user, or storage, or a package for it is missing.
    """
    if text.startswith("file://"):
        return Path(text.removeprefix("file://"))
    if not is_url(text):
        return from_home(text)
    try:
        from upath import UPath

        # Other processes write there as well: no listing is kept.
        place = UPath(text.rstrip("/"), use_listings_cache=False)
        place.fs  # noqa: B018  # the first to need the storage's package
    except ImportError as error:
        raise InputError(
            f'{text}: URLs need more packages: pip install "dubench[remote]" ({first_line(error)})'
        ) from None
    except ValueError as error:
        raise InputError(f"{text}: {first_line(error)}") from None
    return place
