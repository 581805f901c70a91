"""preds.jsonl: a model's prediction of each image, read line by line, and written.

docs/predictions.md describes the format, `dubench.predictions.record` reads one line, and
`dubench.predictions.schema` is the JSON Schema of one line.
"""

import codecs
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dubench.predictions.grammar import TAXONOMY
from dubench.predictions.record import Prediction as Prediction
from dubench.predictions.record import meta_of, prediction_of
from dubench.text import STRICT, brief
from generators.errors import InputError

LONGEST_LINE = 16_000_000
_LISTED_IDS = 3


@dataclass(frozen=True)
class Predictions:
    """A file of predictions.

    Attributes:
        path: the file.
        meta: its meta line, or nothing.
        sha256: of its bytes.
        by_id: image id → prediction, in the file's order.
    """

    path: Path
    meta: dict[str, Any]
    sha256: str
    by_id: dict[str, Prediction]


def read(path: Path, ids: Collection[str] | None = None) -> Predictions:
    """Read preds.jsonl in one pass, a line at a time.

    Args:
        path: the file.
        ids: the dataset's; others are an error. All are taken unless given.

    Raises:
        InputError: the file cannot be read or has no predictions, a line is not one prediction,
            or an id is unknown or repeated; one line that names the file and the line.
    """
    known = None if ids is None else frozenset(ids)
    digest = hashlib.sha256()
    meta: dict[str, Any] | None = None
    grid = TAXONOMY
    by_id: dict[str, Prediction] = {}
    for number, line in _lines(path, digest):
        try:
            record = _decode(line)
            if "meta" in record and meta is None and not by_id:
                meta, grid = meta_of(record)
                continue
            prediction = prediction_of(record, number, grid)
        except InputError as error:
            raise InputError(f"{path} line {number}: {error}") from None
        first = by_id.setdefault(prediction.id, prediction)
        if first is not prediction:
            raise InputError(
                f"{path} line {number}: the id {brief(prediction.id)} was on line {first.line} "
                "already; keep one of them"
            )
    if not by_id:
        raise InputError(f"{path} has no predictions; each line is one, as {_EXAMPLE}")
    predictions = Predictions(path, meta or {}, digest.hexdigest(), by_id)
    if known is not None:
        check_ids(predictions, known)
    return predictions


_EXAMPLE = '{"id": "du-00000042", "type": "blur", "parameters": {"sigma": 3.1}}'


def _lines(path: Path, digest: Any) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, counted from 1, without a byte order mark; one at a time."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise InputError(
                        f"{path} line {number}: longer than {LONGEST_LINE // 10**6} MB; each line "
                        "is one prediction"
                    )
                digest.update(line)
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(
            f"cannot read {path} ({error.strerror or error}); give a file of predictions"
        ) from None


def _decode(line: bytes) -> dict[str, Any]:
    """One line as a JSON object."""
    cut = not line.endswith(b"\n")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        if cut and error.reason == "unexpected end of data":
            raise InputError(_CUT) from None
        raise InputError(
            f"not UTF-8 text (byte {error.start + 1}); unpack an archive, or save the file as UTF-8"
        ) from None
    if not text.lstrip().startswith("{"):
        raise InputError(f"not a JSON object ({brief(text.strip())}); each line is {_EXAMPLE}")
    try:
        return STRICT.decode(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise InputError("more than one JSON object; put each on a line of its own") from None
        if cut:
            raise InputError(_CUT) from None
        what = error.msg.removesuffix(" at")
        raise InputError(
            f"not JSON ({what} at character {error.pos + 1}); each line is one whole object"
        ) from None
    except RecursionError:
        raise InputError("nested too deeply; each line is one flat object") from None
    except ValueError as error:
        # NaN, Infinity, or a whole number of more digits than Python reads.
        reason = str(error).split(" for integer")[0]
        raise InputError(f"{reason}; leave out what has no answer") from None


_CUT = "cut off in the middle, at the end of the file; write the file again"


def check_ids(predictions: Predictions, known: frozenset[str]) -> None:
    """Raise InputError unless every prediction is of an image in `known`."""
    unknown = [one for name, one in predictions.by_id.items() if name not in known]
    if not unknown:
        return
    few = ", ".join(f"{brief(one.id)} (line {one.line})" for one in unknown[:_LISTED_IDS])
    more = ", …" if len(unknown) > _LISTED_IDS else ""
    meta = predictions.meta
    data = [f"{name} {brief(meta[name])}" for name in ("dataset", "split") if name in meta]
    hint = f" (the meta line says {', '.join(data)})" if data else ""
    raise InputError(
        f"{predictions.path}: {len(unknown):,} of {len(predictions.by_id):,} ids are not in the "
        f"dataset: {few}{more}; are they of another dataset or split?{hint}"
    )


def dump(record: Mapping[str, Any]) -> str:
    """One prediction or meta line as one line of JSON, without a line break.

    Args:
        record: the line's object; numpy's numbers and arrays are taken as they are.

    Raises:
        InputError: `read` would refuse the line.
    """
    try:
        text = json.dumps(record, default=_plain, allow_nan=False)
        if "meta" in record:
            meta_of(json.loads(text))
        else:
            prediction_of(json.loads(text), line=0)
        if len(text) >= LONGEST_LINE:
            raise InputError(f"longer than {LONGEST_LINE // 10**6} MB")
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the prediction {brief(record.get('id'))}: {error}") from None
    return text


def _plain(value: Any) -> Any:
    """Numpy's numbers and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{brief(value)} cannot be written as JSON")


def write_line(file: IO[str], record: Mapping[str, Any]) -> None:
    """Append one prediction, or the meta line, to a file open for writing."""
    file.write(f"{dump(record)}\n")
