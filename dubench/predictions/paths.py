"""Files that predictions name: they lie beside preds.jsonl or are not opened at all.

A stranger's predictions may name any path; devices never end, and what an error says of a path
elsewhere tells what is there.
"""

from pathlib import Path

from dubench.predictions.file import Predictions
from dubench.predictions.record import Prediction
from dubench.text import brief
from generators.errors import InputError


def beside(
    predictions: Predictions,
    prediction: Prediction,
    field: str,
    name: str,
    remedy: str = "keep it beside the predictions",
) -> Path:
    """The file that `prediction` calls `name` under `field`, a path relative to `predictions`.

    Args:
        remedy: against a path that leads elsewhere.

    Raises:
        InputError: it leads out of the folder of the predictions, or is no regular file.
    """
    home = predictions.path.parent
    where = f"{predictions.path} line {prediction.line}: {field} {brief(name)}"
    path = home / name
    try:
        inside = path.resolve().is_relative_to(home.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in it, or links in a circle
        inside = False
    if not inside:
        raise InputError(f"{where} is outside {home}; {remedy}")
    if not path.is_file():
        what = "is missing" if not path.exists() else "is not a file"
        raise InputError(f"{where} {what}; make it again, or leave it out")
    return path
