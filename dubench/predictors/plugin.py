"""A model of one's own: a class that Python can import, or an entry point of a package."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubench import plugins
from dubench.predictors.protocol import Image, Record
from dubench.text import brief
from generators.errors import InputError

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
        self._plugin = plugins.Plugin("--model", what, GROUP)
        self._what, self._model = self._plugin.label, self._plugin.made
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
        records = self._plugin.call("predict", self._model.predict, list(images))
        if not isinstance(records, list | tuple):
            raise InputError(f"{self._what}: predict gave {brief(records)}, not a list of records")
        for record in records:
            if not isinstance(record, dict) or "id" in record:
                raise InputError(
                    f"{self._what}: predict gave {brief(record)}; a record is a dict such as "
                    '{"type": "blur", "parameters": {"sigma": 3.1}}'
                )
        return list(records)
