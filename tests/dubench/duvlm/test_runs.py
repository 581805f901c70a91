"""Processes of one launch share a run's folder; a second launch is kept out."""

import subprocess
import sys

import pytest

from dubench.duvlm.runs import hold_run, is_first, share_of
from dubench.predictors import load_predictor
from generators import engines
from generators.errors import InputError
from tests.dubench.predictors import tiny_models


def test_processes_of_one_launch_share_a_folder(tmp_path, monkeypatch) -> None:
    assert is_first()
    with hold_run(tmp_path / "out"):
        monkeypatch.setenv("RANK", "1")
        assert not is_first()
        with hold_run(tmp_path / "out"):
            pass
        monkeypatch.setenv("RANK", "0")
        with pytest.raises(InputError, match="another dubench"), hold_run(tmp_path / "out"):
            pass


def test_processes_of_one_launch_part_the_cores(monkeypatch) -> None:
    """At least one is each one's; a number that was given is meant of each."""
    monkeypatch.setattr(engines, "cores", lambda: 96)
    assert share_of(None) == 96
    for processes, share in ((8, 12), (128, 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
        assert share_of(None) == share
    assert share_of(5) == 5
    with pytest.raises(InputError, match="--workers 0"):
        share_of(0)


@pytest.mark.slow
def test_two_processes_train_one_model(du110k, tmp_path) -> None:
    """By examples, then by rewards; one of them reports."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2",
              "-m", "dubench.cli", "train"]  # fmt: skip
    base = tiny_models.qwen3_vl(tmp_path / "base")
    for arguments, out in (
        (["sft", "--model", base, "--views", "edges", "--images", 64, "--batch", 2,
          "--workers", 1], "tuned"),
        (["grpo", "--model", "duvlm:tuned", "--steps", 2, "--group", 2, "--prompts", 1], "further"),
    ):  # fmt: skip
        command = [*launch, *arguments, "--dataset", du110k, "--out", out]
        run = subprocess.run(
            [str(word) for word in command], cwd=tmp_path, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.count("use it with --model") == 1
    assert load_predictor(f"duvlm:{tmp_path / 'further'}").name
