"""The review of a dataset, found by the dataset's folder."""

from pathlib import Path

from annotation_ui.planning.plan import DATABASE, review_folder
from annotation_ui.store.review_store import Store
from generators.errors import InputError


def review_of(folder: Path) -> Store:
    """The store of the review of the dataset in `folder`.

    Raises:
        InputError: there is no such folder, or no review of it.
    """
    path = review_folder(folder) / DATABASE
    if path.exists():  # the dataset itself may have moved on
        return Store(path)
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; give the dataset's folder")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the dataset's folder")
    raise InputError(f"{folder} has no review yet: dubench review plan {folder}")
