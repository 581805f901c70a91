"""Training nano: what it is taught, and that a stopped run ends as one that was not stopped."""

import errno
import json
import signal
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dubench.baseline.features import COUNT
from dubench.baseline.file import find, read
from dubench.baseline.model import softmax
from dubench.duvlm.model import files, nano
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.model.files import load
from dubench.duvlm.teacher import Teacher
from dubench.duvlm.tokens import NANO
from dubench.duvlm.train import _match, loop, samples, train_sft, write
from dubench.duvlm.train.samples import COLUMNS, ROW, row_of
from dubench.duvlm.train.targets import Targeting
from dubench.duvlm.views import NANO_VIEWS, PAPERS, PHOTOGRAPH, for_nano
from dubench.predictors import load_predictor
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

STATISTICS = read(find("du110k-wild"))
RUN = loop.Run(0, 8, ["made up"], "form")
KILLED = """
import os, sys
from pathlib import Path
from dubench.duvlm.train import loop
from tests.dubench.duvlm.train.test_training import trained
loop.SAVE_EVERY = 0
advance = loop._advance
def killed_at_the_fourth(state, *batch):
    if state.step == 3:
        os.kill(os.getpid(), 9)
    advance(state, *batch)
loop._advance = killed_at_the_fourth
trained(Path(sys.argv[1]))
"""


