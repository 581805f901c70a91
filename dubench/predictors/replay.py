"""The predictions of another preds.jsonl, once more."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dubench.predictions import file as predictions
from dubench.predictors.protocol import Record
from generators.errors import InputError

_OF_THE_RUN = ("model", "dataset", "split", "recipe_id", "content_id", "dubench")


class Replay:
    """Gives the records of a preds.jsonl again, by id, under the name of the model it names.

    It is no `Predictor`: it needs the ids, which a model must not see, and no images.

    Paths in a record lead to the same files from the new predictions, where these lie in their
    folder or below it; others are left out, as no score would open them.

    Raises:
        InputError: the file is missing or not a preds.jsonl.
    """

    batch = 256

    def __init__(self, file: str) -> None:
        if not file:
            raise InputError("--model replay: name the predictions to give again, as replay:FILE")
        self._path = Path(file)
        checked = predictions.read(self._path)
        self.name = str(checked.meta.get("model", self._path.stem))
        about = {name: value for name, value in checked.meta.items() if name not in _OF_THE_RUN}
        self.about: Mapping[str, Any] = about | {"replayed": checked.sha256}
        # `read` has checked every line.
        lines = self._path.read_text("utf-8-sig").split("\n")
        records = [json.loads(line) for line in lines if line.strip()]
        self._records = {record["id"]: record for record in records if "id" in record}
        self._left_out = 0

    @property
    def notes(self) -> list[str]:
        """What the user should know of the run, each on one line."""
        if not self._left_out:
            return []
        return [
            f"{self._left_out:,} paths of restored images and maps were left out: they lead out of "
            f"the folder of the new predictions; write --out beside {self._path} to keep them"
        ]

    def replay(self, ids: Sequence[str], folder: Path) -> list[Record]:
        """The records of `ids`, without `id`.

        Args:
            folder: of the predictions that they are written to.

        Raises:
            InputError: the file has none for one of them.
        """
        home = folder.resolve()
        return [self._record(name, home) for name in ids]

    def _record(self, name: str, home: Path) -> Record:
        if name not in self._records:
            raise InputError(f"{self._path} has no prediction of {name}; is it of this split?")
        record = {field: value for field, value in self._records[name].items() if field != "id"}
        given = {"restored": record.pop("restored", None), **record.pop("maps", {})}
        paths = {field: self._path_from(home, path) for field, path in given.items() if path}
        kept = {field: path for field, path in paths.items() if path}
        self._left_out += len(paths) - len(kept)
        if "restored" in kept:
            record["restored"] = kept.pop("restored")
        return record | ({"maps": kept} if kept else {})

    def _path_from(self, home: Path, path: str) -> str | None:
        """The same file's path from `home`; None if it lies elsewhere."""
        try:
            file = (self._path.parent / path).resolve()
        except (OSError, RuntimeError):  # links in a circle
            return None
        return file.relative_to(home).as_posix() if file.is_relative_to(home) else None
