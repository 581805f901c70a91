"""score.json and its rows beside it: written, read, and several that may stand in one table."""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dubench.scoring import sample_table
from dubench.scoring.estimates import estimate
from dubench.scoring.restored import measure
from dubench.scoring.result import ScoreResult
from dubench.scoring.sample_scores import STATUSES, SampleScores
from generators.errors import InputError, one_line, plain_errors
from generators.files import write_whole

_INTERVALS_ONLY = ("ci",)
"""Words of the signature that do not change a score: how its intervals were drawn."""


@dataclass(frozen=True)
class Scored:
    """One model's scores, and the rows they were computed from."""

    result: ScoreResult
    rows: SampleScores


def check_out(out: Path, predictions: Path) -> None:
    """Raise InputError if score.json and its rows cannot be written to `out`, or would take the
    place of the predictions or of another table; asked before the work."""
    if out.suffix != ".json":
        raise InputError(f"--out {out}: name a .json file; the rows go beside it as .parquet")
    if out.is_dir() or not out.parent.is_dir():
        what = "it is a folder" if out.is_dir() else f"the folder {out.parent} does not exist"
        raise InputError(f"--out {out}: {what}")
    if out.resolve() == predictions.resolve():
        raise InputError(f"--out {out}: holds the predictions themselves; choose another name")
    _check_rows(out.with_suffix(".parquet"))


def _check_rows(path: Path) -> None:
    """Raise InputError if something else than a score's rows lies where they are to be."""
    if path.exists() and not sample_table.is_one(path):
        raise InputError(
            f"{path}: is not the per-sample table of a score, which would take its place; choose "
            "another --out"
        )


@plain_errors()
def write_score(out: Path, scored: Scored) -> ScoreResult:
    """Write `out` (score.json), and beside it the rows as Parquet; returns what score.json says.

    Raises:
        InputError: `out` cannot be written, or another table than a score's lies beside it.

    Examples:
        >>> from pathlib import Path  # the predictions are those of `predict`'s example
        >>> from dubench import score, write_score
        >>> for name in ("constant", "statistics"):
        ...     result = write_score(Path(f"{name}.json"), score(Path(f"{name}.jsonl")))
        >>> result.per_sample
        'statistics.parquet'
    """
    rows = out.with_suffix(".parquet")
    _check_rows(rows)
    result = replace(scored.result, per_sample=rows.name)
    sample_table.write(rows, scored.rows)
    write_whole(out, json.dumps(result.to_json(), indent=1, allow_nan=False) + "\n")
    return result


