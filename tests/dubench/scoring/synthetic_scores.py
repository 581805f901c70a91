"""Scores to report on without images: answers as wrong as one asks, scored by the real code."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.certainty import Range
from dubench.predictions.file import Prediction
from dubench.scoring import certainty, score_files, type_oracle, understanding
from dubench.scoring.estimates import estimate
from dubench.scoring.restored import measure
from dubench.scoring.result import ScoredData, ScoreResult
from dubench.scoring.sample_scores import score_samples
from dubench.scoring.score_files import Scored
from dubench.scoring.type_oracle import constants, preset_values, ranges
from generators import presets
from generators.presets import Preset
from generators.taxonomy import KEYS, TYPES, Degradation, Value

PRESET = presets.load("du110k")
TWO_TYPES = replace(PRESET, name="two", types=("blur", "low_resolution"))
# Quality at no error, its loss at a relative error of 1, its noise.
QUALITY = {
    "psnr": (27.0, -8.0, 1.5),
    "ssim": (0.85, -0.4, 0.05),
    "lpips": (0.12, 0.4, 0.04),
    "niqe": (4.5, 2.0, 0.5),
}


@cache
def ground_truth(n: int, photos: int, type_names: tuple[str, ...] = PRESET.types) -> GroundTruth:
    """`n` samples of `photos` photographs, of each type alike, drawn from the preset du110k."""
    rng = np.random.default_rng(7)
    codes = np.array([TYPE_NAMES.index(name) for name in type_names])
    types = codes[np.arange(n) % len(codes)]
    values = {k.name: np.full((n, k.size) if k.size > 1 else n, np.nan) for k in KEYS.values()}
    for row, code in enumerate(types):
        if TYPES[TYPE_NAMES[code]].keys:
            drawn = PRESET.draw(TYPE_NAMES[code], rng)
            for key in TYPES[TYPE_NAMES[code]].keys:
                values[key.name][row] = drawn[key.name]
    clusters = [f"folder/{photo}.jpg" for photo in rng.integers(0, photos, n)]
    ids = [f"du-{row:08d}" for row in range(n)]
    return GroundTruth(ids, types.astype(np.int8), values, clusters, ["slight"] * n)


def right_answers(true: GroundTruth) -> dict[str, Prediction]:
    """The ground truth as predictions."""
    answers = {}
    for row, name in enumerate(true.ids):
        type_name = TYPE_NAMES[true.types[row]]
        parameters = {key.name: true.values[key.name][row] for key in TYPES[type_name].keys}
        answers[name] = Prediction(name, row + 1, (Degradation(type_name, parameters),))
    return answers


def answer(
    true: GroundTruth, row: int, wrong: float, rng: np.random.Generator
) -> Prediction | None:
    """An answer to one sample: about a share `wrong` is wrong in each way, the rest is near."""
    name, chance = true.ids[row], rng.random()
    if chance < 0.05 * wrong:
        return None
    if chance < 0.1 * wrong:
        return Prediction(name, row + 2, (), failure="neither a list nor a sentence")
    type_name = TYPE_NAMES[true.types[row]]
    if rng.random() < wrong:
        type_name = ("haze", "low_light", "blur", "low_resolution", "none")[rng.integers(5)]
    parameters: dict[str, Value] = {}
    for key in TYPES[type_name].keys:
        guess: Any = true.values[key.name][row]
        if np.isnan(guess).any():
            guess = np.full(key.size, (key.low + key.high) / 2)
        near = np.atleast_1d(guess) * (1 + wrong * rng.normal(0, 0.5, key.size))
        parameters[key.name] = tuple(near) if key.size > 1 else float(near[0])
    extra = ("sharpness",) if rng.random() < 0.2 * wrong else ()
    return Prediction(name, row + 2, (Degradation(type_name, parameters),), extra)


def certain(given: Prediction, wrong: float, overconfident: float = 1) -> Prediction:
    """The same answer with its certainty, which is that of `answer` for as much `wrong`.

    Args:
        overconfident: by how much less likely the other types are made, and shorter the ranges.
    """
    if not given.degradations:
        return given
    (only,) = given.degradations
    other = 0.2 * wrong / overconfident
    probabilities = dict.fromkeys(TYPES, other) | {only.type: 1 - other * (len(TYPES) - 1)}
    stated: dict[str, Range] = {}
    for name, value in only.values.items():
        middle = np.array(value)
        # Of v̂ = v·(1 + e), with e normal, v = v̂ / (1 + e).
        reach = 0.5 * wrong * 1.645 / overconfident
        ends = np.sort([middle / (1 + reach), middle / (1 - reach)], axis=0)
        low, high = (tuple(end) if end.ndim else float(end) for end in ends)
        stated[name] = low, high
    return replace(given, type_probabilities=probabilities, ranges=stated)


def scored(
    model: str,
    *,
    wrong: float = 0.1,
    seed: int = 0,
    n: int = 1200,
    photos: int = 200,
    none: bool = False,
    preset: Preset = PRESET,
    metrics: tuple[str, ...] = tuple(QUALITY),
    delta: float | None = None,
    overconfident: float | None = None,
    data: str = "3f",
    words: tuple[str, ...] = (),
) -> Scored:
    """A model's scores. `data` stands for the dataset, `words` go to the signature; certainty is
    stated if `overconfident` is given."""
    rng = np.random.default_rng(seed)
    true = ground_truth(n, photos, (*preset.types, "none") if none else preset.types)
    answers = {a.id: a for row in range(n) if (a := answer(true, row, wrong, rng))}
    if overconfident is not None:
        answers = {a.id: certain(a, wrong, overconfident) for a in answers.values()}
    drawn = preset_values(preset, 2000)
    best = constants(drawn)
    rows = score_samples(true, answers, best, preset, ranges(drawn))
    for metric in metrics:
        top, loss, noise = QUALITY[metric]
        error = sum(np.nan_to_num(rows.relative[key]) for key in KEYS)
        rows.quality[metric] = top + loss * np.minimum(error, 1) + rng.normal(0, noise, n)
    estimates = estimate(rows, resamples=1000)
    oracle = type_oracle.summary(rows, best, f"the preset {preset.name}", estimates.values)
    scored_on = [f"data:{preset.name}@{data}", "split:test", f"n:{n}"]
    settings = ["t-acc", *words, "p-rel:uncapped", "ci:made-up-1000,seed-0"]
    settings += [*certainty.words(rows), *(f"{metric}:made-up" for metric in metrics)]
    result = ScoreResult(
        signature="|".join(["dubench:0.1", *scored_on, *settings]),
        model=model,
        meta={"model": model, **({"delta": delta} if delta is not None else {})},
        dataset=ScoredData(preset.name, "test", preset.name),
        n=n,
        coverage=1 - rows.missing / n,
        parse_failures=sum(a.failure is not None for a in answers.values()),
        false_alarms=estimates.values["false_alarms"],
        understanding=understanding.summary(rows, estimates.values, oracle),
        restoration=measure.summary(rows, estimates.values),
        restoration_coverage=1.0 if metrics else None,
        unmeasured=measure.unmeasured(rows),
        intervals=estimates.intervals,
        clusters=estimates.clusters,
        notes=tuple(estimates.notes),
        recipe_id=data * 32,
        content_id=data * 32,
        predictions_sha256="9c" * 32,
        versions={"dubench": "0.1.0", "numpy": np.__version__},
        per_sample=None,
        certainty=certainty.summary(rows, estimates.values),
    )
    return Scored(result, rows)


def write(folder: Path, scored: Scored) -> Path:
    """Write a score as `dubench score --out FOLDER/score.json` does; returns that path."""
    folder.mkdir(parents=True)
    score_files.write_score(folder / "score.json", scored)
    return folder / "score.json"
