"""Errors as a user can read them: one line that says what is wrong, where, and the remedy."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = "free some space and run the same command again"
_FORBIDDEN = "change its permissions, or choose another place"
_SHAKY = "check the disk or the connection to it, and run the same command again"
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM), _FORBIDDEN),
    **dict.fromkeys((errno.EIO, errno.ESTALE, errno.ETIMEDOUT), _SHAKY),
    errno.EROFS: "choose a place that can be written to",
    errno.EISDIR: "a file is wanted here: choose another name",
    errno.ENOTDIR: "a folder is wanted here: choose another place",
    errno.EEXIST: "a file has this name: choose another",
    errno.ENOENT: "check the name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOMEM: "free some memory, or give fewer --workers",
    errno.EMFILE: "let more files be open at once (ulimit -n)",
}
_BUILT_IN = ("builtins", "dataclasses", "generators", "dubench", "annotation_ui", "leaderboard")


class InputError(ValueError):
    """Bad input; the message is one line that names what is wrong, where, and the remedy.

    The command line prints it and exits with code 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UnreadableError(Exception):
    """A file does not hold what it should; the message says why, and the caller which file."""


def first_line(error: BaseException) -> str:
    """What a library says went wrong, for a message of one line."""
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:200]


def one_line(text: str) -> str:
    """`text` on one line, without what terminals and LaTeX would take for commands."""
    return " ".join("".join(map(_printable, text)).split())


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    # Half a surrogate pair stands for a byte of a name that is not UTF-8.
    return "?" if "\ud800" <= char <= "\udfff" else " "


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise what the system or a library raises as an InputError; also a decorator.

    It stands at the doors: the command line and the functions that each package offers. Errors
    of our own making, the built-in ones, pass: they are bugs, and want their traceback.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        message = _plain(error)
        if message is None:
            raise
        raise InputError(message) from error


def _plain(error: Exception) -> str | None:
    """What went wrong, where, and the remedy; None for a bug."""
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return "out of memory; give fewer --workers, or smaller files"
    if isinstance(error, UnicodeEncodeError) and isinstance(error.object, str):
        return f"{error.object[:200]}: a name that is not UTF-8; rename it"
    if type(error).__module__.partition(".")[0] in _BUILT_IN:
        return None
    return f"{type(error).__name__}: {first_line(error)}"


def _of_system(error: OSError) -> str:
    remedy = _REMEDIES.get(error.errno or 0)
    where, what = error.filename, first_line(error)
    if error.errno:
        what = "no space left" if remedy == _FULL else os.strerror(error.errno)
    if where is None and error.errno == errno.ENOENT and not _in_a_folder():
        return "the folder that this runs in is gone; change to one that is there"
    if where is not None and error.errno == errno.ENOENT:
        folder = os.path.dirname(os.fsdecode(where)) or "."  # noqa: PTH120
        if not os.path.isdir(folder):  # noqa: PTH112
            return f"{os.fsdecode(where)}: the folder {folder} does not exist"
    if where is None and error.strerror and error.strerror != what:
        # Arrow and others put the name into their text, and what the system said behind it.
        where = error.strerror.partition(". Detail:")[0]
    place = f"{os.fsdecode(where)}: " if isinstance(where, str | bytes | os.PathLike) else ""
    return f"{place}{what}{f'; {remedy}' if remedy else ''}"


def _in_a_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return False
    return True