def read_score(path: Path) -> Scored:
    """One score.json with its rows; InputError if either is missing, damaged or something else."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not JSON; give a score.json that dubench score wrote") from None
    if not isinstance(data, dict) or not {"signature", "understanding"} <= set(data):
        raise InputError(f"{path}: not a score; give a score.json that dubench score wrote")
    try:
        result = ScoreResult.from_json(data, str(path))
    except InputError as error:
        raise InputError(f"{error}; run dubench score again") from None
    name = str(result.per_sample)
    rows = sample_table.read(path.with_name(name), result.types, tuple(result.restoration or ()))
    if rows.n != result.n:
        raise InputError(
            f"{path}: has scores of {result.n} samples, and {name} beside it {rows.n} samples; "
            "run dubench score again"
        )
    _check_against_rows(path, result, rows)
    return Scored(result, rows)


def _check_against_rows(path: Path, result: ScoreResult, rows: SampleScores) -> None:
    """Raise InputError if score.json says anything that its rows do not."""
    match = re.search(r"\|ci:[a-z-]+-(\d+),seed-(\d+)(\||$)", result.signature)
    resamples, seed = map(int, match.groups()[:2]) if match else (0, 0)
    if not 100 <= resamples <= 100_000:
        raise InputError(
            f"{path}: its signature does not say how its intervals were made; run dubench score "
            "again"
        )
    estimates = estimate(rows, seed, resamples)
    there = estimates.values | {
        "n": rows.n,
        "coverage": 1 - rows.missing / rows.n,
        "parse_failures": int((rows.status == STATUSES.index("parse_failure")).sum()),
    }
    for name, value in result.scores.items():
        if name in there and not _close(value, there[name]):
            raise InputError(
                f"{path}: says {name} {value} and its rows {there[name]}: one of the two was "
                "changed, or another version of dubench wrote it; run dubench score again"
            )
    own, drawn = dict(result.intervals), estimates.intervals
    odd = own.keys() ^ drawn.keys()
    odd |= {
        name for name in own.keys() & drawn.keys() if not all(map(_close, own[name], drawn[name]))
    }
    if odd or result.unmeasured != measure.unmeasured(rows):
        what = f"the interval of {min(odd)}" if odd else "unmeasured"
        raise InputError(
            f"{path}: {what} is not what its rows give: it was changed, or another version of "
            "dubench wrote it; run dubench score again"
        )


def _close(one: float | None, two: float | None) -> bool:
    """Whether two numbers are one but for the last bits of a sum in another order."""
    if one is None or two is None:
        return one is two
    return math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-9)


def read_scores(paths: Sequence[Path]) -> dict[str, Scored]:
    """Read scores that can be compared: a name for each, and its scores, in the given order.

    Raises:
        InputError: a file is missing, damaged or no score, its rows are missing, or two were not
            computed on the same data in the same way.
    """
    if not paths:
        raise InputError("give at least one score.json")
    repeated = [str(path) for path, count in Counter(paths).items() if count > 1]
    if repeated:
        raise InputError(f"{repeated[0]} is given twice")
    scores = [read_score(path) for path in paths]
    for path, scored in zip(paths[1:], scores[1:], strict=True):
        check_comparable(str(paths[0]), scores[0], str(path), scored)
    return dict(zip(_names(paths, scores), scores, strict=True))


def check_comparable(
    first: str, a: Scored, second: str, b: Scored, apart: Collection[str] = ()
) -> None:
    """Raise InputError unless two scores, called `first` and `second`, are of the same samples and
    were computed alike, but for the words of the signature that are named in `apart`."""
    for name, here, there in (
        ("content_id", a.result.content_id, b.result.content_id),
        ("recipe_id", a.result.recipe_id, b.result.recipe_id),
    ):
        if here != there:
            raise InputError(
                f"{first} and {second} are scores on different data ({name} "
                f"{str(here)[:12]}… and {str(there)[:12]}…): report them "
                "separately, or score both on the same dataset and split"
            )
    words = [dict(_word(word) for word in scored.result.signature.split("|")) for scored in (a, b)]
    for name in words[0].keys() & words[1].keys():
        if words[0][name] != words[1][name] and name not in (*_INTERVALS_ONLY, *apart):
            raise InputError(
                f"{first} and {second} were computed differently ({name} is {words[0][name]} and "
                f"{words[1][name]}): score both again with the same dubench and metrics"
            )
    if a.rows.scored_types != b.rows.scored_types:
        raise InputError(
            f"{first} and {second} are scores over different types "
            f"({', '.join(a.rows.scored_types)} and {', '.join(b.rows.scored_types)}): "
            "score both again with the same --dataset"
        )
    if set(a.rows.ids) != set(b.rows.ids):
        raise InputError(f"{first} and {second} are scores of different samples: score both again")


def _word(word: str) -> tuple[str, str]:
    name, _, setting = word.partition(":")
    return name, setting


def _names(paths: Sequence[Path], scores: Sequence[Scored]) -> list[str]:
    """The models' names; those that share one are told apart by their Δ or by their files."""
    names = [one_line(scored.result.model) or "unnamed" for scored in scores]
    with_steps = [
        f"{name}, Δ {scored.result.delta:g}"
        if names.count(name) > 1 and scored.result.delta is not None
        else name
        for name, scored in zip(names, scores, strict=True)
    ]
    count = Counter(with_steps)
    return [
        f"{name} ({path})" if count[name] > 1 else name
        for name, path in zip(with_steps, paths, strict=True)
    ]
