"""Ablating nano: budgets of CPU time, what each arm is, and a run that is killed."""

import json
import signal
import subprocess
import sys
import time
from itertools import count

import numpy as np
import pytest
from safetensors.numpy import load_file

from dubench.dataset import open_split
from dubench.duvlm.ablation import _fresh, fitting
from dubench.duvlm.ablation.arms import ALL_VIEWS, ARMS, BASE, CLAIMS, Arm
from dubench.duvlm.ablation.crops import Crops, crops_of, joined
from dubench.duvlm.ablation.estimates import score
from dubench.duvlm.ablation.judging import judge, rounding, terms_of
from dubench.duvlm.ablation.result import Ablation
from dubench.duvlm.ablation.summary import columns_of, scores_of, verdicts
from dubench.duvlm.model import nano
from dubench.duvlm.model.answering import reduce_for
from dubench.duvlm.model.files import Notes, load, save
from dubench.duvlm.reinforcement.pairs import Pairs
from dubench.duvlm.train.samples import row_of
from dubench.duvlm.train.validate import validate
from dubench.predictions.grammar import Grid, decode
from dubench.predictors import load_predictor
from generators.typed_json import from_json
from tests.dubench.duvlm.train.test_training import made_up

NARROW = 48


@pytest.fixture
def crops():
    parts = [made_up(seed, size, row_of(ALL_VIEWS)) for seed, size in ((1, 20), (2, 7))]
    return Crops(tuple(parts))


@pytest.fixture
def narrow(monkeypatch):
    """A narrower nano, on a clock that each step of which takes one second."""
    ticks = count()
    monkeypatch.setattr(nano, "WIDTH", NARROW)
    monkeypatch.setattr(fitting, "BATCH", 4)
    monkeypatch.setattr(fitting.time, "process_time", lambda: float(next(ticks)))


def weights_of(answering):
    return {name: x.detach().numpy() for name, x in answering.model.state_dict().items()}


def test_rows_are_taken_across_files(crops):
    whole = joined(crops.parts)
    rows = np.array([26, 0, 19, 20, 3])
    assert len(crops) == 27
    np.testing.assert_array_equal(crops.take(rows)["photo"], whole[rows]["photo"])


def test_training_takes_its_cpu_time_and_goes_on_after_a_stop(narrow, crops, tmp_path, monkeypatch):
    """A stopped run has the time left at its checkpoint, and ends with the same weights."""
    notes = Notes()
    whole = _fresh(notes, 0)
    spent = fitting.fit(whole, crops, 3, (0, 0), tmp_path / "whole", lambda seconds: None)
    assert (spent.cpu_seconds, spent.images, spent.steps) == (3, 12, 3)

    def stop_at_two(seconds):
        if seconds == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "SAVE_EVERY", 1)
    (tmp_path / "cut").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fitting.fit(_fresh(notes, 0), crops, 3, (0, 0), tmp_path / "cut", stop_at_two)
    again = _fresh(notes, 7)
    seen = []
    assert fitting.fit(again, crops, 3, (0, 0), tmp_path / "cut", seen.append) == spent
    assert seen == [2, 3]
    for name, weight in weights_of(whole).items():
        np.testing.assert_array_equal(weights_of(again)[name], weight)


def test_a_nano_without_rationale_answers_on_its_own_grid(narrow, tmp_path):
    """Its folder says what it is, and its answers are of the grammar: the type's token first."""
    arm = Arm("", "", without="chart", rationale=False, delta=0.1)
    notes = Notes(arm.delta, arm.views, rationale=arm.rationale)
    answering = _fresh(notes, 0)
    assert answering.vocabulary.answer("haze").pieces == (
        "[T-haze]", "[K-atmospheric_light]", None, "[K-transmission]", None, "<|im_end|>",
    )  # fmt: skip
    assert len(answering.vocabulary.values) == 11
    save(tmp_path, answering, notes)
    loaded, kept = load(tmp_path)
    assert kept == notes
    assert loaded.vocabulary == answering.vocabulary
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    (record,) = load_predictor(f"nano:{tmp_path}").predict([image])
    (types,) = loaded.believe(reduce_for(arm.views, [image])).types
    assert list(record["type_probabilities"].values()) == pytest.approx(types, abs=1e-5)


def test_an_arm_is_the_rest_but_for_one_thing():
    base = next(arm for arm in ARMS if arm.name == BASE)
    first = [arm for arm in ARMS if not arm.further]
    names = {arm.name for arm in ARMS}
    for arm in first[1:]:
        changed = [arm.views != base.views, not arm.rationale, arm.delta != base.delta]
        assert sum(changed) == 1
    assert ARMS[: len(first)] == tuple(first)  # the others need BASE's weights
    assert {name for claim in CLAIMS for name in (claim.better, claim.worse)} <= names


@pytest.fixture(scope="module")
def test_split(du110k, tmp_path_factory):
    """Split, ground truth, pairs and reduced crops."""
    split = open_split(str(du110k), "test")
    folder = tmp_path_factory.mktemp("crops")
    crops = crops_of(split, folder, 1, lambda done, total: None)
    return split, split.ground_truth(), Pairs(str(du110k), "test"), joined(crops.parts)


def test_crops_are_those_of_the_dataset(test_split):
    split, truth, _, samples = test_split
    name, image = next(split.images("degraded"))
    row = truth.ids.index(name)
    reduced = reduce_for(ALL_VIEWS, [image])
    for view in ("photo", "statistics", "fft", "edges"):
        np.testing.assert_array_equal(samples[view][row], reduced[view][0])
    np.testing.assert_array_equal(samples["type"], truth.types)


