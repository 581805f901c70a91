"""The verified dataset: what people accepted is marked, what they rejected is replaced."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation_ui.figures.outcomes import outcomes
from annotation_ui.figures.published import published
from annotation_ui.figures.reviewers import careless, reviewer_figures
from annotation_ui.folder import review_of
from annotation_ui.planning.plan import review_folder
from annotation_ui.planning.sampling import entries, wanted
from annotation_ui.store.review_store import Store
from generators.build.produce import Made, Progress
from generators.build.replace import finished, replace
from generators.dataset.ids import successor
from generators.dataset.recipe import Recipe
from generators.dataset.review_figures import ReviewSummary
from generators.dataset.schema import REVIEW
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.sources.pools import SourceSpec


@dataclass(frozen=True)
class Finalized:
    """What `finalize` made.

    Attributes:
        made: the dataset; `made.recipe.replaced` has the ids that took rejected ones' places.
        replaced: samples replaced by this call's review.
        review: what recipe.json says of all reviews.
        careless: what to say of reviewers who let gold pass, by name; not for the public.
    """

    made: Made
    replaced: int
    review: ReviewSummary
    careless: Sequence[str]

    @property
    def met(self) -> bool:
        """Whether people accepted as many rows as the plan wanted."""
        return self.review.accepted >= self.review.wanted

    @property
    def concentrations(self) -> list[str]:
        """Where the rejects of this review concentrate, a line each."""
        return [hotspot.text for hotspot in self.review.rounds[-1].hotspots]

    @property
    def summary(self) -> str:
        """Lines for whoever ran it: what was done, and which command comes next."""
        told, out = self.review, self.made.folder
        lines = [
            f"{out}: {self.made.recipe.n:,} pairs; rejected and replaced: {self.replaced:,}",
            f"  accepted by people: {told.accepted:,} of the {told.wanted:,} planned "
            f"(--fraction {told.fraction:g})",
            *(f"  {text}" for text in self.concentrations),
            *(f"  {text}: look at their verdicts before you publish" for text in self.careless),
        ]
        if self.met:
            lines.append("  the plan is met")
        else:
            lines.append(
                f"  replacements still to be looked at: {told.waiting:,}; next: dubench review "
                f"plan {out} --fraction {told.fraction:g}, then serve and finalize {out}"
            )
        return "\n".join(lines)


def finalize(
    folder: Path,
    out: Path,
    sources: Sequence[SourceSpec],
    workers: int | None = None,
    depth: DepthSpec | None = None,
    progress: Progress | None = None,
) -> Finalized:
    """Make the verified dataset of `folder` and its review in `out`, or finish it.

    Samples that people accepted are marked so; rejected ones are replaced, see
    `generators.build.replace`, and wait for the next review; all others are copied. Counts,
    agreement and the like of every review go into recipe.json and the card, without reviewers'
    names.

    Args:
        folder: the dataset; neither it nor its review is changed.
        sources, depth: as the dataset was generated with; needed where something is replaced.

    Raises:
        InputError: `folder` is not there, not finished, blind, or has no review; samples are
            still open; the review is another dataset's; or as `generators.build.replace.replace`.
    """
    store, told = review_of(folder), finished(folder)
    _check_same(folder, store.plan(), told["made"]["identity"])
    _check_done(folder, store)
    items, verdicts = store.items(), store.verdicts()
    judged = outcomes(items, verdicts)
    noted = list(careless(reviewer_figures(items, verdicts, store.events())).values())
    rejected = {outcome.sample_id for outcome in judged if outcome.rejected}
    accepted = {outcome.sample_id for outcome in judged} - rejected
    review = _review(folder, told, store, accepted, rejected)
    made = replace(folder, out, accepted, rejected, review, sources, workers, progress, depth=depth)
    return Finalized(made, len(rejected), review, noted)


def _review(
    folder: Path, told: Mapping[str, Any], store: Store, accepted: set[str], rejected: set[str]
) -> ReviewSummary:
    """`review` of the new recipe.json."""
    recipe, fraction = Recipe.from_json(told), store.plan()["fraction"]
    before = {row.id for row in entries(folder, recipe) if row.review == REVIEW[1]}
    replaced = (set(recipe.replaced) - rejected) | {successor(name) for name in rejected}
    review = {
        "fraction": fraction,
        "wanted": wanted(fraction, recipe.n),
        "accepted": len(before | accepted),
        "replaced": len(replaced),
        "waiting": len(replaced - before - accepted),
        "rounds": [*told.get("review", {}).get("rounds", []), published(store)],
    }
    return ReviewSummary.from_json(review, f"{folder / 'recipe.json'}: review")


def _check_same(
    folder: Path, plan: Mapping[str, Any], identity: Mapping[str, Mapping[str, str]]
) -> None:
    """Is this the review of this dataset?"""
    for split, ids in identity.items():
        then, now = plan["content_ids"].get(split, "none"), ids["content_id"]
        if then != now:
            raise InputError(
                f"{review_folder(folder)} is the review of another dataset: content_id of {split} "
                f"is {then[:12]} there and {now[:12]} in {folder}; put the dataset back that was "
                "reviewed, or plan anew"
            )


def _check_done(folder: Path, store: Store) -> None:
    """Has every sample the verdicts it needs?"""
    given = Counter(verdict.item for verdict in store.verdicts())
    samples = {item.item: item.needs for item in store.items() if item.kind == "sample"}
    still = {item for item, needs in samples.items() if given[item] < needs}
    if not still:
        return
    holders = [name for name, lease in store.held().items() if lease.item.item in still]
    at_work = f" ({', '.join(holders)} at work on some)" if holders else ""
    raise InputError(
        f"{review_folder(folder)}: {len(still):,} of {len(samples):,} samples are still "
        f"open{at_work}; go on with dubench review serve {folder}"
    )
