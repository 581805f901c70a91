"""The two rows that every board has: `constant`, the floor, and `statistics`, the anchor."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from dubench.dataset import Split
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.predictors.protocol import Predictor
from dubench.predictors.replay import Replay
from generators.errors import InputError
from leaderboard.intake.add import Request, add
from leaderboard.stored.board import Epoch, data_of
from leaderboard.stored.card import Card, Training
from leaderboard.stored.submission import WITHHELD, current, entries

FLOOR, ANCHOR = "constant", "statistics"
REFERENCES = (FLOOR, ANCHOR)

_LINK = "https://arxiv.org/abs/2602.04565"
_TRAINING = {
    FLOOR: Training("none: the preset's own distributions", "yes", "no"),
    ANCHOR: Training("the preset's degradations of other photographs", "yes", "no"),
}
_NOTES = {
    FLOOR: "One answer for every image: the first type, with the constants that minimise P-Rel.",
    ANCHOR: "Plain statistics of the image, and small networks that read them.",
}


def add_references(
    folder: Path,
    epoch: Epoch,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Run and add the reference rows that the open epoch lacks.

    Args:
        on_progress: called with how many of how many predictions are made.
    """
    there = {entry.card.model for entry in current(entries(folder, epoch))}
    wanted = [name for name in REFERENCES if name not in there]
    # The predictions are published: they name the data as others know them, not where they are.
    data = replace(data_of(folder, epoch), where=epoch.dataset)
    for place, name in enumerate(wanted):
        with tempfile.TemporaryDirectory(prefix="dubench-board-") as temporary:
            out = Path(temporary) / "predictions.jsonl"
            predictor = _predictor(name, data)
            before, total = place * data.n, len(wanted) * data.n
            predict(data, predictor, out, partial(_progress, on_progress, before, total))
            card = Card(
                model=name,
                revision=f"{predictor.name}, dubench {version('dubench')}",
                link=_LINK,
                licence="Apache-2.0",
                open_weights=True,
                parameters=None,
                training=_TRAINING[name],
                organisation="dubench",
                contact=WITHHELD,
                prompt="none",
                date=datetime.now(UTC).date().isoformat(),
                notes=_NOTES[name],
            )
            add(folder, Request(out, card, reference=True))


def _progress(
    report: Callable[[int, int], None], before: int, total: int, done: int, _: int
) -> None:
    report(before + done, total)


def _predictor(name: str, data: Split) -> Predictor | Replay:
    """The one for the data's preset where there is one, else for du110k."""
    if data.preset:
        try:
            return load_predictor(f"{name}:{data.preset.name}")
        except InputError:
            pass
    return load_predictor(name)
