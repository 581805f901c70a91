"""One run at a time in a folder, or at a file or folder that is written as a whole."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from generators.errors import InputError
from generators.main_guard import end_second_run

if TYPE_CHECKING:
    from generators.files import Place

FOLDER_LOCK = ".lock"
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


@contextmanager
def hold_folder(folder: "Place") -> Iterator[None]:
    """Make `folder` and hold it for this run alone; one that stays empty is removed again.

    Object storage has no locks, and a URL is not held: recipe.json is written there but once, and
    two runs of one recipe write the same objects.

    Raises:
        InputError: another run holds it, or its file system has no locks.
        OSError: it cannot be written to.
    """
    end_second_run()
    if not isinstance(folder, Path):
        yield
        return
    _check_name(folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    with ExitStack() as stack:
        for place in reversed(made):
            place.mkdir(exist_ok=True)
            stack.callback(_remove_empty, place)
        with _hold(folder / FOLDER_LOCK, folder):
            yield


@contextmanager
def hold_beside(path: Path) -> Iterator[None]:
    """Hold what is, or will be, at `path` for this run alone; raises as `hold_folder`."""
    end_second_run()
    _check_name(path)
    target = path.resolve()  # a link and the file itself are one
    with _hold(target.with_name(f".{target.name}.lock"), path):
        yield


@contextmanager
def _hold(lock: Path, place: Path) -> Iterator[None]:
    while True:
        handle = _open(lock, place)
        try:
            _lock(handle, place)
            if not _is(lock, handle):  # another run has ended meanwhile, and removed it
                continue
            try:
                yield
            finally:
                with suppress(OSError):  # one that stays is no obstacle
                    lock.unlink()
            return
        finally:
            os.close(handle)


def _open(lock: Path, place: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        error.filename = str(place)  # what the user knows
        raise


def _lock(handle: int, place: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise InputError(
                f"{place}: another dubench is at work here; wait for it, or choose another place"
            ) from None
        raise InputError(
            f"{place}: its file system cannot lock files ({error.strerror}), so that two runs "
            "could spoil each other's work; choose an --out on another file system"
        ) from None


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _check_name(path: Path) -> None:
    """Refuse a name that Arrow could not open, before anything is written under it."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise InputError(f"--out {path}: its name is not UTF-8; choose another") from None


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds something now
        folder.rmdir()
