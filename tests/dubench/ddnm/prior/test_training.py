"""Training the prior: a stopped run ends with the weights of one that was not stopped."""

import errno
import json
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from dubench.ddnm.prior.files import load
from dubench.ddnm.prior.folder import BATCH as PATCHES
from dubench.ddnm.prior.preconditioning import LEAST_SIGMA, MOST_SIGMA
from dubench.ddnm.prior.train import loop, train_prior
from dubench.ddnm.prior.train import photographs as photographs_of
from dubench.ddnm.prior.train.patches import add_noise, draw_batch, scenes
from generators.sources.pools import BUNDLED

STEPS = 9
KILLED = """
import os, sys
from dubench.ddnm.prior.train import loop
from dubench.cli import main
loop.SAVE_EVERY = 2
advance = loop._advance
def killed_at_the_eighth(state, *batch):
    if state.step == 7:
        os.kill(os.getpid(), 9)
    return advance(state, *batch)
loop._advance = killed_at_the_eighth
main()
"""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of three small photographs."""
    folder = tmp_path_factory.mktemp("photographs")
    for path in sorted(BUNDLED.glob("*.jpg"))[:3]:
        image = cv2.resize(cv2.imread(str(path)), (180, 120), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{path.stem}.png"), image)
    return folder


def command(photographs, out, patches=STEPS * PATCHES):
    return [
        *("train", "prior", "--source", f"folder={photographs}", "--out", str(out)),
        *("--patches", str(patches), "--workers", "1"),
    ]


def weights(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["average"]


def test_a_killed_run_goes_on_to_the_same_weights(photographs, tmp_path, dubench_here):
    whole = dubench_here(*command(photographs, tmp_path / "whole"), cwd=tmp_path)
    assert "σ 25" in whole.stdout
    killed = command(photographs, tmp_path / "killed")
    process = subprocess.run([sys.executable, "-c", KILLED, *killed], capture_output=True)
    assert process.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "killed/checkpoint.pt", weights_only=True)["step"] == 6
    assert dubench_here(*killed, cwd=tmp_path).returncode == 0
    first, second = (weights(tmp_path / name) for name in ("whole", "killed"))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, atol=1e-6, rtol=0)
    assert load(tmp_path / "killed")
    history = json.loads((tmp_path / "killed/history.json").read_text("utf-8"))
    assert [row["step"] for row in history] == [STEPS]


def test_workers_draw_the_very_patches(photographs, tmp_path):
    """As they do for a GPU."""
    pictures = [cv2.imread(str(path)) for path in photographs.glob("*.png")]
    run = loop.Run(24, 0, "", batch=8, widths=(4, 8))
    states = []
    for n in (0, 2):
        out = tmp_path / str(n)
        out.mkdir()
        states.append(loop.train(run, pictures, pictures, out, "cpu", lambda *_: None, workers=n))
    assert [state.step for state in states] == [3, 3]
    for one, other in zip(*(state.network.parameters() for state in states), strict=True):
        assert torch.equal(one, other)


def test_of_other_batches_and_widths(photographs, tmp_path, dubench_here):
    wide = command(photographs, tmp_path / "wide", 16)
    assert dubench_here(*wide, "--batch", "8", "--widths", "4,8", cwd=tmp_path).returncode == 0
    config = json.loads((tmp_path / "wide/config.json").read_text("utf-8"))
    assert config["widths"] == [4, 8]
    assert config["training"]["step"] == 2
    # What it goes on from has its widths, and the patches that it has seen count in batches of 24.
    further = command(photographs, tmp_path / "further", 48)
    result = dubench_here(*further, "--model", "wide", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    config = json.loads((tmp_path / "further/config.json").read_text("utf-8"))
    assert config["widths"] == [4, 8]
    assert (config["training"]["start"], config["training"]["step"]) == (1, 2)
    again = dubench_here(*wide, cwd=tmp_path)
    assert again.returncode == 2
    assert "is of another run" in again.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--batch", "6"), "--batch 6: choose a multiple of four"),
        (("--batch", "0"), "--batch 0: choose a multiple of four"),
        (("--widths", "32,none"), "--widths 32,none: write whole numbers"),
        (("--widths", "32,0"), "--widths: choose numbers above 0"),
        (("--widths", "32,64", "--model", "bundled"), "--widths: those of bundled are"),
    ],
)
def test_bad_batches_and_widths(options, message, photographs, tmp_path, dubench_here):
    result = dubench_here(*command(photographs, tmp_path / "out"), *options, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("batch", "times"), [(24, 1), (96, 2), (216, 3), (1024, 3)])
def test_rates_grow_with_the_root_of_the_batch_but_not_for_ever(batch, times):
    ordinary = loop.Run(1, 0, "").rates
    assert loop.Run(1, 0, "", batch=batch).rates == tuple(times * rate for rate in ordinary)


def test_a_full_disk_at_the_end_leaves_no_run_without_its_model(
    photographs, tmp_path, dubench_here, monkeypatch
):
    """The last checkpoint is there, the model not: the same command writes it."""
    train = command(photographs, tmp_path, 1)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(loop, "save", full)
        assert dubench_here(*train, cwd=tmp_path).returncode == 2
    assert (tmp_path / "checkpoint.pt").exists()
    assert dubench_here(*train, cwd=tmp_path).returncode == 0
    # float16 has 11 bits, and is even coarser below its least normal number.
    for name, value in load(tmp_path).state_dict().items():
        torch.testing.assert_close(value, weights(tmp_path)[name], atol=1e-7, rtol=2**-11)


def test_another_run_in_the_folder_is_refused(photographs, tmp_path, dubench_here):
    def train(patches):
        return dubench_here(*command(photographs, tmp_path, patches), cwd=tmp_path)

    assert train(1).returncode == 0
    before = (tmp_path / "checkpoint.pt").read_bytes()
    other = train(2)
    assert other.returncode == 2
    assert "is of another run" in other.stderr
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    (tmp_path / "checkpoint.pt").write_bytes(before[:1000])
    damaged = train(1)
    assert damaged.returncode == 2
    assert "cannot be read" in damaged.stderr


@pytest.fixture(scope="module")
def model(photographs, tmp_path_factory):
    """A prior after STEPS steps."""
    folder = tmp_path_factory.mktemp("model")
    train_prior([f"folder={photographs}"], folder, STEPS * PATCHES, seed=1, workers=1)
    return folder


def test_a_run_goes_on_from_a_model(photographs, model, tmp_path, dubench_here):
    out = tmp_path / "further"
    further = command(photographs, out, (STEPS + 1) * PATCHES)
    result = dubench_here(*further, "--model", model, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    before, after = (json.loads((x / "config.json").read_text("utf-8")) for x in (model, out))
    assert after["training"]["step"] == STEPS + 1
    assert after["training"]["cpu_seconds"] >= before["training"]["cpu_seconds"]
    drawn = loop.resume(loop.Run(1, 0, ""), [], tmp_path / "none", "cpu").network.state_dict()
    # Beside float16's rounding, one step of the rising rate has moved them: 1e-3 / 200.
    for name, value in load(model).state_dict().items():
        torch.testing.assert_close(weights(out)[name], value, atol=5e-5, rtol=2**-10)
    assert not all(torch.allclose(drawn[name], x, atol=1e-2) for name, x in weights(out).items())
    checkpoint = (out / "checkpoint.pt").read_bytes()
    other = dubench_here(*further, "--model", "bundled", cwd=tmp_path)
    assert other.returncode == 2
    assert "has seen" in other.stderr
    alone = dubench_here(*further, cwd=tmp_path)
    assert alone.returncode == 2
    assert "is of another run" in alone.stderr
    assert (out / "checkpoint.pt").read_bytes() == checkpoint


@pytest.mark.parametrize(
    ("named", "patches", "out", "message"),
    [
        ("model", STEPS * PATCHES, "out", f"has seen {STEPS * PATCHES:,}; choose more"),
        ("model", 1000, "model", "name another folder"),
        ("nowhere", 1000, "out", "not a prior"),
        ("silent", 1000, "out", "no training.step"),
    ],
)
def test_models_that_no_run_goes_on_from(
    named, patches, out, message, photographs, model, tmp_path, dubench_here
):
    shutil.copytree(model, tmp_path / "model")
    shutil.copytree(model, tmp_path / "silent")
    config = json.loads((model / "config.json").read_text("utf-8"))
    del config["training"]
    (tmp_path / "silent/config.json").write_text(json.dumps(config), "utf-8")
    before = (tmp_path / "model/checkpoint.pt").read_bytes()
    result = dubench_here(
        *command(photographs, tmp_path / out, patches), "--model", named, cwd=tmp_path
    )
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "model/checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("saved", "step", "continues"),
    [
        ({}, 1000, True),
        ({"patches": 1000 * PATCHES}, 50, True),
        ({"patches": 1000 * PATCHES}, 51, False),
        ({"patches": 60 * PATCHES}, 30, True),
        ({"patches": 60 * PATCHES}, 31, False),
        ({"seed": 1}, 0, False),
        ({"photographs": "others"}, 0, False),
    ],
)
def test_the_length_may_change_until_the_rate_falls(saved, step, continues):
    run = loop.Run(100 * PATCHES, 0, "")
    before = {"patches": run.patches, "seed": 0, "photographs": ""} | saved
    assert run.continues(before, step) == continues
    # What both have done is the same only where their rates were.
    if continues and "patches" in saved:
        lengths = (run.steps, saved["patches"] // PATCHES)
        for done in range(step):
            assert len({loop.rate(done, steps) for steps in lengths}) == 1


def test_a_loss_that_is_no_number_stops_the_run(photographs, tmp_path, dubench_here, monkeypatch):
    monkeypatch.setattr(loop, "WEIGHT", float("nan"))
    result = dubench_here(*command(photographs, tmp_path), cwd=tmp_path)
    assert result.returncode == 2
    assert "no longer a number at step 0" in result.stderr
    assert not (tmp_path / "checkpoint.pt").exists()


def plain(folder, level, count):
    """A source of photographs of one grey level, but for a pixel each."""
    folder.mkdir()
    for number in range(count):
        image = np.full((100, 120, 3), level, np.uint8)
        image[0, 0] = number
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return f"folder={folder}"


@pytest.mark.parametrize(
    ("counts", "weights", "shares"),
    [
        ((11, 21), (3, 1), (9, 3)),
        ((4, 21), (3, 1), (3, 9)),  # the first has three to train on, and one to validate on
        ((6, 6), (9, 1), (5, 5)),
        ((21,), (1,), (12,)),
    ],
)
def test_sources_share_the_most_photographs_by_weight(
    counts, weights, shares, tmp_path, monkeypatch
):
    levels = (50, 200)[: len(counts)]
    sources = [
        f"{plain(tmp_path / str(level), level, count)}@{weight}"
        for level, count, weight in zip(levels, counts, weights, strict=True)
    ]

    def read():
        notes = []
        pictures, held = photographs_of.read(
            sources, 0, 1, tmp_path / "spools", lambda *_: None, notes.append
        )
        assert len(held) == len(counts)
        return pictures, notes

    every, none = read()
    assert not none
    monkeypatch.setattr(photographs_of, "MOST_PHOTOGRAPHS", 12)
    some, notes = read()
    for level, count, share in zip(levels, counts, shares, strict=True):
        of_pool, of_all = (
            [picture for picture in pictures if picture[1, 1, 0] == level]
            for pictures in (some, every)
        )
        assert len(of_pool) == share
        # As many from the start, in the order that all would be in.
        np.testing.assert_array_equal(of_pool, of_all[:share])
        left = f"folder: left out {count - 1 - share} of {count - 1} photographs"
        assert any(line.startswith(left) for line in notes) == (share < count - 1)


def test_it_is_said_what_was_left_out(photographs, tmp_path, dubench_here, monkeypatch):
    monkeypatch.setattr(photographs_of, "MOST_PHOTOGRAPHS", 1)
    result = dubench_here(*command(photographs, tmp_path, 1), cwd=tmp_path)
    assert result.returncode == 0
    assert "note: folder: left out 1 of 2 photographs to train on; 1 are taken" in result.stderr


@pytest.mark.parametrize("source", ["dead-leaves", "folder=nowhere"])
def test_no_photographs(source, tmp_path, dubench_here):
    result = dubench_here("train", "prior", "--source", source, "--out", "prior", cwd=tmp_path)
    assert result.returncode == 2
    assert "--source" in result.stderr
    assert not (tmp_path / "prior").exists()


def test_noise_is_what_sigma_says():
    leaves = scenes(0)[:2]
    photograph = np.full((120, 160, 3), 128, np.uint8)
    ratios = []
    for step in range(40):
        batch = add_noise(draw_batch([photograph], leaves, 0, step), "cpu")
        ratios.append(((batch.noisy - batch.clean) / batch.sigma).flatten())
        assert batch.sigma.min() >= LEAST_SIGMA * (1 - 1e-6)
        assert batch.sigma.max() <= MOST_SIGMA * (1 + 1e-6)
    standard = torch.cat(ratios)
    # Six standard errors of the mean and of the deviation of n normal values.
    bound = 6 / len(standard) ** 0.5
    assert abs(float(standard.mean())) < bound
    assert abs(float(standard.std()) - 1) < bound


def test_a_step_is_one_batch_whenever_it_is_drawn():
    leaves = scenes(0)[:2]
    first, again, other = (
        add_noise(draw_batch(leaves, leaves, 3, step), "cpu") for step in (17, 17, 18)
    )
    assert torch.equal(first.noisy, again.noisy)
    assert first.noisy.shape != other.noisy.shape or not torch.equal(first.noisy, other.noisy)


@pytest.mark.slow
def test_it_learns_to_remove_noise(photographs, tmp_path):
    """Sixty steps take it past the best estimate from a pixel alone."""
    pictures = [cv2.imread(str(path))[..., ::-1].copy() for path in photographs.glob("*.png")]
    run = loop.Run(60 * PATCHES, 0, "")
    state = loop.train(run, pictures, pictures, tmp_path, "cpu", lambda *_: None)
    untrained = loop.denoising(
        loop.resume(run, pictures, tmp_path / "none", "cpu").network, pictures
    )
    trained = loop.denoising(state.network, pictures)
    assert trained[25] > untrained[25] + 0.5
