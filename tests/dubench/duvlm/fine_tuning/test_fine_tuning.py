"""A tiny Qwen3-VL becomes DU-VLM: through adapters or whole, stopped or not, and is refused what
cannot be learnt from."""

import errno
import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer
from typer.testing import CliRunner

from dubench.cli import app
from dubench.dataset import open_split
from dubench.duvlm.fine_tuning import data, fine_tune, reckon, settings, trainer
from dubench.duvlm.model import new_tokens
from dubench.duvlm.model.files import NOTES
from dubench.duvlm.reinforcement import reckon as of_rewards
from dubench.duvlm.reinforcement.course import Course as Rewards
from dubench.duvlm.tokens import NANO
from dubench.predictors import load_predictor
from generators.errors import InputError
from tests.dubench.predictors import tiny_models

STEPS = 3
KILLED = """
import os, sys
from pathlib import Path
from dubench.duvlm.fine_tuning import trainer
from tests.dubench.duvlm.fine_tuning import test_fine_tuning as tests
read = trainer.read
def killed_at_the_third(*arguments):
    if (Path(sys.argv[3]) / "checkpoints" / "checkpoint-2").exists():
        os.kill(os.getpid(), 9)
    return read(*arguments)
trainer.read = killed_at_the_third
tests.small(lambda module, name, value: setattr(module, name, value))
tests.tuned(*map(Path, sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tiny_models.qwen3_vl(tmp_path_factory.mktemp("base"))
    model = AutoModelForImageTextToText.from_pretrained(folder)
    with torch.no_grad():
        model.lm_head.weight *= 0.02  # else it is as good as sure of what it says at random
    model.save_pretrained(folder)
    return folder


def small(setattr_):
    """Steps of two photographs, each followed by a validation on four and a checkpoint."""
    for module in (settings, trainer):
        setattr_(module, "TOGETHER", 2)
        setattr_(module, "EVERY", 1)
    setattr_(trainer, "WATCHED", 4)
    setattr_(data, "HELD", 6)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    small(monkeypatch.setattr)


def tuned(base, dataset, out, **options):
    given = {"images": 2 * STEPS, "batch": 2, "views": ["edges"], "workers": 1} | options
    return fine_tune(str(base), out, str(dataset), **given)


def weights(folder):
    return AutoModelForImageTextToText.from_pretrained(folder).state_dict()


def test_adapters_end_in_a_plain_model(base, du110k, tmp_path, monkeypatch) -> None:
    """A stopped run goes on to the same weights; of the matrices of tokens the new rows alone have
    moved, all that answer and all that were read; the folder answers."""
    calibrate, counts = trainer.calibrate, []

    def counting(vocabulary, held):
        counts.append([len(truth) for _, truth in held])
        return calibrate(vocabulary, held)

    monkeypatch.setattr(trainer, "calibrate", counting)
    done = tuned(base, du110k, tmp_path / "whole")
    assert counts == [[4], [4], [6]]  # all that are held out, for the calibration that is written
    assert done.images == 2 * STEPS
    assert set(done.scores) == {"validation"}
    stopped = tmp_path / "stopped"
    read = trainer.read

    def stop_at_the_third(*arguments):
        if (stopped / "checkpoints" / "checkpoint-2").exists():
            raise KeyboardInterrupt
        return read(*arguments)

    monkeypatch.setattr(trainer, "read", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        tuned(base, du110k, stopped)
    monkeypatch.setattr(trainer, "read", read)
    # What a kill in the midst of writing leaves.
    (stopped / "checkpoints" / "checkpoint-3").mkdir()
    with pytest.raises(InputError, match=r"other options \(seed: 0"):
        tuned(base, du110k, stopped, seed=1)
    tuned(base, du110k, stopped)
    after, again = weights(tmp_path / "whole"), weights(stopped)
    for name, weight in after.items():
        np.testing.assert_array_equal(weight, again[name], err_msg=name)
    model = AutoModelForImageTextToText.from_pretrained(base)
    old = len(model.lm_head.weight)
    new_tokens.untie(model)
    new_tokens.add(model, AutoTokenizer.from_pretrained(base), NANO)
    moved = {
        name: (after[name] != weight).any(-1).numpy()
        for name, weight in model.state_dict().items()
        if name in ("model.language_model.embed_tokens.weight", "lm_head.weight")
    }
    embedding, head = moved.values()
    assert not head[:old].any()
    assert not embedding[:old].any()
    assert head[old:].sum() == len(NANO.new)
    assert 2 * STEPS < embedding[old:].sum() < len(NANO.new)  # those that were fed
    history = json.loads((stopped / "history.json").read_text())
    assert [entry["step"] for entry in history] == [1, 2, 3]
    split = open_split(str(du110k), "test")
    images = [image for _, image in split.images("degraded")][:3]
    predictor = load_predictor(f"duvlm:{stopped}")
    for record, image in zip(predictor.predict(images), images, strict=True):
        assert sum(record["type_probabilities"].values()) == pytest.approx(1, abs=1e-5)
        (alone,) = predictor.predict([image])
        assert alone["type"] == record["type"]
        for key, value in record["parameters"].items():
            np.testing.assert_allclose(alone["parameters"][key], value, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_all_weights_learn_from_fresh_crops(base, tmp_path) -> None:
    """And what was tuned may be tuned again, on the same grid and views alone."""
    out = tmp_path / "full"
    done = fine_tune(
        str(base), out, sources=["builtin"], views=[], images=4, batch=2, full=True, delta=0.05,
        workers=1,
    )  # fmt: skip
    assert set(done.scores) == {"du110k-wild", "du110k"}
    after, before = weights(out), weights(base)
    for name in ("model.visual.patch_embed.proj.weight", "lm_head.weight"):
        assert (after[name][: len(before[name])] != before[name]).any(), name
    for options, message in (
        ({"delta": 0.01, "views": []}, "other Δ"),
        ({"delta": 0.05, "views": ["fft"]}, "other views"),
    ):
        with pytest.raises(InputError, match=message):
            fine_tune(str(out), tmp_path / "more", sources=["builtin"], **options)


def test_a_loss_that_is_no_number_and_a_full_disk(base, du110k, tmp_path, monkeypatch) -> None:
    """Stop with a line, and leave the last checkpoint."""
    real = trainer.loss_of

    def loss(logits, targets):
        broken = (tmp_path / "checkpoints" / "checkpoint-1").exists()
        return real(logits, targets) * (float("nan") if broken else 1)

    monkeypatch.setattr(trainer, "loss_of", loss)
    with pytest.raises(InputError, match="no longer a number at step 1"):
        tuned(base, du110k, tmp_path)
    monkeypatch.setattr(trainer, "loss_of", real)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(InputError, match="the one before is safe"):
            tuned(base, du110k, tmp_path)
    assert (tmp_path / "checkpoints" / "checkpoint-1" / "trainer_state.json").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(base, du110k, tmp_path) -> None:
    places = [str(base), str(du110k), str(tmp_path / "killed")]
    process = subprocess.run([sys.executable, "-c", KILLED, *places], capture_output=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    tuned(base, du110k, tmp_path / "killed")
    tuned(base, du110k, tmp_path / "whole")
    again = weights(tmp_path / "killed")
    for name, weight in weights(tmp_path / "whole").items():
        np.testing.assert_array_equal(weight, again[name], err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "qwen3"}'), "takes no"),
        (lambda folder: (folder / NOTES).write_text("{"), "cannot be read"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "cannot be loaded"),
    ],
)
def test_models_that_are_refused(base, du110k, tmp_path, change, message) -> None:
    folder = shutil.copytree(base, tmp_path / "base")
    change(folder)
    with pytest.raises(InputError, match=message):
        tuned(folder, du110k, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_arguments_that_are_refused(base, du110k, copy, tmp_path) -> None:
    for file in (copy / "data").glob("train-*"):
        file.unlink()
    with pytest.raises(InputError, match=r"no train split in it .*; it has validation, test$"):
        tuned(base, copy, tmp_path / "out")
    refused = {
        "give --dataset": {"sources": ["builtin"]},
        "--images 0": {"images": 0},
        "--batch -3": {"batch": -3},
        "--workers 0": {"workers": 0},
        "--delta": {"delta": 0.03},
        "--optimizer sgd": {"optimizer": "sgd"},
        "the views are": {"views": ["dct"]},
    }
    for message, options in refused.items():
        with pytest.raises(InputError, match=message):
            tuned(base, du110k, tmp_path / "out", **options)
    with pytest.raises(InputError, match="the model that it goes on from"):
        tuned(base, du110k, base)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cuda"):
            tuned(base, du110k, tmp_path / "out", device="cuda")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "full", "message"),
    [
        ("FULL_STATE_DICT", False, "give --full, or launch with --multi_gpu"),
        ("SHARDED_STATE_DICT", True, "--fsdp_state_dict_type FULL_STATE_DICT"),
        (None, True, "--fsdp_state_dict_type FULL_STATE_DICT"),  # what version 2 does by itself
        ("FULL_STATE_DICT", True, "no config.json"),
    ],
)
def test_fsdp_that_would_leave_no_model(du110k, tmp_path, monkeypatch, kind, full, message) -> None:
    """Is refused before anything is loaded; what would leave one comes to the model."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    if kind:
        monkeypatch.setenv("FSDP_STATE_DICT_TYPE", kind)
    with pytest.raises(InputError, match=message):
        tuned(tmp_path, du110k, tmp_path / "out", full=full)
    assert not (tmp_path / "out").exists()


