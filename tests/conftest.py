"""What many tests share: real photographs, and one small dataset of them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# One thread for each of pytest's workers, as for dubench's: where they want more than there are
# cores, OpenMP's wait for each other at every product, and small ones take fifteen times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from generators.build.generate import generate
from generators.sources.pools import BUNDLED, SourceSpec

# A busy machine is no failure.
settings.register_profile("dubench", deadline=None)
settings.load_profile("dubench")

Dubench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def photos() -> Path:
    """A folder of thirteen real photographs."""
    return BUNDLED


@pytest.fixture(scope="session")
def du110k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset of 440 pairs at 64 × 64: do not write to it."""
    out = tmp_path_factory.mktemp("datasets") / "du110k"
    generate(440, out, [SourceSpec("builtin")], size=64, workers=2)
    return out


@pytest.fixture
def copy(du110k: Path, tmp_path: Path) -> Path:
    """A copy of that dataset, to spoil."""
    return Path(shutil.copytree(du110k, tmp_path / "copy"))


@pytest.fixture(scope="session")
def dubench() -> Dubench:
    """Run the command line in a process of its own: `dubench("generate", "--n", 8, cwd=…)`."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dubench.cli", *map(str, arguments)]
        environment = os.environ | {"COLUMNS": "200"}
        return subprocess.run(  # type: ignore[call-overload]
            command, capture_output=True, text=True, env=environment, timeout=600, **options
        )

    return run


@pytest.fixture
def dubench_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dubench:
    """The same in this process, where starting would take most of a command's time."""

    def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        from dubench.cli import main

        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["dubench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        stdout, stderr = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), stdout, stderr)

    return run
