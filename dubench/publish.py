"""Publish a dataset on the Hugging Face Hub: exactly the files that a dry run lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from generators.dataset.info import FILE, DatasetInfo
from generators.errors import InputError, plain_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

RepoType = Literal["dataset", "space"]

TASKS = {"t_acc": "t_acc", "j_acc": "j_acc", "p_rel_avg": "p_rel.avg"}
"""A benchmark's tasks on the Hub → score; it takes one value per model and task."""

_DESCRIPTION = (
    "Parametric degradation understanding: say which physical degradation a photograph suffered, "
    "by which parameters, at which values. t_acc: the type is right, %; j_acc: the type and "
    "exactly its keys, %; p_rel_avg: mean relative error of the values, lower is better."
)


@dataclass(frozen=True)
class Upload:
    """One file of a repository: its path there, and its content or where it lies."""

    path: str
    content: bytes | Path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)


@dataclass(frozen=True)
class Published:
    """What came of publishing: the commit's address, and the files that it removed."""

    address: str
    removed: list[str]


def benchmark(title: str, split: str) -> dict[str, Any]:
    """What eval.yaml at the root of a dataset says (https://huggingface.co/docs/hub/eval-results)."""
    return {
        "name": title,
        "description": _DESCRIPTION,
        "evaluation_framework": "dubench",
        "tasks": [{"id": task, "config": "default", "split": split} for task in TASKS],
    }


def dataset_files(folder: Path, title: str) -> list[Upload]:
    """The files of a finished dataset, and the eval.yaml that makes it a benchmark.

    Raises:
        InputError: there is no finished dataset, or it is the answers of a blind one.
    """
    import yaml

    if folder.absolute().name.endswith(".answers"):
        raise InputError(
            f"{folder} holds the answers of a blind test; when it is closed, publish a copy under "
            "another name"
        )
    info = DatasetInfo.read_finished(folder)
    names = ["README.md", "croissant.json", FILE]
    data = sorted(path.relative_to(folder) for path in (folder / "data").glob("*.parquet"))
    paths = [*map(Path, names), *data]
    for path in paths:
        if (folder / path).is_symlink() or not (folder / path).is_file():
            raise InputError(f"{folder / path} is missing, or no regular file; run dubench verify")
    files = [Upload(path.as_posix(), folder / path) for path in paths]
    if info.blind or info.recipe.splits["test"]:
        text = yaml.safe_dump(benchmark(title, "test"), sort_keys=False, allow_unicode=True)
        files.append(Upload("eval.yaml", text.encode()))
    return files


@plain_errors()
def publish(
    files: Sequence[Upload], repo: str, repo_type: RepoType, *, private: bool = False
) -> Published:
    """Put `files` into a repository on the Hub in one commit; it is made if need be.

    What is `outdated` there is removed by the same commit. The token is that of the Hub's own store
    or of its environment variable.

    Raises:
        InputError: `repo` is no OWNER/NAME, nobody is logged in, or the Hub refuses.
    """
    check_repo(repo)
    api = _api()
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, get_token

    if get_token() is None:
        raise InputError("nobody is logged in on the Hub; run hf auth login, or set HF_TOKEN")
    sdk = "static" if repo_type == "space" else None
    api.create_repo(repo, repo_type=repo_type, private=private, exist_ok=True, space_sdk=sdk)
    removed = outdated(files, repo, repo_type)
    added = [
        CommitOperationAdd(
            file.path, str(file.content) if isinstance(file.content, Path) else file.content
        )
        for file in files
    ]
    commit = api.create_commit(
        repo,
        [*added, *map(CommitOperationDelete, removed)],
        commit_message="Publish with dubench",
        repo_type=repo_type,
    )
    return Published(str(commit.commit_url), removed)


@plain_errors()
def outdated(files: Sequence[Upload], repo: str, repo_type: RepoType) -> list[str]:
    """What an earlier version left in a repository on the Hub and `files` lacks: of a dataset its
    shards and its eval.yaml, of a Space every file.

    Raises:
        InputError: the Hub cannot be asked.
    """
    api = _api()
    if not api.repo_exists(repo, repo_type=repo_type):
        return []
    there = set(api.list_repo_files(repo, repo_type=repo_type)) - {".gitattributes"}
    if repo_type == "dataset":
        there = {path for path in there if path.startswith("data/") or path == "eval.yaml"}
    return sorted(there - {file.path for file in files})


def _api() -> "HfApi":
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise InputError(
            'publishing needs the package huggingface_hub: pip install "dubench[train]"'
        ) from None
    return HfApi()


def check_repo(repo: str) -> None:
    """Raise InputError unless `repo` is OWNER/NAME."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise InputError(f"--to {repo}: name the repository as OWNER/NAME")
