"""Predict the images of a split on a Ray cluster: a model on every core or GPU."""

import os
import pickle
import platform
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Unpack

from dubench.dataset import RowGroup, Split
from dubench.predictions.run import Summary, Write, answers, fill
from dubench.predictors import Keys, Options, load_predictor
from dubench.predictors.protocol import Predictor
from dubench.predictors.replay import Replay
from generators.engines import OnProgress, Report
from generators.engines.on_ray import workers_of_a_run
from generators.errors import InputError, plain_errors
from generators.lock import hold_beside

_ELSEWHERE = ("openai", "replay")
"""Models that wait for a server, or a file, and not for cores."""


@plain_errors()
def predict_on_ray(
    split: Split,
    model: str,
    out: Path,
    on_progress: OnProgress = lambda done, total: None,
    *,
    keys: Keys | None = None,
    **options: Unpack[Options],
) -> Summary:
    """As `predictions.run.predict`, on the cluster that RAY_ADDRESS names.

    Every worker loads the model for itself, and is given a row group at a time. The lines reach
    `out`, on this machine, when a row group is done, so that a lost worker or machine costs the
    row group it was at, and it is asked again; a lost command costs those under way.

    Args:
        model, keys, options: as `load_predictor` takes them; with `device` cuda a worker has a GPU.

    Raises:
        InputError: as `predict`; there is no cluster, or a row group kills its workers.
    """
    if model.partition(":")[0] in _ELSEWHERE:
        raise InputError(
            f"--engine ray with --model {model}: it needs no cores; leave out --engine"
        )
    loading = pickle.dumps((model, keys, options))
    files = [file.absolute() for file in split.files]
    gpu = options.get("device") not in (None, "cpu")
    with hold_beside(out), workers_of_a_run(None, gpu) as workers:

        def ask(missing: Collection[str], write: Write) -> Sequence[str]:
            work = partial(_answer, loading, replace(split, files=files))
            groups = split.row_groups(missing) if missing else []
            of_each = dict(workers.run(work, groups, write))  # a model's last notes are of all
            return list(dict.fromkeys(note for notes in of_each.values() for note in notes))

        [(name, about)] = workers.run(partial(_describe, loading), [None])
        return fill(split, name, about, ask, out, on_progress)


@lru_cache(maxsize=1)
def _load(loading: bytes) -> Predictor:
    model, keys, options = pickle.loads(loading)  # of the command's own
    predictor = load_predictor(model, keys, **options)
    assert not isinstance(predictor, Replay)
    return predictor


def _describe(loading: bytes, _: None, report: Report) -> tuple[str, dict[str, Any]]:
    predictor = _load(loading)
    return predictor.name, dict(predictor.about)


def _answer(
    loading: bytes, split: Split, group: RowGroup, report: Report
) -> tuple[str, Sequence[str]]:
    """Report the lines of a row group; returns which worker this is, and its model's notes."""
    predictor = _load(loading)
    rows = split.images("degraded", only=frozenset(group.ids), shuffled=True, group=group)
    for lines in answers(predictor, rows, Path()):
        report(lines)
    return f"{platform.node()} {os.getpid()}", list(getattr(predictor, "notes", ()))
