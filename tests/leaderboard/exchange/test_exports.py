"""Exports are what other tools read."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generators.errors import InputError
from leaderboard.exchange.exports import export
from leaderboard.stored import board as boards


@pytest.fixture(scope="module")
def eee(made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("eee") / "out"
    export(made_up, out, "eee")
    return out


def test_every_eval_evers_own_validator_finds_nothing(
    eee: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    validate = pytest.importorskip(
        "every_eval_ever.validator.validate",
        reason="needs Python 3.12 and pip install --no-deps every-eval-ever",
    )
    monkeypatch.chdir(eee)
    files = [str(path.relative_to(eee)) for path in eee.rglob("*.json*")]
    assert len(files) == 12
    assert validate.main([*files, "--format", "json"]) == 0
    for report in json.loads(capsys.readouterr().out):
        assert (report["errors"], report["warnings"]) == ([], []), report["file"]


def test_scores_intervals_and_samples_are_the_boards(eee: Path) -> None:
    for path in eee.rglob("*.json"):
        record = json.loads(path.read_text())
        results = {r["evaluation_result_id"]: r for r in record["evaluation_results"]}
        samples = record["detailed_evaluation_results"]
        data = (eee / samples["file_path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == samples["checksum"]
        lines = [json.loads(line) for line in data.splitlines()]
        right = sum(line["evaluation"]["is_correct"] for line in lines) / len(lines)
        details = results["j_acc"]["score_details"]
        assert details["score"] == pytest.approx(right)
        interval = details["uncertainty"]["confidence_interval"]
        assert interval["lower"] <= right <= interval["upper"]


def test_an_open_blind_epoch_has_no_samples(board: Path, tmp_path: Path) -> None:
    whole = boards.read(board)
    boards.write(board, replace(whole, epochs=(replace(whole.epoch, blind=True),)))
    files = export(board, tmp_path / "out", "eee")
    assert {path.suffix for path in files} == {".json"}
    ids = boards.data_of(board, whole.epoch).ids
    assert not any(name in path.read_text() for path in files for name in ids)


def test_the_hubs_files_have_what_it_asks_for(made_up: Path, tmp_path: Path) -> None:
    files = export(made_up, tmp_path / "out", "hub", None, "lab/du", "https://example.org/board")
    benchmark = yaml.safe_load((tmp_path / "out" / "dataset" / "eval.yaml").read_text())
    assert {"name", "description", "evaluation_framework", "tasks"} <= set(benchmark)
    tasks = {task["id"] for task in benchmark["tasks"]}
    assert all({"id", "config", "split"} == set(task) for task in benchmark["tasks"])
    models = [path for path in files if path.parent.name == ".eval_results"]
    assert len(models) == 6
    for path in models:
        for one in yaml.safe_load(path.read_text()):
            assert one["dataset"]["id"] == "lab/du"
            assert one["dataset"]["task_id"] in tasks
            assert isinstance(one["value"], float)
            assert one["source"]["url"] == "https://example.org/board"


def test_what_cannot_be_exported_leaves_nothing(made_up: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="OWNER/NAME"):
        export(made_up, tmp_path / "out", "hub")
    with pytest.raises(InputError, match="has 1 to 1"):
        export(made_up, tmp_path / "out", "eee", 7)
    assert list(tmp_path.iterdir()) == []
