"""A real Ray with two workers: the same pictures, and a killed one costs the one it was at."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Dubench

pytest.importorskip("ray")
pytestmark = pytest.mark.slow  # Ray takes ten seconds to start

METHOD = """
import os, signal
from pathlib import Path

class Negative:
    def restore(self, image, *known):
        home = Path("asked")
        at = len(list(home.iterdir()))
        (home / os.urandom(8).hex()).touch()
        if at == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return 255 - image
"""


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def pictures(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("du-*.png")}


@pytest.mark.parametrize("params", ["truth", "constant"])
def test_the_pictures_are_those_of_one_process(
    params: str, du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    options = ("restore", "--dataset", du110k, "--split", "test", "--params", params)
    for engine in ("local", "ray"):
        rest = ("--method", "analytic", "--engine", engine, "--out", engine)
        run = dubench_here(*options, *rest, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
    here, there = pictures(tmp_path / "local"), pictures(tmp_path / "ray")
    assert here == there
    assert f"{len(here)} restored images, {len(here)} new" in run.stdout
    assert (tmp_path / "local/restore.json").read_text() == (
        tmp_path / "ray/restore.json"
    ).read_text()


def test_a_killed_worker_costs_the_picture_it_was_at(
    du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    (tmp_path / "negative.py").write_text(METHOD)
    (tmp_path / "asked").mkdir()
    options = ("restore", "--dataset", du110k, "--split", "test", "--params", "truth")
    rest = ("--method", "plugin:negative:Negative", "--engine", "ray")
    run = dubench_here(*options, *rest, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    n = len(pictures(tmp_path / "restored"))
    assert len(list((tmp_path / "asked").iterdir())) == n + 1
    lost = next((tmp_path / "restored").glob("du-*.png"))
    before = lost.read_bytes()
    lost.unlink()
    run = dubench_here(*options, *rest, cwd=tmp_path)
    assert f"{n} restored images, 1 new" in run.stdout
    assert lost.read_bytes() == before
