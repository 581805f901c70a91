"""Predict every image of a split into a preds.jsonl; a run that was cut off continues there."""

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from dubench.dataset import Split
from dubench.predictions import file as predictions
from dubench.predictions.grammar import Grid
from dubench.predictions.record import USAGE, Prediction, grid_of, prediction_of
from dubench.predictors.protocol import Predictor, Record
from dubench.predictors.replay import Replay
from generators.engines import OnProgress
from generators.errors import InputError, plain_errors
from generators.files import whole
from generators.lock import hold_beside


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        path: the predictions.
        model: its name in their meta line.
        n: how many they are now; `new` of them are this run's.
        latency_s: the model's seconds per image over the new ones, None if there are none.
        unreadable: how many have no answer that can be read, and count as wrong.
        usage: tokens in and out and cost of all predictions, where the model says so.
        notes: what the user should know, each on one line.
    """

    path: Path
    model: str
    n: int
    new: int
    latency_s: float | None
    unreadable: int
    usage: Mapping[str, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """Predictions that were made together.

    Attributes:
        seconds: that the model took.
        records: (id, record) each.
    """

    seconds: float
    records: tuple[tuple[str, Record], ...]


Write = Callable[[Lines], None]


@plain_errors()
def predict(
    split: Split,
    predictor: Predictor | Replay,
    out: Path,
    on_progress: OnProgress = lambda done, total: None,
) -> Summary:
    """Write a prediction of every image of `split` to `out`, or finish what a run began there.

    A predictor sees pixels alone, and the rows shuffled; ids are put back here.

    Every line is flushed as soon as it is known: a killed run loses the batch it was at and at
    most half a line, which the next run drops.

    Args:
        on_progress: called with the number of predictions that are there, and of all.

    Raises:
        InputError: `out` cannot be written or holds something else, the split cannot be read, or
            the predictor did not give one prediction per image.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generators.generate`'s example
        >>> from dubench import load, load_predictor, predict
        >>> split = load("du110k", "train")
        >>> predict(split, load_predictor("statistics"), Path("statistics.jsonl")).new
        188
        >>> predict(split, load_predictor("constant"), Path("constant.jsonl")).new
        188
    """

    def ask(missing: Collection[str], write: Write) -> Sequence[str]:
        rows = split.images("degraded", only=missing, shuffled=True) if missing else iter(())
        for lines in answers(predictor, rows, out):
            write(lines)
        return getattr(predictor, "notes", ())

    with hold_beside(out):
        return fill(split, predictor.name, predictor.about, ask, out, on_progress)


def answers(
    predictor: Predictor | Replay, rows: Iterator[tuple[Any, ...]], out: Path
) -> Iterator[Lines]:
    """The lines of `rows`, (id, image) each, as many at a time as the predictor likes.

    Raises:
        InputError: the predictor did not give one prediction per image.
    """
    for batch in batches(rows, predictor.batch):
        names, images = zip(*batch, strict=True)
        start = perf_counter()
        records = (
            predictor.replay(names, out.absolute().parent)
            if isinstance(predictor, Replay)
            else predictor.predict(images)
        )
        took = perf_counter() - start
        if len(records) != len(names):
            raise InputError(
                f"--model {predictor.name} gave {len(records)} predictions for {len(names)} "
                "images; it must give one each"
            )
        yield Lines(took, tuple(zip(names, records, strict=True)))


def fill(
    split: Split,
    name: str,
    about: Mapping[str, Any],
    ask: Callable[[Collection[str], Write], Sequence[str]],
    out: Path,
    on_progress: OnProgress,
) -> Summary:
    """Fill the file `out`, which is held, with a prediction of every image.

    Args:
        name, about: of the predictor.
        ask: gives `Write` the lines of these ids, in any order, and returns notes to the user.
    """
    meta = _meta(split, name, about)
    done = _begin(out, meta, split)
    grid = grid_of(meta)
    usage = [dict(one.usage) for one in done.values()]
    failures = [(one_id, one.failure) for one_id, one in done.items() if one.failure]
    ids = split.ids
    missing = frozenset(ids) - done.keys()
    new, seconds = 0, 0.0
    on_progress(len(ids) - len(missing), len(ids))
    with out.open("a", encoding="utf-8") as file:

        def write(lines: Lines) -> None:
            nonlocal new, seconds
            latency = {"latency_s": round(lines.seconds / len(lines.records), 6)}
            for image_id, record in lines.records:
                try:
                    predictions.write_line(file, {"id": image_id} | latency | record)
                except InputError as error:
                    raise InputError(f"--model {name}: {error}") from None
                file.flush()
                usage.append(record.get("usage", {}))
                if failure := _failure(record, grid):
                    failures.append((image_id, failure))
            new, seconds = new + len(lines.records), seconds + lines.seconds
            on_progress(len(ids) - len(missing) + new, len(ids))

        notes = ask(missing, write)
    total = _sum(usage)
    if total:
        _write_meta(out, meta | {"usage": total})
    latency_s = seconds / new if new else None
    notes = (*_unreadable(failures, len(ids)), *notes)
    return Summary(out, name, len(ids), new, latency_s, len(failures), total, notes)


def _sum(usage: list[dict[str, float]]) -> dict[str, float]:
    """The usage of all lines that name one; the cost where all of these do."""
    named = [one for one in usage if one]
    amounts = [name for name in USAGE if named and all(name in one for one in named)]
    return {name: round(sum(one[name] for one in named), 6) for name in amounts}


def _write_meta(out: Path, meta: dict[str, Any]) -> None:
    """Give a file of predictions another meta line."""
    # A link stays one.
    with whole(out.resolve()) as part, out.open("rb") as old, part.open("wb") as new:
        old.readline()
        new.write(f"{predictions.dump({'meta': meta})}\n".encode())
        shutil.copyfileobj(old, new)


def _failure(record: Record, grid: Grid) -> str | None:
    """Why a model's raw text cannot be read, if it cannot."""
    if "output" not in record:
        return None
    return prediction_of({"id": "?", "output": record["output"]}, 0, grid).failure


def _unreadable(failures: list[tuple[str, str]], n: int) -> list[str]:
    if not failures:
        return []
    name, why = failures[0]
    return [
        f"{len(failures):,} of {n:,} answers cannot be read and count as wrong; {name}, say: {why}"
    ]


def _meta(split: Split, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    run = {
        "model": name,
        "dataset": split.where,
        "split": split.name,
        **split.identity,
        "dubench": version("dubench"),
    }
    for field in run.keys() & about.keys():
        raise InputError(f"--model {name}: its about names {field}, which the run says")
    return run | dict(about)


def batches(rows: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """`size` rows at a time; fewer at the end."""
    while batch := list(islice(rows, size)):
        yield batch


def _begin(out: Path, meta: dict[str, Any], split: Split) -> Mapping[str, Prediction]:
    """Make `out` end with a whole line, the meta line at least; returns what it has, by id."""
    first = f"{predictions.dump({'meta': meta})}\n"
    data = out.read_bytes() if out.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        if not first.encode().startswith(data):
            raise InputError(f"--out {out} holds something else; choose another --out")
        out.write_text(first, "utf-8")
        return {}
    _check_meta(out, whole.partition(b"\n")[0], meta)
    if whole != data:
        with out.open("r+b") as file:
            file.truncate(len(whole))
    if whole.count(b"\n") == 1:
        return {}
    return predictions.read(out, split.ids).by_id


def _check_meta(out: Path, line: bytes, meta: dict[str, Any]) -> None:
    """Raise InputError unless `line` says that the predictions are of this model and data."""
    try:
        old = json.loads(line)["meta"]
        values = {name: old.get(name) for name in meta.keys() | old.keys()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"--out {out} holds something else; choose another --out") from None
    # A dataset may be named in other ways, its identity stays; usage is known at the end.
    for name in sorted(values.keys() - {"dataset", "usage"}):
        if values[name] != meta.get(name):
            run = f"{old.get('model')} on {old.get('dataset')} ({old.get('split')})"
            raise InputError(
                f"--out {out} holds predictions of {run} with another {name}; choose another --out"
            )
