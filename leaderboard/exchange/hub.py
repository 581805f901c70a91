"""What the Hugging Face Hub reads: eval.yaml of a benchmark, and .eval_results of a model.

https://huggingface.co/docs/hub/eval-results: a model has one value per task, so that each headline
is a task of its own.
"""

from pathlib import Path
from typing import Any

from dubench.publish import TASKS, benchmark
from leaderboard.stored.board import Board, Epoch
from leaderboard.stored.submission import Entry

_PERCENT = ("t_acc", "j_acc")


def results(entry: Entry, dataset: str, url: str | None) -> list[dict[str, Any]]:
    """.eval_results/dubench.yaml of the model.

    Args:
        dataset: OWNER/NAME of the dataset on the Hub.
        url: of the board or the submission.
    """
    tasks = []
    for task, name in TASKS.items():
        value = entry.result.scores[name]
        if value is None:
            continue
        one: dict[str, Any] = {
            "dataset": {"id": dataset, "task_id": task},
            "value": round(100 * value, 4) if task in _PERCENT else round(value, 6),
            "date": entry.card.date,
        }
        if url:
            one["source"] = {"url": url, "name": "Predictions and scores"}
        tasks.append(one | {"notes": entry.result.signature})
    return tasks


def write(
    board: Board, epoch: Epoch, entries: list[Entry], out: Path, dataset: str, url: str | None
) -> list[Path]:
    """Write dataset/eval.yaml and models/ID/.eval_results/dubench.yaml of every submission into
    `out`."""
    import yaml

    contents: dict[Path, Any] = {Path("dataset") / "eval.yaml": benchmark(board.title, epoch.split)}
    for entry in entries:
        name = Path("models") / entry.submission.id / ".eval_results" / "dubench.yaml"
        contents[name] = results(entry, dataset, url)
    for name, content in contents.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        (out / name).write_text(text, "utf-8")
    return [out / name for name in contents]
