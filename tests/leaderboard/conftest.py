"""One board on a real split, and one of made-up scores: copies are for spoiling."""

import shutil
from pathlib import Path

import pytest

from dubench.dataset import Split, open_split
from leaderboard.intake.epochs import begin_epoch, finish_epoch
from tests.dubench.scoring.synthetic_scores import scored
from tests.leaderboard.boards import synthetic


@pytest.fixture(scope="session")
def data(du110k: Path) -> Split:
    """A split of sixteen samples with answers."""
    return open_split(str(du110k), "validation")


@pytest.fixture(scope="session")
def _board(data: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boards") / "board"
    epoch = begin_epoch(folder, "A board", data.where, data.name, "psnr,ssim")
    finish_epoch(folder, epoch, lambda done, total: None)
    return folder


@pytest.fixture
def board(_board: Path, tmp_path: Path) -> Path:
    """A board on that split, with its own two rows."""
    return Path(shutil.copytree(_board, tmp_path / "board"))


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of five models, one with two runs: do not write to it."""
    few = {"n": 400, "photos": 60, "metrics": ("psnr",)}
    models = {
        "constant": scored("constant", wrong=1.0, seed=1, **few),
        "statistics": scored("statistics", wrong=0.2, seed=2, overconfident=1.0, **few),
        "good": scored("good", wrong=0.1, seed=3, overconfident=2.0, **few),
        "as good": scored("as good", wrong=0.1, seed=4, **few),
        "seeds · run 1": scored("seeds", wrong=0.3, seed=5, **few),
        "seeds · run 2": scored("seeds", wrong=0.3, seed=6, **few),
    }
    folder = tmp_path_factory.mktemp("boards") / "made-up"
    return synthetic(folder, models, notes="<script>alert(1)</script> \\input{x} =cmd()")
