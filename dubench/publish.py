"""Publish a dataset on the Hugging Face Hub: exactly the files that a dry run lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from generators.dataset.info import FILE, DatasetInfo
from generators.errors import InputError, plain_errors

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
) -> str:
    """Put `files` into a repository on the Hub in one commit; it is made if need be.

    The token is that of the Hub's own store or of its environment variable.

    Returns:
        the commit's address.

    Raises:
        InputError: `repo` is no OWNER/NAME, nobody is logged in, or the Hub refuses.
    """
    check_repo(repo)
    try:
        from huggingface_hub import CommitOperationAdd, HfApi, get_token
    except ImportError:
        raise InputError(
            'publishing needs the package huggingface_hub: pip install "dubench[train]"'
        ) from None
    if get_token() is None:
        raise InputError("nobody is logged in on the Hub; run hf auth login, or set HF_TOKEN")
    api = HfApi()
    sdk = "static" if repo_type == "space" else None
    api.create_repo(repo, repo_type=repo_type, private=private, exist_ok=True, space_sdk=sdk)
    operations = [
        CommitOperationAdd(
            file.path, str(file.content) if isinstance(file.content, Path) else file.content
        )
        for file in files
    ]
    commit = api.create_commit(
        repo, operations, commit_message="Publish with dubench", repo_type=repo_type
    )
    return str(commit.commit_url)


def check_repo(repo: str) -> None:
    """Raise InputError unless `repo` is OWNER/NAME."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise InputError(f"--to {repo}: name the repository as OWNER/NAME")