def test_options_of_the_other_training_are_one_line(tmp_path, dubench_here) -> None:
    for arguments, message in (
        (("--batch", 2, "--source", "builtin"), "--batch is for a model of your choice"),
        (("--dry-run",), "--dry-run is for a model of your choice"),
        (("--model", "x", "--chart-alone", 5), "--chart-alone is for nano"),
    ):
        run = dubench_here("train", "sft", *arguments, cwd=tmp_path)
        assert run.returncode == 2
        assert message in run.stderr
    assert not list(tmp_path.iterdir())


def test_the_dry_run_counts_what_learns(base) -> None:
    """Of the 8B as published, 8.77 billion parameters; of a tiny one, whose matrix has to grow."""
    run = reckon("Qwen/Qwen3-VL-8B-Instruct", None, None, None)
    assert run.parameters / 1e9 == pytest.approx(8.77, abs=0.005)
    assert run.rows == {"embed_tokens": len(NANO.new), "lm_head": len(NANO.new)}
    # Rank 32 on seven projections of 36 layers, and two rows of 4096 a token.
    sides = 4096 + 4096, 4096 + 1024, 4096 + 1024, 4096 + 4096, *[4096 + 12288] * 3
    assert run.trained == 32 * 36 * sum(sides) + 2 * 4096 * len(NANO.new)
    fits = {(need.way, need.gpus): need.fits for need in run.needs}
    assert fits["adapters", "1× 80 GB"]
    assert not fits["full, adamw", "1× H200"]
    assert fits["full, adamw-8bit", "1× H200"]
    assert fits["full, adamw", "8× A100 80 GB"]
    assert reckon(str(base), [], 0.05, 1).rows == {"embed_tokens": 33, "lm_head": 33}
    with pytest.raises(InputError, match="--batch -3: choose at least one"):
        reckon(str(base), None, None, -3)


def test_each_command_reckons_before_it_trains(base) -> None:
    """By rewards the adapters of rank 32 learn alone: its new tokens were learnt before."""
    for arguments in (
        ["sft", "--model", str(base), "--views", "fft", "--batch", "2"],
        ["grpo", "--model", f"duvlm:{base}", "--dataset", "du110k", "--group", "4"],
    ):
        run = CliRunner().invoke(app, ["train", *arguments, "--dry-run"])
        assert run.exit_code == 0, run.output
        assert "8× A100 80 GB  adapters" in run.output
    run = of_rewards(f"duvlm:{base}", Rewards("structured", 1))
    assert run.trained == 32 * (4 * (32 + 32) + 3 * (32 + 64))
    assert run.batch == 32
    assert all(need.fits for need in run.needs)
    with pytest.raises(InputError, match="nano takes less"):
        of_rewards("nano", Rewards("structured", 1))