def test_terms_sum_up_to_the_benchmarks_scores(untrained, test_split, monkeypatch):
    """P-Rel and J-Acc of the untrained nano as `validate` has them, of medians and as written."""
    split, truth, pairs, samples = test_split
    terms = judge(untrained, samples, truth, pairs, split.preset)
    believed = untrained.believe(samples)
    scores = {name: score(columns) for name, columns in columns_of(terms).items()}
    for prefix, rule in (("", "median"), ("written.", "argmax")):
        want = validate(untrained.vocabulary, believed, samples, rule)
        assert scores[f"{prefix}p_rel.avg"] == pytest.approx(want.p_rel["avg"], abs=1e-4)
        assert scores[f"{prefix}t_acc"] == pytest.approx(want.t_acc, abs=1e-4)
    assert 5 < scores["psnr"] < 60


@pytest.mark.parametrize("delta", [0.01, 0.1])
def test_rounding_stays_below_propositions_bound(test_split, delta):
    """Proposition 4.2: no value rounded to a grid is farther off than Δ/2 of its range."""
    split, truth, pairs, _ = test_split
    terms = rounding(truth, pairs, Grid(delta), split.preset)
    assert score(columns_of(terms)["j_acc"]) == 1
    squared = {name: column for name, column in terms.items() if name.startswith("squared.")}
    assert len(squared) == 7
    for name, column in squared.items():
        if name != "squared.scale":  # a whole number: half a step may round to the wrong one
            assert np.nanmax(column) <= (delta / 2) ** 2 + 1e-9
    assert np.nanmax(squared["squared.sigma"]) > (delta / 10) ** 2


def test_claims_are_judged_by_what_the_arms_cost(test_split):
    """Arms whose answers are the truth, but for A of one half too large."""
    _, truth, pairs, _ = test_split
    clusters = np.arange(len(truth.ids) * 4)
    right = rounding(truth, pairs, Grid(0.01), None)
    good = {name: np.tile(column, 4) for name, column in right.items()}
    good["psnr"] = np.random.default_rng(0).normal(30, 1, len(clusters))
    good |= {f"written.{name}": column for name, column in good.items()}
    bad = {name: column + 0.5 * name.endswith("atmospheric_light") for name, column in good.items()}
    bad["psnr"] = good["psnr"] + np.random.default_rng(1).normal(0, 1, len(clusters))
    arms = {arm.name: [good, good] for arm in ARMS} | {"no-fft": [bad, bad]}
    found = {verdict.claim: verdict.findings for verdict in verdicts(arms, clusters)}
    spectrum = found["the spectrum helps"]
    assert spectrum["p_rel.avg"].difference.value == pytest.approx(-0.5 / 7)
    assert spectrum["psnr"].holds == "not separable"
    assert found["the edges help"]["p_rel.avg"].holds == "not separable"


def test_values_of_types_never_right_have_no_squared_error(test_split):
    _, truth, _, _ = test_split
    (blur,) = decode("[T-blur][K-sigma][V-0.5]")
    terms = terms_of(truth, [blur] * len(truth.ids), Grid(), None)
    scores, by_seed = scores_of([terms, terms], np.arange(len(truth.ids)))
    assert "squared.sigma" in scores
    assert not {"squared.gamma", "squared.avg"} & scores.keys()
    assert by_seed["t_acc"] == (0.25, 0.25)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--seconds", "0"], "--seconds 0.0: choose more than 0"),
        (["--reward-seconds", "-1"], "--reward-seconds -1.0"),
        (["--seeds", "0"], "--seeds 0"),
        (["--workers", "0"], "--workers 0"),
        (["--tables", "views,4"], "--tables 4: the tables are views, training, grid"),
        (["--dataset", "nowhere/at/all"], "nowhere/at/all"),
    ],
)
def test_bad_input_is_one_line(dubench_here, du110k, tmp_path, arguments, reason):
    ended = dubench_here("ablate", "--dataset", du110k, *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert reason in ended.stderr
    assert not (tmp_path / "ablation").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_tables(du110k, tmp_path, dubench):
    """Killed in its second arm; the first is not trained again."""
    options = ["--dataset", du110k, "--out", "out", "--workers", 1]
    options += ["--seconds", 1, "--reward-seconds", 1, "--seeds", 1]
    command = [sys.executable, "-m", "dubench.cli", "ablate", *map(str, options)]
    first = tmp_path / "out" / ARMS[0].name / "seed0"
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (first / "terms.npz").exists():
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = load_file(first / "model.safetensors")
    ended = dubench("ablate", *options, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "the spectrum helps" in ended.stdout
    after = load_file(first / "model.safetensors")
    assert all((after[name] == weight).all() for name, weight in before.items())
    result = from_json(Ablation, json.loads((tmp_path / "out/ablation.json").read_text()), "it")
    assert result.arms.keys() == {arm.name for arm in ARMS}
    for arm in ARMS:
        assert 1 <= result.arms[arm.name].cpu_seconds < 30
    for name in ("views.md", "training.tex", "grid.csv", "verdicts.md", "figure7_delta.png"):
        assert (tmp_path / "out" / name).stat().st_size > 200
    refused = dubench("ablate", *options[:-4], "--seconds", 2, cwd=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "another seconds" in refused.stderr
