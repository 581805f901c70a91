"""Where the review of a dataset lies: beside it, as DIR.review."""

import re
import shlex
from pathlib import Path

from annotation_ui.store.review_store import ReviewStore
from generators.errors import InputError
from generators.files import beside

DATABASE, IMAGES, KEY = "review.sqlite", "images", "lots.key"


def review_folder(dataset: Path) -> Path:
    """Where the review of the dataset in the folder `dataset` is."""
    return beside(dataset, ".review")


def verified_folder(dataset: Path, rounds: int) -> Path:
    """Where the dataset goes that a review makes of `dataset`, which had `rounds` reviews before:
    DIR-verified, then DIR-verified-r2, DIR-verified-r3, …"""
    whole = dataset.absolute()
    if not rounds:
        return whole.with_name(f"{whole.name}-verified")
    return whole.with_name(f"{re.sub(r'-r[0-9]+$', '', whole.name)}-r{rounds + 1}")


def quoted(path: Path | str) -> str:
    """A path or name as a shell takes it, for commands that are printed."""
    return shlex.quote(str(path))


def review_of(folder: Path) -> ReviewStore:
    """The store of the review of the dataset in `folder`.

    Raises:
        InputError: there is no such folder, or no review of it.
    """
    path = review_folder(folder) / DATABASE
    if path.exists():  # the dataset itself may have moved on
        return ReviewStore(path)
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; give the dataset's folder")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the dataset's folder")
    raise InputError(f"{folder} has no review yet: dubench review plan {quoted(folder)}")
