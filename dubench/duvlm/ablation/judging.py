"""What an arm's answers cost, sample by sample, by the benchmark's own scores.

This file imports torch when it is imported.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import GroundTruth
from dubench.duvlm.ablation.arms import WRITTEN
from dubench.duvlm.decoding import Rule, record
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.reinforcement.pairs import Pairs
from dubench.duvlm.reinforcement.restoring import Analytic, Errors, psnr_of
from dubench.duvlm.train.samples import Samples
from dubench.duvlm.train.validate import believe
from dubench.predictions.grammar import Grid, decode, encode
from dubench.predictions.record import Prediction
from dubench.scoring.sample_scores import SampleScores, score_samples
from dubench.scoring.understanding import ratios
from generators.presets import Preset
from generators.taxonomy import KEYS, Degradation

Floats = NDArray[np.float64]
Terms = dict[str, Floats]
"""Per score, and per key where it has keys, the terms (n,) of the samples; NaN where one does not
count."""

RULES: Mapping[str, Rule] = {"": "median", WRITTEN: "argmax"}
"""How values are read off their distributions, by the beginning of the scores' names."""
_AT_ONCE = 32


def judge(
    answering: Answering,
    samples: Samples,
    ground_truth: GroundTruth,
    pairs: Pairs,
    preset: Preset | None,
) -> Terms:
    """What a model's answers about a split cost.

    Args:
        samples: of the split. ground_truth, pairs: the same split's, in the same order.
    """
    believed = believe(answering, samples, ())
    grid = answering.vocabulary.grid
    terms: Terms = {}
    for prefix, rule in RULES.items():
        answers = _answers(answering, believed, rule)
        rows = terms_of(ground_truth, answers, grid, preset)
        terms |= {prefix + name: column for name, column in rows.items()}
        if rule == "median":
            terms["psnr"] = _psnr(answers, pairs)
    return terms


def rounding(ground_truth: GroundTruth, pairs: Pairs, grid: Grid, preset: Preset | None) -> Terms:
    """What the truth costs when it is rounded to a grid: no answer on it can do better than this
    by much, in the mean."""
    rounded = [decode(encode([pairs[row].truth], grid), grid)[0] for row in range(len(pairs))]
    return terms_of(ground_truth, rounded, grid, preset)


def _answers(answering: Answering, believed: Believed, rule: Rule) -> list[Degradation]:
    answers = []
    for types, values in zip(believed.types, believed.values, strict=True):
        line = record(answering.vocabulary, types, values, rule)
        answers.append(Degradation(line["type"], line["parameters"]))
    return answers


def terms_of(
    ground_truth: GroundTruth, answers: Sequence[Degradation], grid: Grid, preset: Preset | None
) -> Terms:
    """The terms of T-Acc, J-Acc, P-Abs, P-Rel, and of the squared error of values on [0, 1]."""
    predictions = {
        name: Prediction(name, 0, (answer,))
        for name, answer in zip(ground_truth.ids, answers, strict=True)
    }
    rows = score_samples(ground_truth, predictions, {}, preset)
    kept = ("t_acc", "j_acc", *(f"{s}.{key}" for s in ("p_abs", "p_rel") for key in rows.keys))
    terms = {
        name: np.where(under > 0, top, np.nan)
        for name, (top, under) in ratios(rows).items()
        if name in kept
    }
    return terms | {f"squared.{key}": _squared(rows, key, grid) for key in rows.keys}


def _squared(rows: SampleScores, key: str, grid: Grid) -> Floats:
    low, high = grid.ends(KEYS[key])
    squares = ((rows.answer[key] - rows.truth[key]) / (high - low)) ** 2
    each = squares if squares.ndim == 1 else squares.mean(1)
    return np.where(rows.joint, each, np.nan)


def _psnr(answers: Sequence[Degradation], pairs: Pairs) -> Floats:
    """Of the degraded pictures, restored with the answers by the analytic inverse, dB."""
    errors = Errors(Analytic())
    psnr = np.full(len(pairs), np.nan)
    for start in range(0, len(pairs), _AT_ONCE):
        rows = range(start, min(start + _AT_ONCE, len(pairs)))
        some = [(row, (pairs[row], answers[row])) for row in rows]
        degraded = [(row, one) for row, one in some if one[0].truth.type != "none"]
        found = errors([one for _, one in degraded])
        for (row, _), error in zip(degraded, found, strict=True):
            psnr[row] = psnr_of(error)
    return psnr
