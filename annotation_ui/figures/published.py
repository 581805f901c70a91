"""What the public may know of a review: its figures, without anybody's name or notes."""

from typing import Any

from annotation_ui.figures.agreement_report import status
from annotation_ui.store.review_store import Store


def published(store: Store) -> dict[str, Any]:
    """The figures of `status` that a dataset publishes, in JSON's types.

    Reviewers are r1, r2, … in the order they were added to the review.
    """
    told = status(store)
    figures = {one["reviewer"]: one for one in told["reviewers"]}
    return {
        "content_ids": told["plan"]["content_ids"],
        "verdicts": told["progress"]["done"],
        "rejected": told["rejected"],
        "reasons": told["reasons"],
        "agreement": told["agreement"],
        "reviewers": [
            {**figures[name], "reviewer": f"r{number}"}
            for number, name in enumerate(store.reviewers(), 1)
            if name in figures
        ],
        "residual": told["residual"],
        "concentrations": told["concentrations"],
    }
