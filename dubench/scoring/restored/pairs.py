"""Photographs without a truth, each with what it was restored to."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from dubench.diagnosing.places import look
from dubench.restoring.report import REPORT, Report
from dubench.restoring.steps import FOLDER
from generators.errors import InputError
from generators.typed_json import from_json

Paths = tuple[Path, ...]


def pairs(real: Path, restored: Path | None) -> tuple[Paths, ...]:
    """Every photograph in `real`, followed by its result in `restored`, if that is given.

    Results are those that restoration.json in `restored` names for the very bytes of a photograph;
    where there is none, those of the same name, whatever their suffix. Strips of a sampler's steps
    are no results.

    Raises:
        InputError: a folder holds no photograph, one has no result, or two have one name.
    """
    before = _photographs(real, "--real", [restored] if restored else [])
    if restored is None:
        return tuple((path,) for path in before)
    # A name says less: `restore` gives photographs of one name results of two.
    if (restored / REPORT).is_file():
        after = _by_report(before, restored)
    else:
        after = _by_name(before, restored)
    return tuple(zip(before, after, strict=True))


def _photographs(folder: Path, option: str, apart: Sequence[Path]) -> Paths:
    if not folder.is_dir():
        raise InputError(f"{option} {folder}: no such folder")
    places = look([folder], apart)
    if places.problems:
        raise InputError(f"{option} {places.problems[0][0]}: {places.problems[0][1]}")
    return places.photographs


def _by_report(photographs: Paths, restored: Path) -> list[Path]:
    path = restored / REPORT
    try:
        data = json.loads(path.read_bytes())
    except ValueError:
        raise InputError(f"{path}: not JSON; restore all of --real again") from None
    report = from_json(Report, data, str(path))
    results = {entry.sha256: restored / entry.file for entry in report.photographs}
    matches = [results.get(hashlib.sha256(one.read_bytes()).hexdigest()) for one in photographs]
    for photograph, result in zip(photographs, matches, strict=True):
        if result is None:
            raise InputError(f"{path}: does not have {photograph} as it is; restore all of --real")
        if not result.is_file():
            raise InputError(f"{result} is missing; restore {photograph} again")
    return [result for result in matches if result]


def _by_name(photographs: Paths, restored: Path) -> list[Path]:
    wanted = _named(photographs)
    results = _named(_photographs(restored, "--restored", [restored / FOLDER]))
    for name, photograph in wanted.items():
        if name not in results:
            raise InputError(
                f"--restored {restored}: nothing called {name}, for {photograph.name}; restore all "
                "of --real"
            )
    return [results[name] for name in wanted]


def _named(paths: Paths) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        if path.stem in named:
            raise InputError(
                f"{path}: {named[path.stem]} has the same name, by which results are found; rename "
                "one of them, and its result"
            )
        named[path.stem] = path
    return named
