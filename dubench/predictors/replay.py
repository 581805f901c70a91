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

    Paths in a record stay those of the same files.

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

    def replay(self, ids: Sequence[str]) -> list[Record]:
        """The records of `ids`, without `id`.

        Raises:
            InputError: the file has none for one of them.
        """
        return [self._record(name) for name in ids]

    def _record(self, name: str) -> Record:
        if name not in self._records:
            raise InputError(f"{self._path} has no prediction of {name}; is it of this split?")
        record = {field: value for field, value in self._records[name].items() if field != "id"}
        if "restored" in record:
            record["restored"] = self._absolute(record["restored"])
        if "maps" in record:
            record["maps"] = {key: self._absolute(map_) for key, map_ in record["maps"].items()}
        return record

    def _absolute(self, path: str) -> str:
        return str((self._path.parent / path).absolute())
