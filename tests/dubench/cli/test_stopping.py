"""Ctrl-C ends any command with a word and the exit code that shells expect."""

import signal
from pathlib import Path

from tests.stopping import stopped


def test_a_command_that_keeps_nothing_says_that_it_stopped(du110k: Path) -> None:
    run = stopped(signal.SIGINT, 1, "recipe.json", "verify", du110k, "--workers", 1)
    assert run.returncode == 130
    assert run.stderr.splitlines()[-1] == "dubench: stopped"
    assert "Traceback" not in run.stderr
