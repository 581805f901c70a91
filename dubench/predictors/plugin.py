"""A model of one's own: a class that Python can import, or an entry point of a package."""

import importlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from dubench.predictors.protocol import Image, Record
from dubench.text import brief
from generators.errors import InputError, first_line

GROUP = "dubench.predictors"
"""Entry points of this group are models: `plugin:NAME`."""


class Plugin:
    """A class of one's own, made without arguments, whose `predict` takes images and gives records.

    docs/predictors.md shows one. Its attributes `name`, `about` and `batch` are those of
    `Predictor`, and may be missing.

    Args:
        what: `package.module:Class`, found in the working folder too, or an entry point's name.

    Raises:
        InputError: there is no such class, or it is not a predictor.
    """

    def __init__(self, what: str) -> None:
        self._what = f"--model plugin:{what}"
        if not what:
            raise InputError(
                f"--model plugin: name a class as plugin:package.module:Class{_list()}"
            )
        self._model = self._call("making it", self._load(what))
        if not callable(getattr(self._model, "predict", None)):
            raise InputError(f"{self._what} has no predict(images); see docs/predictors.md")
        self.name = str(getattr(self._model, "name", f"plugin:{what}"))
        self.about: Mapping[str, Any] = getattr(self._model, "about", {})
        self.batch = getattr(self._model, "batch", 16)
        if not isinstance(self.about, dict):
            raise InputError(f"{self._what}: about is {brief(self.about)}, not a dict")
        if not isinstance(self.batch, int) or self.batch < 1:
            raise InputError(f"{self._what}: batch is {brief(self.batch)}, not a number of images")

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """What the plugin's `predict` gives for `images`.

        Raises:
            InputError: it raised something, or did not give a list of dicts.
        """
        records = self._call("predict", self._model.predict, list(images))
        if not isinstance(records, list | tuple):
            raise InputError(f"{self._what}: predict gave {brief(records)}, not a list of records")
        for record in records:
            if not isinstance(record, dict) or "id" in record:
                raise InputError(
                    f"{self._what}: predict gave {brief(record)}; a record is a dict such as "
                    '{"type": "blur", "parameters": {"sigma": 3.1}}'
                )
        return list(records)

    def _load(self, what: str) -> Any:
        if (folder := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, folder)
        installed = entry_points(group=GROUP, name=what)
        found = [EntryPoint(what, what, GROUP)] if ":" in what else list(installed)
        if not found:
            raise InputError(
                f"{self._what}: no installed package offers it; name a class as "
                f"plugin:package.module:Class{_list()}"
            )
        entry = found[0]
        try:
            importlib.import_module(entry.module)
        except ModuleNotFoundError as error:
            if error.name and f"{entry.module}.".startswith(f"{error.name}."):
                raise InputError(
                    f"{self._what}: no module {error.name} here or among what is installed"
                ) from None
            raise self._raised("importing it", error) from None
        except Exception as error:
            raise self._raised("importing it", error) from None
        try:
            return entry.load()
        except AttributeError:
            raise InputError(f"{self._what}: {entry.module} has no {entry.attr}") from None

    def _call(self, what: str, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except InputError:
            raise
        except Exception as error:
            raise self._raised(what, error) from None

    def _raised(self, what: str, error: Exception) -> InputError:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        name = type(error).__name__
        return InputError(f"{self._what}: {what} raised {name}: {first_line(error)} ({where})")


def _list() -> str:
    """The installed entry points, to end a message with."""
    names = sorted(entry_points(group=GROUP).names)
    return f"; installed: {', '.join(names)}" if names else ""
