"""Scores by the definitions that an epoch is pinned to."""

from collections.abc import Callable
from pathlib import Path

from dubench.dataset import Split
from dubench.scoring.score import score
from dubench.scoring.score_files import Scored
from generators.errors import InputError
from leaderboard.stored.board import Epoch

OnProgress = Callable[[int, int], None]
"""Called with how many of how many restored images are measured."""


def silent(done: int, total: int) -> None:
    """Report no progress."""


def score_as_pinned(
    plain: Path,
    data: Split,
    epoch: Epoch,
    restored: Path | None = None,
    on_progress: OnProgress = silent,
    name: str = "predictions.jsonl",
) -> Scored:
    """Score predictions as the epoch's definitions say.

    Args:
        name: of the predictions, for messages.

    Raises:
        InputError: as `dubench.scoring.score.score`, or this dubench is not the epoch's scorer.
    """
    try:
        scored = score(
            plain,
            data.where,
            data.name,
            metrics=epoch.metrics if restored else None,
            restored=restored,
            on_progress=on_progress,
        )
    except InputError as error:
        # Whoever reads it may be a stranger: the host's folders are not theirs to know.
        message = str(error).replace(data.where, epoch.dataset).replace(str(plain), name)
        raise InputError(message.replace(f"{plain.parent}/", "")) from None
    check_pinned(epoch, scored, name)
    return scored


def check_pinned(epoch: Epoch, scored: Scored, name: str) -> None:
    """Raise InputError unless a score is of the epoch's data and scorer."""
    result = scored.result
    if result.content_id != epoch.content_id:
        raise InputError(
            f"{name} is a score on other data (content_id {str(result.content_id)[:12]}…, the "
            f"board has {epoch.content_id[:12]}…): run dubench predict and dubench score on "
            f"{epoch.dataset}, {epoch.split}"
        )
    version = result.signature.partition("|")[0].removeprefix("dubench:")
    if version != epoch.scorer:
        raise InputError(
            f"{name} was scored by dubench {version}, and this epoch is pinned to {epoch.scorer}: "
            f'pip install "dubench=={epoch.scorer}.*" and run it again, or open a new epoch'
        )
