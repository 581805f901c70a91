"""GRPO: answers are judged by the reward, and a stopped run ends as one that was not."""

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from skimage.metrics import peak_signal_noise_ratio

from dubench.duvlm import reinforcement as package
from dubench.duvlm.model.files import Notes, save
from dubench.duvlm.reinforcement import grpo, train_grpo, train_online
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.grpo import RestoredReward
from dubench.duvlm.reinforcement.held import evaluate
from dubench.duvlm.reinforcement.pairs import Pairs
from dubench.duvlm.reinforcement.policies import open_policy
from dubench.duvlm.reinforcement.restoring import Analytic, mean_squared
from dubench.predictions.grammar import TAXONOMY, encode
from generators.errors import InputError

COURSE = Course("structured", steps=2, group=2, prompts=1, every=1)


@pytest.fixture(scope="module")
def model(untrained, tmp_path_factory):
    """A folder of nano before training, as `--model` names it."""
    folder = tmp_path_factory.mktemp("models") / "untrained"
    save(folder, untrained, Notes())
    return f"nano:{folder}"


def test_completions_are_judged(du110k, model):
    pairs = Pairs(str(du110k))
    rows = {pairs[row].truth.type: pairs[row] for row in range(len(pairs))}
    blurred, hazy = rows["blur"], rows["haze"]
    right = encode([blurred.truth], TAXONOMY)
    logged = {}
    reward = RestoredReward(replace(COURSE, value_weight=0.5), open_policy(model), Analytic())
    texts = [right, encode([hazy.truth], TAXONOMY), "[T-blur]", "[T-none]"]
    completions = [[{"role": "assistant", "content": text}] for text in texts]
    rewards = reward(completions, [blurred] * 4, lambda name, value: logged.update({name: value}))
    assert rewards[1:] == [-1, -1, -1]
    restored = Analytic()([(blurred, blurred.truth)])[0]
    assert rewards[0] == pytest.approx(-mean_squared(restored, blurred.clean), abs=0.01)
    assert logged["valid"] == 0.75
    assert logged["right_type"] == 0.25


def test_held_pairs_are_scored_and_restored(du110k):
    policy, every = open_policy("nano"), Pairs(str(du110k))
    pairs = [every[row] for row in range(len(every))][:12]
    scores = evaluate(
        lambda images: policy.believe(policy.answering.model, images),
        policy.notes.vocabulary,
        pairs,
    )
    degraded = [peak_signal_noise_ratio(pair.clean, pair.degraded) for pair in pairs]
    assert scores.t_acc > 0.7  # small pictures
    assert scores.psnr > np.mean(degraded)


@pytest.mark.parametrize(
    ("course", "restorer", "reason"),
    [
        (replace(COURSE, reward="kind"), "analytic", "--reward kind: use one of structured"),
        (replace(COURSE, group=1), "analytic", "--group 1: choose at least 2"),
        (replace(COURSE, value_weight=-1.0), "analytic", "--value-weight"),
        (replace(COURSE, reward="differentiable"), "pnp", "leave out --restorer"),
        (COURSE, "best", "--method best"),
    ],
)
def test_bad_options_are_refused(du110k, model, tmp_path, course, restorer, reason):
    with pytest.raises(InputError, match=reason):
        train_grpo(model, str(du110k), tmp_path / "out", course, restorer)


@pytest.mark.parametrize("name", ["nano:nowhere", "duvlm:", "constant", "nano"])
def test_models_without_sft_are_refused(du110k, tmp_path, name):
    if name == "nano":
        (tmp_path / "nano").mkdir()
        name = f"nano:{tmp_path / 'nano'}"
    with pytest.raises(InputError, match="--model"):
        train_grpo(name, str(du110k), tmp_path / "out", COURSE)


@pytest.mark.parametrize("train", [train_grpo, train_online])
def test_the_model_that_it_goes_on_from_is_not_written_over(model, train):
    folder = Path(model.partition(":")[2])
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match=r"^--out .*: the model that it goes on from; name anothe"):
        train(model, "nothing", folder, COURSE)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


class Stopped(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("reward", ["structured", "differentiable"])
def test_a_stopped_run_ends_as_one_that_was_not(du110k, model, tmp_path, reward, monkeypatch):
    course = replace(COURSE, reward=reward, steps=3)
    monkeypatch.setattr(grpo, "SAVE_EVERY", 1)
    monkeypatch.setattr("dubench.duvlm.reinforcement.joint.SAVE_EVERY", 1)
    whole = train_grpo(model, str(du110k), tmp_path / "whole", course)
    assert [entry["step"] for entry in whole.history] == [0, 1, 2, 3]

    @contextmanager
    def stopping(unit):
        def on_progress(done, total):
            if done == 2:
                raise Stopped

        yield on_progress

    with monkeypatch.context() as patched:
        patched.setattr(package, "counting", stopping)
        with pytest.raises(Stopped):
            train_grpo(model, str(du110k), tmp_path / "cut", course)
    again = train_grpo(model, str(du110k), tmp_path / "cut", course)
    assert [entry["step"] for entry in again.history] == [0, 1, 2, 3]
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    history = json.loads((tmp_path / "cut" / "history.json").read_text())
    assert history == again.history
    with pytest.raises(InputError, match=r"other options \(steps: "):
        train_grpo(model, str(du110k), tmp_path / "cut", replace(course, steps=5))


def test_a_restorer_that_is_none_is_said_of_its_own_option(du110k, model, tmp_path, dubench_here):
    arguments = ("--model", model, "--dataset", du110k, "--restorer", "nonsense")
    result = dubench_here("train", "grpo", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "--restorer nonsense: the methods are" in result.stderr
