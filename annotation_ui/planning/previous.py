"""The review that a dataset comes from."""

from pathlib import Path

from annotation_ui.folder import DATABASE
from annotation_ui.store.review_store import ReviewStore
from generators.dataset.info import DatasetInfo
from generators.errors import InputError


def previous_review(folder: Path, info: DatasetInfo) -> ReviewStore | None:
    """The review that the verified dataset in `folder` was made by, if it lies beside it.

    It is known by what it looked at, whatever the folders are called.
    """
    if info.review is None or not info.review.rounds:
        return None
    looked_at = info.review.rounds[-1].content_ids
    for path in sorted(folder.absolute().parent.glob(f"*.review/{DATABASE}")):
        try:
            store = ReviewStore(path)
            if store.plan().content_ids == looked_at:
                return store
        except InputError:
            continue  # somebody else's file, or of another version
    return None
