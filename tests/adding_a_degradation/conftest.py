"""A copy of the packages to which the page has been applied, and a dataset of its five types."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import annotation_ui
import dubench as dubench_package
import generators
import leaderboard
from tests.adding_a_degradation.page import PAGE, follow

PACKAGES = (generators, dubench_package, annotation_ui, leaderboard)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python in the copy that has the fifth type."""
    house = tmp_path_factory.mktemp("house")
    ignored = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        source = Path(package.__file__ or "").parent
        shutil.copytree(source, house / source.name, ignore=ignored)
    follow(PAGE.read_text("utf-8"), house)
    environment = os.environ | {"PYTHONPATH": str(house)}

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=house, env=environment, capture_output=True, text=True, timeout=600
        )

    names = [package.__name__ for package in PACKAGES]
    script = f"import {', '.join(names)}; print({', '.join(f'{name}.__file__' for name in names)})"
    where = call("-c", script)
    assert where.stdout.count(str(house)) == len(names), where.stderr
    return call


@pytest.fixture(scope="session")
def cli(run: Run) -> Run:
    """Run the copy's command line."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        done = run("-m", "dubench.cli", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call


@pytest.fixture(scope="session")
def five(cli: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 pairs of five types, thirty of each: do not write to it."""
    out = tmp_path_factory.mktemp("five") / "five"
    options = ("--size", 64, "--preset", "five", "--workers", 2)
    cli("generate", "--n", 150, *options, "--out", out)
    return out
