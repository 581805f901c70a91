"""Paired differences: who is better, and when nobody can say."""

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from dubench.dataset import TYPE_NAMES, open_split
from dubench.predictions.file import Prediction
from dubench.report.comparison import show
from dubench.scoring.compare import compare
from dubench.scoring.sample_scores import score_samples
from dubench.scoring.score_files import Scored
from dubench.scoring.type_oracle import constants
from generators.build.generate import generate
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from generators.taxonomy import Degradation
from tests.dubench.scoring import synthetic_scores
from tests.dubench.scoring.test_score import perfect

COLUMNS_BY_KEY = ("truth", "answer", "error", "relative", "constant")
RESULT = replace(synthetic_scores.scored("m", n=40, metrics=()).result, signature="a|psnr:rgb")


def model(wrong: float, seed: int, photos: int = 100) -> Scored:
    """A model that errs about a share `wrong` of the time."""
    true = synthetic_scores.ground_truth(400, photos)
    rng = np.random.default_rng(seed)
    drawn = (synthetic_scores.answer(true, row, wrong, rng) for row in range(len(true.ids)))
    answers = {answer.id: answer for answer in drawn if answer}
    rows = score_samples(true, answers, constants(true.values), synthetic_scores.PRESET)
    return Scored(replace(RESULT, model=f"wrong {wrong}"), rows)


def test_a_better_model_is_called_better() -> None:
    good, bad = model(0.05, 1), model(0.4, 2)
    differences = {d.name: d for d in compare(good, bad).differences}
    for name in ("t_acc", "t_f1", "j_acc", "p_rel.avg"):
        assert differences[name].better == "a"
    assert set(compare(good, bad).worse) >= {"t_acc", "t_f1", "j_acc", "p_rel.avg"}
    turned = compare(bad, good)
    assert {d.name: d.better for d in turned.differences}["t_acc"] == "b"
    assert not turned.worse


