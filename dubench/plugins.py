"""Classes of one's own: those that Python can import, and entry points of packages."""

import importlib
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from generators.errors import InputError, first_line

PREFIX = "plugin:"


class Plugin:
    """A class of one's own, made without arguments.

    Attributes:
        label: what messages call it.
        made: the object.

    Args:
        option: that names it, such as `--model`.
        what: `package.module:Class`, found in the working folder too, or an entry point's name.
        group: of the entry points.

    Raises:
        InputError: there is no such class, or making it raised something.
    """

    def __init__(self, option: str, what: str, group: str) -> None:
        self.label = f"{option} {PREFIX}{what}"
        if not what:
            raise InputError(
                f"{option} plugin: name a class as plugin:package.module:Class{_list(group)}"
            )
        self.made: Any = self.call("making it", self._load(what, group))

    def call(self, what: str, function: Any, *arguments: Any) -> Any:
        """What `function` gives; anything that it raises becomes an InputError that names `what`
        was tried, the file and the line."""
        try:
            return function(*arguments)
        except InputError:
            raise
        except Exception as error:
            raise self._raised(what, error) from None

    def _load(self, what: str, group: str) -> Any:
        if (folder := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, folder)
        installed = entry_points(group=group, name=what)
        found = [EntryPoint(what, what, group)] if ":" in what else list(installed)
        if not found:
            raise InputError(
                f"{self.label}: no installed package offers it; name a class as "
                f"plugin:package.module:Class{_list(group)}"
            )
        entry = found[0]
        try:
            importlib.import_module(entry.module)
        except ModuleNotFoundError as error:
            if error.name and f"{entry.module}.".startswith(f"{error.name}."):
                raise InputError(
                    f"{self.label}: no module {error.name} here or among what is installed"
                ) from None
            raise self._raised("importing it", error) from None
        except Exception as error:
            raise self._raised("importing it", error) from None
        try:
            return entry.load()
        except AttributeError:
            raise InputError(f"{self.label}: {entry.module} has no {entry.attr}") from None

    def _raised(self, what: str, error: Exception) -> InputError:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        name = type(error).__name__
        return InputError(f"{self.label}: {what} raised {name}: {first_line(error)} ({where})")


def _list(group: str) -> str:
    """The installed entry points, to end a message with."""
    names = sorted(entry_points(group=group).names)
    return f"; installed: {', '.join(names)}" if names else ""
