"""A real Ray with two workers: the same predictions, and a killed one costs what it was at."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dubench.dataset import open_split
from dubench.predictions.on_ray import predict_on_ray
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from generators.errors import InputError
from tests.conftest import Dubench

pytest.importorskip("ray")
pytestmark = pytest.mark.slow  # Ray takes ten seconds to start

MODEL = """
import os, signal
from pathlib import Path

class Means:
    batch = 7

    def predict(self, images):
        home = Path("asked")
        at = len(list(home.iterdir()))
        (home / f"{at}-{os.getpid()}-{len(images)}").touch()
        if at == 5 and Path("deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return [{"type": "blur", "parameters": {"sigma": float(one.mean())}} for one in images]
"""


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bright.py").write_text(MODEL)
    (tmp_path / "asked").mkdir()
    return tmp_path


def lines(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The meta line, and the others by id and without latency, which is the clock's."""
    meta, *rest = map(json.loads, path.read_text().splitlines())
    rest.sort(key=lambda line: line["id"])
    assert all(line.pop("latency_s") >= 0 for line in rest)
    return meta, [json.dumps(line) for line in rest]


def test_the_lines_are_those_of_one_process(
    du110k: Path, home: Path, dubench_here: Dubench
) -> None:
    split = open_split(str(du110k), "train")
    predict(split, load_predictor("statistics"), home / "here.jsonl")
    options = ("--dataset", du110k, "--split", "train", "--engine", "ray", "--out", "there.jsonl")
    run = dubench_here("predict", *options, cwd=home)
    assert run.returncode == 0, run.stderr
    assert f"{split.n} predictions of statistics:du110k, {split.n} new" in run.stdout
    assert lines(home / "there.jsonl") == lines(home / "here.jsonl")


def test_a_killed_worker_costs_its_row_group_and_a_killed_command_goes_on(
    du110k: Path, home: Path
) -> None:
    split = open_split(str(du110k), "train")
    (home / "deadly").touch()
    summary = predict_on_ray(split, "plugin:bright:Means", home / "preds.jsonl")
    assert summary.new == split.n
    asked = [file.name.split("-") for file in (home / "asked").iterdir()]
    assert split.n < sum(int(count) for *_, count in asked) <= split.n + 100
    meta, whole = lines(home / "preds.jsonl")
    assert meta["meta"]["model"] == "plugin:bright:Means"
    # As if the command had been killed in the midst of a line.
    data = (home / "preds.jsonl").read_bytes()
    (home / "preds.jsonl").write_bytes(data[: len(data) // 3])
    kept = data[: len(data) // 3].count(b"\n") - 1
    again = predict_on_ray(split, "plugin:bright:Means", home / "preds.jsonl")
    assert (again.n, again.new) == (split.n, split.n - kept)
    assert lines(home / "preds.jsonl") == (meta, whole)


def test_mistakes_are_named(du110k: Path, home: Path) -> None:
    split = open_split(str(du110k), "train")
    with pytest.raises(InputError, match="openai:x@y: it needs no cores; leave out --engine"):
        predict_on_ray(split, "openai:x@y", home / "preds.jsonl")
    with pytest.raises(InputError, match="no module nowhere here"):
        predict_on_ray(split, "plugin:nowhere:Model", home / "preds.jsonl")
    with pytest.raises(InputError, match="no GPU"):
        predict_on_ray(split, "nano", home / "preds.jsonl", device="cuda")
    assert not (home / "preds.jsonl").exists()