def made_up(seed, count, row=ROW):
    """Samples whose values lie anywhere in their ranges."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(count, row)
    samples["photo"] = rng.integers(0, 256, samples["photo"].shape)
    deviates = rng.standard_normal((count, COUNT)).astype(np.float32)
    samples["statistics"] = deviates * STATISTICS.deviation + STATISTICS.mean
    for view in set(row.names) & set(PAPERS):
        samples[view] = rng.integers(0, 256, samples[view].shape)
    samples["type"] = rng.integers(0, len(TYPES), count)
    samples["severity"] = np.where(samples["type"] == 4, 255, rng.integers(0, 3, count))
    samples["values"] = np.nan
    for row in samples:
        for key in list(TYPES.values())[row["type"]].keys:
            for i in range(key.size):
                row["values"][COLUMNS.index((key.name, i))] = rng.uniform(key.low, key.high)
    return samples


def trained(out, steps=5, run=RUN, views=NANO_VIEWS):
    """A run of batches of four, of a narrower model."""
    loop.BATCH, nano.WIDTH = 4, 48
    words = nano.tokenizer()
    answering = Answering(nano.new(words, 0), words, NANO, views)
    targeting = Targeting(words, NANO, Teacher(STATISTICS, NANO))
    fetch = partial(made_up, row=row_of(views))
    held = {"made-up": fetch(99, 12)}
    out.mkdir(exist_ok=True)
    return loop.train(
        run, 4 * steps, answering, targeting, fetch, held, out, lambda done, total: None,
        lambda state: write(out, state, run),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def constants(monkeypatch):
    monkeypatch.setattr(loop, "BATCH", loop.BATCH)
    monkeypatch.setattr(nano, "WIDTH", nano.WIDTH)


def stop_at_the_fourth(monkeypatch, how):
    advance = loop._advance

    def advance_or_stop(state, *batch):
        if state.step == 3:
            monkeypatch.setattr(loop, "_advance", advance)
            raise how
        advance(state, *batch)

    monkeypatch.setattr(loop, "_advance", advance_or_stop)
    monkeypatch.setattr(loop, "SAVE_EVERY", 0)


def same_weights(one, other):
    weights = other.average.model.state_dict()
    assert one.step == other.step == 5
    for name, weight in one.average.model.state_dict().items():
        np.testing.assert_array_equal(weight, weights[name])


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path, monkeypatch) -> None:
    """Through the step from the chart alone to both pictures; the folder is a model at any time."""
    whole = trained(tmp_path / "whole")
    stopped = tmp_path / "stopped"
    stop_at_the_fourth(monkeypatch, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        trained(stopped)
    assert load(stopped)[1].views == ("photograph", "chart")
    same_weights(whole, trained(stopped))
    assert (stopped / "curves.png").stat().st_size > 5000
    with pytest.raises(InputError, match="another run"):
        trained(stopped, run=loop.Run(1, 8, [], "form"))


def test_more_pictures_go_on_with_as_many_of_the_chart_alone(tmp_path, monkeypatch) -> None:
    loop.BATCH, nano.WIDTH = 4, 48
    recipe = SimpleNamespace(preset=SimpleNamespace(name="made-up"))
    plan = SimpleNamespace(recipes=[recipe], identity=["made up"])
    monkeypatch.setattr(samples, "plan", lambda *_: plan)

    def make_validation(plan, folder, workers, on_progress):
        samples.write(folder / samples.validation_name("made-up"), made_up(99, 12))

    monkeypatch.setattr(samples, "make_validation", make_validation)
    supply = SimpleNamespace(fetch=made_up, wait=lambda on_progress: None)
    monkeypatch.setattr("dubench.duvlm.train.supply.Supply", lambda *_: supply)
    train_sft(["builtin"], tmp_path, images=16)
    train_sft(["builtin"], tmp_path, images=32)
    history = json.loads((tmp_path / "history.json").read_text("utf-8"))
    assert [(row["images"], row["photograph"]) for row in history] == [(16, True), (32, True)]
    assert loop.chart_alone_of(tmp_path / "checkpoint.pt") == 4
    with pytest.raises(InputError, match="of another run"):
        train_sft(["builtin"], tmp_path, images=48, chart_alone=8)


def test_it_learns_from_the_papers_views_alone(tmp_path) -> None:
    """The folder is loaded with the views that it was trained on, and answers."""
    views = (PHOTOGRAPH, *PAPERS)
    trained(tmp_path, steps=1, run=loop.Run(0, 0, [], "form"), views=views)
    answering, notes = load(tmp_path)
    assert notes.views == answering.views == views
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    (record,) = load_predictor(f"nano:{tmp_path}").predict([image])
    samples = {"photo": for_nano(image)[0][None]}
    samples |= {view: for_nano(image, [view])[0][None, ..., 0] for view in PAPERS}
    believed = answering.believe(samples, calibration=notes.calibration)
    assert list(record["type_probabilities"].values()) == pytest.approx(believed.types[0], abs=1e-5)
    believed_blank = answering.believe(samples | {"fft": np.zeros_like(samples["fft"])})
    assert not np.allclose(believed.types, believed_blank.types, atol=1e-6)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch) -> None:
    trained(tmp_path, steps=1)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="the one before is safe"):
        trained(tmp_path, steps=2)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_full_disk_at_the_end_leaves_no_run_without_its_model(tmp_path, monkeypatch) -> None:
    """The last checkpoint is there, the model not: the same command writes it."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "save", full)
        with pytest.raises(OSError, match="No space"):
            trained(tmp_path, steps=1)
    assert (tmp_path / "checkpoint.pt").exists()
    weights = trained(tmp_path, steps=1).average.model.state_dict()
    for name, weight in load(tmp_path)[0].model.state_dict().items():
        np.testing.assert_array_equal(weight, weights[name].half().float())


def test_fewer_images_than_were_seen_are_refused(tmp_path, monkeypatch) -> None:
    """Before the first validation; as many end the run there."""
    stop_at_the_fourth(monkeypatch, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(InputError, match=r"--images 8: .*checkpoint.pt has seen 12; choose"):
        trained(tmp_path, steps=2)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert [entry["images"] for entry in trained(tmp_path, steps=3).history] == [12]


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path) -> None:
    killed = tmp_path / "killed"
    process = subprocess.run([sys.executable, "-c", KILLED, str(killed)], capture_output=True)
    assert process.returncode == -signal.SIGKILL
    same_weights(trained(tmp_path / "whole"), trained(killed))


def test_a_loss_that_is_no_number_stops(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "loss_of", lambda logits, targets: logits.sum() * float("nan"))
    with pytest.raises(InputError, match="no longer a number at step 0"):
        trained(tmp_path)


