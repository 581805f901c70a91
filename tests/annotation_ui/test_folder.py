"""The dataset's folder on the command line: mistakes with it, and what lies beside it."""

import shutil
from io import StringIO
from pathlib import Path

import pytest

from annotation_ui.folder import review_of
from annotation_ui.planning.plan import plan_review
from tests.conftest import Dubench

COMMANDS = (
    "status {}",
    "finalize {}",
    "export {}",
    "add-reviewer bob --dataset {}",
)


def complaint(dubench: Dubench, arguments: str, cwd: Path) -> str:
    """The one line on stderr of `dubench review` that fails."""
    run = dubench("review", *arguments.split(), cwd=cwd)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_no_folder_a_file_and_a_folder_without_review(
    command: str, dubench_here: Dubench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("a long password\n"))
    (tmp_path / "preds.jsonl").write_text("{}")
    (tmp_path / "du").mkdir()
    for folder, message in (
        ("nope", "nope: no such folder"),
        ("preds.jsonl", "preds.jsonl is a file; give the dataset's folder"),
        ("du", "du has no review yet: dubench review plan du"),
    ):
        assert message in complaint(dubench_here, command.format(folder), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["du", "preds.jsonl"]


def test_serve_says_the_same(dubench: Dubench, tmp_path: Path) -> None:
    pytest.importorskip("gradio_client", reason="gradio is not installed")
    assert "nope: no such folder" in complaint(dubench, "serve nope", tmp_path)


def test_finalize_writes_beside_the_dataset(dubench: Dubench, du110k: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(du110k, tmp_path / "mine"))
    plan_review(dataset, fraction=0.01, workers=1)
    store = review_of(dataset)
    store.accounts.add("ada", "a long password")
    while lease := store.lease("ada"):
        store.submit(lease.token, "ada", "accept")
    store.accounts.add("bo", "a long password")  # for what two people look at
    while lease := store.lease("bo"):
        store.submit(lease.token, "bo", "accept")
    run = dubench("review", "finalize", "mine", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "mine-verified" / "recipe.json").exists()
    assert "mine-verified: 440 pairs" in run.stdout
