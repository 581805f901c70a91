"""Random faults of the system never give a wrong result with exit code 0."""

import shutil
from pathlib import Path

import pytest

from tests.faults.rounds import start


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_two_hundred_rounds(photos: Path, tmp_path: Path) -> None:
    played = start(tmp_path, photos, 200, seed=0)
    assert played.returncode == 0, played.stdout
    print(played.stdout)