def test_targets_are_gaussians_around_the_truth() -> None:
    words = nano.tokenizer()
    samples = made_up(3, 40)
    targets = Targeting(words, NANO)(samples, 0.02, 0.0, np.random.default_rng(0))
    np.testing.assert_allclose(targets.wanted.sum(-1)[targets.weights > 0], 1, rtol=1e-5)
    assert (targets.weights[targets.wanted.sum(-1) == 0] == 0).all()
    steps = words.convert_tokens_to_ids(list(NANO.values))

    def column(piece):
        return targets.columns.tolist().index(words.convert_tokens_to_ids(piece))

    values = [column(piece) for piece in NANO.values]
    for row, sample in enumerate(samples):
        name = list(TYPES)[sample["type"]]
        answer = NANO.answer(name)
        first = column(answer.pieces[0])
        assert targets.wanted[row, 0, first] == 1
        for place, (key, i) in zip(answer.values, answer.entries, strict=True):
            shares, places = targets.wanted[row, place, values], NANO.places(key)
            truth = sample["values"][COLUMNS.index((key.name, i))]
            # Within three deviations of an end the Gaussian is cut off.
            if abs(truth - (key.low + key.high) / 2) < 0.44 * (key.high - key.low):
                assert shares @ places == pytest.approx(truth, abs=1e-3 * (key.high - key.low))
            assert targets.fed[row, place] in steps
        # The loss of saying what is wanted is its entropy, and nothing else does better.
    logits = torch.full((*targets.weights.shape, len(words)), -np.inf)
    logits[..., targets.columns] = torch.from_numpy(np.log(targets.wanted + 1e-9))
    entropy = -(targets.wanted * np.log(targets.wanted + 1e-9)).sum(-1)
    want = (targets.weights * entropy).sum() / len(samples)
    assert float(loop.loss_of(logits, targets)) == pytest.approx(want, rel=1e-4)


def test_the_teacher_says_what_the_statistics_say() -> None:
    teacher, samples = Teacher(STATISTICS, NANO), made_up(4, 6)
    rows = STATISTICS.normalise(samples["statistics"])
    for name in ("blur", "low_light"):
        taught = teacher.values(name, samples["statistics"])
        np.testing.assert_allclose(taught.sum(-1), 1, rtol=1e-5)
        for entry, (key, i) in enumerate(NANO.answer(name).entries):
            shares = softmax(STATISTICS.networks[key.name].logits(rows))
            support = STATISTICS.support[key.name].reshape(shares.shape[1], -1)[:, i]
            width = KEYS[key.name].high - KEYS[key.name].low
            np.testing.assert_allclose(
                taught[:, entry] @ NANO.places(key), shares @ support, atol=0.01 * width
            )
    types = teacher.types(samples["statistics"])
    assert types.shape == (6, len(TYPES))
    np.testing.assert_allclose(types.sum(1), 1, rtol=1e-5)


def test_what_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="--source: nano learns from"):
        train_sft([], tmp_path / "nano")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        train_sft([f"folder={tmp_path / 'nowhere'}"], tmp_path / "nano")
    with pytest.raises(InputError, match="--images 0"):
        train_sft(["builtin"], tmp_path / "nano", images=0)
    with pytest.raises(InputError, match="--chart-alone needs the chart"):
        train_sft(["builtin"], tmp_path / "nano", chart_alone=5, views=["fft"])
    assert not (tmp_path / "nano").exists()
    _match(tmp_path / "plan.json", ["these photographs"])
    _match(tmp_path / "plan.json", ["these photographs"])
    with pytest.raises(InputError, match="other photographs"):
        _match(tmp_path / "plan.json", ["those photographs"])


def test_validation_samples_are_counted_while_they_are_made(tmp_path, monkeypatch) -> None:
    def numbered(recipe, photographs, indices, views):
        rows = np.zeros(len(indices), ROW)
        rows["type"] = indices
        return rows

    monkeypatch.setattr(samples, "make", numbered)
    shard = SimpleNamespace(split="validation", in_turn=lambda seed: list(range(45)))
    recipe = SimpleNamespace(preset=SimpleNamespace(name="own"), shards=[shard], seed=0)
    plan = SimpleNamespace(recipes=[recipe], photographs=[()], views=NANO_VIEWS)
    reports: list[int] = []
    samples._make_validation((plan, tmp_path, 0), reports.append)
    assert reports == [20, 20, 5]
    kept = samples.read(tmp_path / samples.validation_name("own"), NANO_VIEWS)
    assert kept["type"].tolist() == list(range(45))
