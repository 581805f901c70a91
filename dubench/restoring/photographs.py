"""Restore photographs: find out what is wrong with each, undo it where that is certain enough."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dubench.ddnm.degraded import Degraded, Image
from dubench.ddnm.methods import Restore
from dubench.ddnm.tiling import in_tiles
from dubench.ddnm.transmission import of_degradation
from dubench.diagnosing import UndiagnosedError, diagnose
from dubench.diagnosing.diagnosis import Diagnosis
from dubench.diagnosing.places import look
from dubench.diagnosing.run import name_pictures
from dubench.predictions.file import dump
from dubench.predictors.protocol import Predictor
from dubench.restoring.consistency import misfit
from dubench.restoring.judging import degradation_of, doubt, forced, most_misfit, trust
from dubench.restoring.noise import noise_of
from dubench.restoring.report import OpenReport, Restoration
from dubench.restoring.steps import FOLDER, Steps
from dubench.text import words
from generators import decoding
from generators.engines import OnProgress
from generators.errors import InputError, UnreadableError
from generators.images import encode_rgb
from generators.randomness import five_digits
from generators.taxonomy import Value

_TILE = 256 * 256  # pixels by which progress is counted
# On [0, 1]: what lies beyond a photograph's border, and values that are estimates, are as noise.
_LEAST_NOISE = 1 / 255

MODEL = "statistics:du110k-wild"
"""The model unless another is named. It knows severe degradations alone, and states narrower
ranges than the model of `diagnose`, whose gains are mostly too uncertain to undo anything by."""


def restore_photographs(
    paths: Sequence[Path],
    predictor: Predictor,
    restore: Restore,
    out: Path,
    run: Mapping[str, Any],
    *,
    force: bool = False,
    steps: Steps | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> Iterator[Restoration | str]:
    """Write every photograph of `paths` to `out`, restored or as it was, and restoration.json.

    Args:
        paths: files, and folders with photographs at any depth.
        predictor: says what is wrong with each.
        restore: as `dubench.ddnm.methods` makes it.
        out: made if need be; new, empty, or of a run like this one, which is gone on with.
        run: what the results depend on beside the model, for restoration.json.
        force: undo what was found in spite of doubts.
        steps: what `restore` reports its estimates to; those of each that is restored are written
            to FOLDER.
        on_progress: called with tiles of 256² pixels done, and of all.

    Yields:
        What became of each photograph, or one line on why it cannot be read.

    Raises:
        InputError: `out` holds something else or cannot be written, or the model does not answer.
    """
    places = look(paths, [out])
    for place, why in places.problems:
        yield f"{place}: {why}"
    if not places.photographs:
        return
    about = json.loads(dump({"meta": predictor.about}))["meta"]
    report = OpenReport(out, {**run, "params_about": about, "force": force})
    targets = name_pictures(out, places.photographs, report.names)
    if any(path.resolve().is_relative_to(out.resolve()) for path in targets):
        raise InputError(f"--out {out}: holds the photographs themselves; choose another folder")
    sizes = {path: _tiles(path) for path in targets}
    total, done = sum(sizes.values()), 0
    for path, target in targets.items():
        start, size = done, sizes[path]

        def on_tile(share: float, start: int = start, size: int = size) -> None:
            on_progress(start + round(share * size), total)

        on_tile(0)
        try:
            yield _one(path, target, predictor, restore, force, steps, report, on_tile)
        except (OSError, UnreadableError, UndiagnosedError) as error:
            yield f"{path}: {getattr(error, 'strerror', None) or error}"
        done += size
    on_progress(total, total)


def _one(
    path: Path,
    target: Path,
    predictor: Predictor,
    restore: Restore,
    force: bool,
    steps: Steps | None,
    report: OpenReport,
    on_tile: Callable[[float], None],
) -> Restoration:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if known := report.find(str(path), digest):
        return known
    image = decoding.decode(data)
    diagnosis = diagnose(image, predictor)
    level = noise_of(image, data)
    undone = _undo(image, diagnosis, restore, level, force, on_tile)
    finding = diagnosis.findings[0].to_json() if diagnosis.findings else {}
    restoration = Restoration(
        photograph=str(path),
        sha256=digest,
        file=f"{target.stem}{path.suffix}" if undone.image is None else target.name,
        type=" and ".join(diagnosis.type_names),
        parameters=undone.values or finding.get("parameters", {}),
        ranges=finding.get("ranges", {}),
        probability=five_digits(diagnosis.probability),
        cautions=diagnosis.cautions,
        restored=undone.image is not None,
        doubt=undone.doubt,
        noise=five_digits(255 * level),
        consistency=None if undone.misfit is None else five_digits(undone.misfit),
        trust=undone.trust,
    )
    if steps is not None:
        steps.write(image, undone.image, target.parent / FOLDER / target.name)
    report.add(restoration, data if undone.image is None else encode_rgb(undone.image))
    return restoration


@dataclass(frozen=True)
class _Undone:
    image: Image | None
    doubt: str | None
    misfit: float | None = None
    trust: str | None = None
    values: Mapping[str, Value] | None = None


def _undo(
    image: Image,
    diagnosis: Diagnosis,
    restore: Restore,
    sigma: float,
    force: bool,
    on_tile: Callable[[float], None],
) -> _Undone:
    reason = doubt(diagnosis, image.shape[:2])
    if reason and not (force and forced(diagnosis)):
        return _Undone(None, reason)
    degradation = degradation_of(diagnosis.findings[0])
    transmission = None
    if degradation.type == "haze":
        transmission = of_degradation(image, degradation)
    degraded = Degraded(image, degradation, transmission, max(sigma, _LEAST_NOISE))
    restored = in_tiles(restore, degraded, on_tile)
    error = misfit(replace(degraded, sigma=sigma), restored)
    if error > most_misfit(degradation.type):
        reason = reason or (
            f"{words(degradation.type)} does not explain it: degraded again, the result differs "
            f"by {error:.2g} times the noise"
        )
        if not force:
            return _Undone(None, reason, error)
    sure = trust(diagnosis, error, doubtful=bool(reason))
    return _Undone(restored, reason, error, sure, degradation.values)


def _tiles(path: Path) -> int:
    """By which progress is counted; 1 for a file that cannot be read."""
    from PIL import Image as PillowImage

    try:
        with PillowImage.open(path) as opened:
            return max(1, opened.width * opened.height // _TILE)
    except Exception:  # it is named when it is read
        return 1