def test_differences_are_paired() -> None:
    """One photograph per sample: the interval is that of a paired test, not of two samples."""
    a, b = (model(wrong, 3, 100_000) for wrong in (0.2, 0.25))
    gap = b.rows.right.astype(float) - a.rows.right
    low, high = {d.name: d for d in compare(a, b).differences}["t_acc"].interval or (0, 0)
    half = 1.96 * stats.sem(gap)
    assert low == pytest.approx(gap.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(gap.mean() + half, abs=0.1 * half)


def test_a_model_is_no_better_than_itself_in_any_order() -> None:
    one = model(0.2, 4)
    order = np.random.default_rng(0).permutation(one.rows.n)
    turned = {
        "ids": [one.rows.ids[i] for i in order],
        "clusters": [one.rows.clusters[i] for i in order],
        **{
            name: getattr(one.rows, name)[order]
            for name in ("types", "answered", "status", "joint")
        },
        **{
            name: {key: column[order] for key, column in getattr(one.rows, name).items()}
            for name in (*COLUMNS_BY_KEY, "answered_keys", "map_error")
        },
    }
    comparison = compare(one, Scored(one.result, replace(one.rows, **turned)))
    assert all(d.a == pytest.approx(d.b) and d.better is None for d in comparison.differences)
    assert not comparison.worse


def test_certainty_is_compared_where_both_state_it() -> None:
    honest, boastful, silent = (
        synthetic_scores.scored("m", wrong=0.3, overconfident=by, metrics=()) for by in (1, 3, None)
    )
    comparison = compare(honest, boastful)
    differences = {d.name: d for d in comparison.differences}
    for name in ("brier", "interval_skill.avg", "calibration_error"):
        assert differences[name].better == "a", name
    # The same answers, and a worse statement about them; being off is no headline by itself.
    assert differences["t_acc"].better is None
    assert comparison.worse == ["brier", "interval_skill.avg"]
    assert compare(boastful, honest).worse == []
    for other in (compare(honest, silent), compare(silent, boastful)):
        assert not {d.name for d in other.differences} & {"brier", "calibration_error"}


def test_few_photographs_tell_nothing() -> None:
    comparison = compare(model(0.05, 1, 20), model(0.6, 2, 20))
    assert all(d.interval is None and d.better is None for d in comparison.differences)
    assert "20 photographs tell too little" in comparison.notes[0]


def test_types_that_do_not_occur_are_no_obstacle() -> None:
    def of_blurs(scored: Scored) -> Scored:
        blurs = scored.rows.types == TYPE_NAMES.index("blur")
        rows = scored.rows.in_order([scored.rows.ids[i] for i in np.flatnonzero(blurs)])
        return Scored(scored.result, rows)

    comparison = compare(of_blurs(model(0.05, 1)), of_blurs(model(0.6, 2)))
    better = {d.name: d.better for d in comparison.differences}
    assert better["t_acc"] == better["p_rel.avg"] == better["p_rel.sigma"] == "a"
    assert "p_rel.gamma" not in better


def test_one_answer_outside_the_preset_leaves_the_intervals() -> None:
    two = synthetic_scores.TWO_TYPES
    true = synthetic_scores.ground_truth(206, 206, two.types)
    good = synthetic_scores.right_answers(true)
    bad = good | {"du-00000000": Prediction("du-00000000", 1, (Degradation("haze", {}),))}
    a, b = (
        Scored(RESULT, score_samples(true, answers, constants(true.values), two))
        for answers in (good, bad)
    )
    comparison = compare(a, b)
    assert [d.name for d in comparison.differences] == [
        "t_acc", "t_f1", "j_acc", "p_rel_capped.avg", "p_rel.avg", "skill.avg",
        "p_rel_capped.sigma", "p_rel_capped.scale", "p_rel.sigma", "p_rel.scale",
    ]  # fmt: skip
    assert all(d.interval for d in comparison.differences)
    unlike = replace(b.rows, scored_types=("haze", *two.types))
    with pytest.raises(InputError, match=r"different types \(blur, low_resolution and haze"):
        compare(a, Scored(RESULT, unlike))


def test_restoration_counts_where_it_was_measured_alike() -> None:
    a, b = model(0.1, 1), model(0.1, 1)
    a.rows.quality["psnr"] = np.full(a.rows.n, 20.0)
    b.rows.quality["psnr"] = np.full(a.rows.n, 19.0)
    assert "psnr.avg" in compare(a, b).worse
    other = Scored(replace(b.result, signature="a|psnr:y"), b.rows)
    comparison = compare(a, other)
    assert "psnr.avg" not in {d.name for d in comparison.differences}
    assert "psnr is left out" in comparison.notes[0]


def test_other_data_is_refused() -> None:
    a, b = model(0.1, 1), model(0.1, 2)
    with pytest.raises(InputError, match=r"different data \(content_id"):
        compare(a, Scored(replace(b.result, content_id="d"), b.rows))


def test_from_the_command_line(dubench_here, tmp_path: Path) -> None:
    # 47 scenes of eight crops each: enough to tell.
    generate(400, tmp_path / "scenes", [SourceSpec("dead-leaves")], size=32, workers=1)
    split = open_split(str(tmp_path / "scenes"), "train")
    perfect(split, tmp_path / "a.jsonl")
    perfect(split, tmp_path / "b.jsonl", 1.2, model="worse")
    assert dubench_here("score", "a.jsonl", "--out", "a.json", cwd=tmp_path).returncode == 0
    run = dubench_here("compare", "a.json", "b.jsonl", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    comparison = json.loads(run.stdout)
    assert comparison["models"] == ["oracle", "worse"]
    by_name = {d["name"]: d for d in comparison["differences"]}
    assert by_name["p_rel.avg"]["b"] == pytest.approx(0.2)
    assert comparison["worse"] == ["p_rel_capped.avg", "p_rel.avg", "skill.avg"]
    run = dubench_here("compare", "a.jsonl", "b.jsonl", "--fail-if-worse", cwd=tmp_path)
    assert run.returncode == 1
    assert "B is worse in capped P-Rel, P-Rel, skill, capped P-Rel of atmospheric" in run.stdout
    assert (
        dubench_here("compare", "b.jsonl", "a.jsonl", "--fail-if-worse", cwd=tmp_path).returncode
        == 0
    )


def test_what_cannot_be_told_is_not_called_good(capsys: pytest.CaptureFixture[str]) -> None:
    show(compare(model(0.05, 1, 20), model(0.6, 2, 20)))
    assert "nothing can be told" in capsys.readouterr().out
    comparison = compare(model(0.2, 4), model(0.2, 4))
    first, *rest = comparison.differences
    show(replace(comparison, differences=[first, *(replace(d, interval=None) for d in rest)]))
    assert (
        "\n1 of 1 scores do not tell the two apart\n19 have no interval" in capsys.readouterr().out
    )
    show(comparison)
    assert "\n20 of 20 scores do not tell the two apart" in capsys.readouterr().out
    show(compare(model(0.4, 2), model(0.05, 1)))
    assert "B is better in T-Acc, T-F1" in capsys.readouterr().out


def test_who_is_worse_in_one_key_and_better_in_another_is_told_both() -> None:
    """A model that errs in sigma against one that errs in gamma: no average may hide it."""
    true = synthetic_scores.ground_truth(400, 400)

    def off(key: str) -> Scored:
        answers = synthetic_scores.right_answers(true)
        for name, given in answers.items():
            (only,) = given.degradations
            values = {k: v * 1.3 if k == key else v for k, v in only.values.items()}
            answers[name] = replace(given, degradations=(Degradation(only.type, values),))
        rows = score_samples(true, answers, constants(true.values), synthetic_scores.PRESET)
        return Scored(replace(RESULT, model=f"off in {key}"), rows)

    console = Console(file=io.StringIO(), width=120)
    with contextlib.redirect_stdout(console.file):
        show(compare(off("sigma"), off("gamma")), console)
    text = console.file.getvalue()
    assert "B is better in capped P-Rel of sigma, P-Rel of sigma" in text
    assert "B is worse in capped P-Rel of gamma, P-Rel of gamma" in text


def test_a_models_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    evil = replace(RESULT, model="evil[/b]\x1b[1m")
    show(compare(Scored(evil, model(0.2, 4).rows), Scored(evil, model(0.2, 4).rows)))
    text = capsys.readouterr().out
    assert "A: evil[/b] [1m" in text
    assert "\x1b" not in text


def test_other_definitions_are_refused() -> None:
    a, b = model(0.1, 1), model(0.1, 2)
    other = replace(b.result, signature=b.result.signature + "|p-rel:median")
    a = Scored(replace(a.result, signature=a.result.signature + "|p-rel:uncapped"), a.rows)
    with pytest.raises(InputError, match=r"computed differently \(p-rel"):
        compare(a, Scored(other, b.rows))


def test_a_metric_without_values_for_some_images_is_left_out() -> None:
    a, b = model(0.1, 1), model(0.1, 1)
    a.rows.quality["psnr"] = np.full(a.rows.n, 20.0)
    b.rows.quality["psnr"] = np.where(np.arange(a.rows.n) < 5, np.nan, 30.0)
    comparison = compare(a, b)
    assert "psnr.avg" not in {d.name for d in comparison.differences}
    assert "0 images of A and 5 of B have no value" in comparison.notes[0]
