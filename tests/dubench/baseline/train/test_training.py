"""Training on a small dataset, end to end."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from dubench.baseline.features import COUNT, statistics
from dubench.baseline.train import Trained, train_statistics
from dubench.baseline.train.extract import extract
from dubench.baseline.train.networks import Job, fit_all
from dubench.dataset import open_split
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.scoring.score import score
from generators.errors import InputError


@pytest.fixture(scope="module")
def trained(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train_statistics(
        str(du110k), tmp_path_factory.mktemp("model") / "mine.safetensors", 0, 2
    )


def test_it_learns(du110k: Path, trained: Trained, tmp_path: Path) -> None:
    split = open_split(str(du110k), "train")
    preds = predict(
        split, load_predictor(f"statistics:{trained.path}"), tmp_path / "preds.jsonl"
    ).path
    understanding = score(preds).result.understanding
    assert understanding.t_acc > 0.99
    assert understanding.skill["avg"] > 0.7


def test_its_validation_is_that_of_the_score(
    du110k: Path, trained: Trained, tmp_path: Path
) -> None:
    split = open_split(str(du110k), "validation")
    preds = predict(
        split, load_predictor(f"statistics:{trained.path}"), tmp_path / "preds.jsonl"
    ).path
    result = score(preds).result
    validation = trained.validation
    assert validation is not None
    assert validation.n == result.n
    assert validation.t_acc == pytest.approx(result.understanding.t_acc, abs=1e-4)
    for name, value in result.understanding.p_rel.items():
        assert validation.p_rel[name] == pytest.approx(value, abs=1e-4), name
    assert validation.false_alarms is None


def test_the_file_says_what_it_was_trained_on(du110k: Path, trained: Trained) -> None:
    with safe_open(trained.path, framework="numpy") as opened:
        header = json.loads(opened.metadata()["dubench"])
    split = open_split(str(du110k), "train")
    assert header["trained_on"] == {"dataset": split.title, "n": split.n, **split.identity}
    assert header["seed"] == 0


def test_workers_do_not_matter_and_the_seed_does() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, COUNT)).astype(np.float32)
    jobs = [Job("type", inputs, np.eye(4, dtype=np.float32)[rng.integers(4, size=200)])]

    def fitted(seed: int, workers: int) -> list[bytes]:
        networks = fit_all(jobs, seed, workers, lambda done, of: None)
        members = [member for network in networks.values() for member in network.members]
        return [weights.tobytes() for member in members for weights, _ in member.layers]

    one = fitted(0, 1)
    assert fitted(0, 2) == one
    # Neither members nor seeds repeat each other.
    assert len(set(one)) == len(one)
    assert not set(fitted(1, 1)) & set(one)


def test_statistics_come_in_the_files_order(du110k: Path) -> None:
    split = open_split(str(du110k), "train")
    assert len(split.files) > 1
    steps: list[tuple[int, int]] = []
    rows = extract(split, 2, lambda done, of: steps.append((done, of)))
    wanted = [statistics(image) for _, image in split.images("degraded")]
    assert np.array_equal(rows, wanted)
    assert steps[-1] == (split.n, split.n)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "nowhere"}, "nowhere"),
        ({"out": Path("model.bin")}, "name a .safetensors file"),
        ({"out": Path("nowhere/model.safetensors")}, "the folder nowhere does not exist"),
        ({"workers": 0}, "at least one"),
    ],
)
def test_mistakes_are_named_before_the_work(du110k: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_statistics(**{"dataset": str(du110k)} | changes)
