"""What goes up is what a dry run lists, and nothing that is the host's alone."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from dubench.publish import dataset_files, publish
from generators.errors import InputError
from leaderboard.exchange.publish import site_files
from leaderboard.site import build
from leaderboard.stored import board as boards
from tests.conftest import Dubench


@pytest.fixture
def there() -> set[str]:
    """The files of the Hub's one repository."""
    return set()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, there: set[str]) -> list[tuple[str, dict]]:
    """What is changed on a Hub that takes everything."""
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs dubench[train]")
    asked: list[tuple[str, dict]] = []

    class Api:
        def repo_exists(self, repo: str, **options: object) -> bool:
            return bool(there)

        def list_repo_files(self, repo: str, **options: object) -> list[str]:
            return [*there]

        def create_repo(self, repo: str, **options: object) -> None:
            asked.append((repo, options))
            there.add(".gitattributes")

        def create_commit(self, repo: str, operations: list, **options: object) -> SimpleNamespace:
            asked.append((repo, {"paths": [one.path_in_repo for one in operations]}))
            for one in operations:
                if isinstance(one, huggingface_hub.CommitOperationDelete):
                    there.remove(one.path_in_repo)
                else:
                    there.add(one.path_in_repo)
            return SimpleNamespace(commit_url="https://example.org/commit")

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    return asked


def test_a_dry_run_lists_a_dataset_and_sends_nothing(
    du110k: Path, hub: list, dubench_here: Dubench
) -> None:
    done = dubench_here("publish", du110k, "--to", "lab/du", "--dry-run", cwd=du110k)
    assert done.returncode == 0
    listed = {line.split()[1] for line in done.stdout.splitlines()[:-1]}
    assert {"README.md", "recipe.json", "eval.yaml"} < listed
    shards = {f"data/{path.name}" for path in (du110k / "data").iterdir()}
    assert shards < listed
    assert hub == []
    assert "hf_secret" not in done.stdout + done.stderr


def test_what_goes_up_is_what_was_listed(du110k: Path, hub: list) -> None:
    files = dataset_files(du110k, "Mine")
    assert publish(files, "lab/du", "dataset").address == "https://example.org/commit"
    (_, made), (_, sent) = hub
    assert made["repo_type"] == "dataset"
    assert sent["paths"] == [file.path for file in files]
    (card,) = [file.content for file in files if file.path == "eval.yaml"]
    assert yaml.safe_load(card)["name"] == "Mine"


def test_what_an_earlier_version_left_goes(
    du110k: Path, hub: list, there: set[str], dubench_here: Dubench
) -> None:
    own = {".gitattributes", "LICENSE"}
    old = {"data/test-00000-of-00009.parquet", "data/train-00000-of-00001.parquet"}
    there |= own | old | {"README.md"}
    done = dubench_here("publish", du110k, "--to", "lab/du", "--dry-run", cwd=du110k)
    listed = [line.split() for line in done.stdout.splitlines()]
    assert [words[1] for words in listed if words[0] == "removed"] == sorted(old)
    assert "; 2 of before removed" in done.stdout
    assert hub == []
    done = dubench_here("publish", du110k, "--to", "lab/du", "--json", cwd=du110k)
    assert json.loads(done.stdout)["removed"] == sorted(old)
    assert there == own | {file.path for file in dataset_files(du110k, "x")}


def test_a_dry_run_without_the_hub(
    du110k: Path, hub: list, dubench_here: Dubench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **options: object) -> bool:
        raise ConnectionError("no route to host")

    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.HfApi, "repo_exists", unreachable)
    done = dubench_here("publish", du110k, "--to", "lab/du", "--dry-run", cwd=du110k)
    assert done.returncode == 0
    assert "eval.yaml" in done.stdout
    assert "cannot be seen: no route to host" in done.stderr


def test_of_a_board_its_pages_alone(
    made_up: Path, tmp_path: Path, hub: list, there: set[str]
) -> None:
    board = Path(shutil.copytree(made_up, tmp_path / "board"))
    with pytest.raises(InputError, match="no pages"):
        site_files(board)
    build(board, board / "site")
    files = site_files(board)
    assert not {"host.json", "contact.txt"} & {Path(file.path).name for file in files}
    front = yaml.safe_load(files[0].content.decode().split("---")[1])
    assert (front["sdk"], front["title"]) == ("static", "A board")
    there |= {"style.css", "epochs/7/index.html"}
    assert publish(files, "lab/board", "space").removed == ["epochs/7/index.html", "style.css"]
    assert hub[0][1]["space_sdk"] == "static"
    assert there == {".gitattributes"} | {file.path for file in files}
    os.utime(board / "board.json", (2**33, 2**33))
    with pytest.raises(InputError, match="old"):
        site_files(board)


@pytest.mark.parametrize("title", ['a \\o "b"', "'x': #y", "图 📷"])
def test_the_title_of_a_space_is_the_boards(made_up: Path, tmp_path: Path, title: str) -> None:
    board = Path(shutil.copytree(made_up, tmp_path / "board"))
    boards.write(board, replace(boards.read(board), title=title))
    build(board, board / "site")
    front = yaml.safe_load(site_files(board)[0].content.decode().split("---")[1])
    assert front["title"] == title


def test_answers_and_odd_names_are_refused(du110k: Path, tmp_path: Path, hub: list) -> None:
    with pytest.raises(InputError, match="answers"):
        dataset_files(tmp_path / "du.answers", "x")
    with pytest.raises(InputError, match="OWNER/NAME"):
        publish([], "https://x", "dataset")
    assert hub == []


def test_without_a_login_it_says_how(
    hub: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(InputError, match="hf auth login"):
        publish([], "lab/du", "dataset")
    assert hub == []
