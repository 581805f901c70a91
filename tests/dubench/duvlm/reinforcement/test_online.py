"""What is rewarded without a truth, when it is enough, and what keeps a model from drifting."""

from contextlib import contextmanager

import cv2
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from dubench.duvlm import reinforcement as package
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.model.files import SHIPPED
from dubench.duvlm.reinforcement import grpo, online, train_online
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.online import (
    MARGIN,
    SCALE,
    SLACK,
    WINDOW,
    Guard,
    QualityReward,
    middle,
    open_pictures,
    settled,
    undegraded,
)
from dubench.duvlm.reinforcement.policies import OfNano
from dubench.duvlm.reinforcement.restoring import Analytic
from generators.errors import InputError
from generators.taxonomy import TYPES, Degradation


class Asked:
    """Stands where a policy does; only its grid is asked for."""

    class notes:
        from dubench.duvlm.tokens import NANO as vocabulary


@pytest.fixture(scope="module")
def crop():
    return undegraded()[0]


def test_a_result_is_worth_what_it_gains_beyond_the_margin(crop):
    qualities = {}

    def quality(pictures):
        return [qualities.setdefault(picture.tobytes(), 40.0 - 10 * len(qualities))
                for picture in pictures]  # fmt: skip

    reward = QualityReward(Asked, Analytic(), quality)
    blur = Degradation("blur", {"sigma": 2.0})
    answers = [blur, Degradation("none", {}), None]
    # 40 points before, 30 after.
    expected = [(10 - MARGIN) / SCALE, 0.0, -1.0]
    assert reward.rewards([crop] * 3, answers) == pytest.approx(expected)


def test_what_has_no_quality_is_refused(crop):
    reward = QualityReward(Asked, Analytic(), lambda pictures: [float("nan")] * len(pictures))
    assert reward.rewards([crop], [Degradation("blur", {"sigma": 2.0})]) == [-1.0]


def test_it_settles_when_the_mean_no_longer_rises():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(2 * WINDOW)
    assert not settled(noise[: 2 * WINDOW - 1])
    assert settled(noise - 0.001 * np.arange(2 * WINDOW))
    assert not settled(noise + 0.05 * np.arange(2 * WINDOW))


def alarming(share, count):
    """What is believed of undegraded photographs by a model that calls a share of them blurred."""
    types = np.zeros((count, len(TYPES)))
    types[:, list(TYPES).index("none")] = 1
    types[: round(share * count)] = np.eye(len(TYPES))[list(TYPES).index("blur")]
    return Believed(types, [])


def guarding(kept):
    """A guard of a model whose one weight is the share of its alarms."""

    def believe(model, images):
        return alarming(model.weight.item(), len(images))

    return Guard(believe, [None] * 50, kept)


def weighing(share):
    """Such a model."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, share)
    return model


def test_a_drifting_model_gets_its_last_good_weights_back(tmp_path):
    guard = guarding(tmp_path / "good.pt")
    for share in (0.1, 0.1 + SLACK, 0.06):
        assert guard.check(weighing(share)) == {"false_alarms": pytest.approx(share, abs=0.011)}
        assert not guard.tripped
    model = weighing(0.3)
    guard.check(model)
    assert guard.tripped
    assert model.weight.item() == pytest.approx(0.06)


def test_a_run_that_was_stopped_is_guarded_as_before(tmp_path):
    kept = tmp_path / "checkpoints" / "good.pt"
    first = guarding(kept)
    history = [first.check(weighing(share)) for share in (0.1, 0.06)]
    second = guarding(kept)
    second.resume(history)
    assert not second.tripped
    drifted = weighing(0.2)
    history.append(second.check(drifted))
    assert drifted.weight.item() == pytest.approx(0.06)
    # Stopped again before the model was written; the trainer goes a step beyond its checkpoint.
    third = guarding(kept)
    third.resume(history)
    assert third.tripped
    beyond = weighing(0.05)
    third.check(beyond)
    assert beyond.weight.item() == pytest.approx(0.06)
    kept.unlink()
    with pytest.raises(InputError, match=r"checkpoints cannot be read \(.*good.pt.*; remove it"):
        guarding(kept).resume(history)


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_where_it_would_have(crop, tmp_path, monkeypatch):
    """Its false alarms rise step by step; after the second they are too many."""
    shares = iter([0.1, 0.1 + SLACK / 2, 0.1 + 2 * SLACK])
    monkeypatch.setattr(
        OfNano, "believe", lambda policy, model, images: alarming(next(shares), len(images))
    )
    monkeypatch.setattr(online, "open_quality", lambda metric, device: None)
    monkeypatch.setattr(QualityReward, "rewards", lambda *_: [0.0, 1.0])
    monkeypatch.setattr(grpo, "SAVE_EVERY", 1)
    photograph, out = tmp_path / "blurred.png", tmp_path / "out"
    cv2.imwrite(str(photograph), cv2.GaussianBlur(crop, None, 3.0))  # its answers differ in σ
    course = Course("brisque", steps=4, group=2, prompts=1, every=1)

    @contextmanager
    def stopping(unit):
        def on_progress(done, total):
            if done == 2:
                raise KeyboardInterrupt

        yield on_progress

    with monkeypatch.context() as patched:
        patched.setattr(package, "counting", stopping)
        with pytest.raises(KeyboardInterrupt):
            train_online("nano", [photograph], out, course)
    good = load_file(out / "checkpoints" / "checkpoint-1" / "model.safetensors")
    trained = train_online("nano", [photograph], out, course)
    assert [entry["step"] for entry in trained.history] == [0, 1, 2]
    assert "last good weights" in trained.notes[0]
    start, written = (load_file(x / "model.safetensors") for x in (SHIPPED, out))
    assert any((written[name] != start[name]).any() for name in written)
    assert all((weight == good[name].astype("f2")).all() for name, weight in written.items())


def test_a_damaged_photograph_is_named(photos, tmp_path):
    whole = next(photos.glob("*.jpg")).read_bytes()
    (tmp_path / "whole.jpg").write_bytes(whole)
    assert len(open_pictures([tmp_path])) == 1
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(whole[:1000])
    with pytest.raises(InputError, match=f"^{damaged}: .*; remove it and run the same command"):
        open_pictures([tmp_path])


def test_a_run_goes_on_with_its_own_photographs_alone(photos, tmp_path, monkeypatch):
    first, second, third = sorted(photos.glob("*.jpg"))[:3]
    monkeypatch.setattr(online, "open_quality", lambda metric, device: None)

    class Stopped(Exception):
        pass

    def stop(*_):
        raise Stopped

    monkeypatch.setattr(grpo, "train", stop)

    def train(*photographs):
        train_online("nano", photographs, tmp_path / "out", Course("brisque", steps=1))

    for _ in range(2):
        with pytest.raises(Stopped):
            train(first, second)
    for others in ((first, third), (second, first)):
        with pytest.raises(InputError, match=r"with other options \(photographs: {'n': 2, "):
            train(*others)


def test_undegraded_crops_cover_the_bundled_photographs():
    crops = undegraded()
    assert len(crops) >= 40
    assert {crop.shape for crop in crops} == {(256, 256, 3)}


def test_the_middle_of_a_photograph():
    pixels = np.arange(300 * 400 * 3, dtype=np.uint32).reshape(300, 400, 3).astype(np.uint8)
    assert np.array_equal(middle(pixels), pixels[22:278, 72:328])
