"""Another overlap for a review that has begun."""

from pathlib import Path

from annotation_ui.folder import KEY, review_folder, review_of
from annotation_ui.planning.sampling import double_reviewed
from annotation_ui.store.review_plan import PlanCounts
from generators.errors import InputError


def check_overlap(overlap: float) -> None:
    """InputError if this is no share."""
    if not 0 <= overlap <= 1:
        raise InputError(f"--overlap {overlap:g} must lie between 0 and 1")


def change_overlap(folder: Path, overlap: float) -> PlanCounts:
    """Let two people look at the share `overlap` of the samples, and one at each of the others.

    No verdict is lost: samples that two have judged already stay so. Returns the plan's counts.

    Raises:
        InputError: no share, no review, or its key is gone.
    """
    check_overlap(overlap)
    store = review_of(folder)
    path = review_folder(folder) / KEY
    if not path.is_file():
        raise InputError(f"{path} is missing: it says which samples two people look at")
    samples = [item for item in store.items() if item.role == "sample"]
    both = double_reviewed(
        {item.sample_id: item.type for item in samples}, overlap, path.read_text()
    )
    return store.set_needs(overlap, {item.item for item in samples if item.sample_id in both})
