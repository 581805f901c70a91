"""The verified dataset: what people accepted is marked, what they rejected is replaced."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from annotation_ui.figures.compute import anonymous, compute_figures
from annotation_ui.figures.outcomes import sample_outcomes
from annotation_ui.figures.people import people_of
from annotation_ui.figures.reject_hotspots import range_parts
from annotation_ui.figures.reviewers import careless_reviewers
from annotation_ui.folder import quoted, review_folder, review_of
from annotation_ui.planning.sampling import read_entries, wanted_count
from annotation_ui.store.records import Snapshot
from annotation_ui.store.review_plan import ReviewPlan
from generators.build.job import GenerateResult, Progress
from generators.build.replace import read_replaceable, replace
from generators.dataset.ids import successor
from generators.dataset.info import DatasetInfo, Identity
from generators.dataset.review_figures import ReviewFigures, ReviewSummary
from generators.dataset.schema import ACCEPTED
from generators.depth.attach import DepthSpec
from generators.errors import InputError, plain_errors
from generators.sources.pools import SourceSpec


@dataclass(frozen=True)
class Finalized:
    """The result of `finalize_review`.

    Attributes:
        dataset: the dataset; `dataset.recipe.replaced` has the ids that took rejected ones' places.
        replaced: samples replaced by this call's review.
        review: what recipe.json says of all reviews.
        careless: what to say of reviewers who let gold pass, by name; not for the public.
    """

    dataset: GenerateResult
    replaced: int
    review: ReviewSummary
    careless: Sequence[str]

    @property
    def met(self) -> bool:
        """Whether people accepted as many rows as the plan wanted."""
        return self.review.met

    @property
    def hotspots(self) -> list[str]:
        """Where the rejects of this review concentrate, a line each."""
        return [hotspot.text for hotspot in self.review.rounds[-1].hotspots]

    @property
    def summary(self) -> str:
        """Lines for whoever ran it: what was done, and which command comes next."""
        review, out = self.review, str(self.dataset.folder)
        last = review.rounds[-1]
        lines = [
            f"{out}: {self.dataset.recipe.n:,} pairs; rejected and replaced: {self.replaced:,}",
            f"  accepted by people: {review.accepted:,} of the {review.wanted:,} planned "
            f"(--fraction {review.fraction:g})",
            *([f"  not judged, and unreviewed: {last.open:,}"] if last.open else []),
            *([f"  disputed: {last.disputed:,}, of which a tie rejects"] if last.disputed else []),
            *(f"  {text}" for text in self.hotspots),
            *(f"  {text}: look at their verdicts before you publish" for text in self.careless),
        ]
        if self.met:
            lines.append("  the plan is met")
        else:
            lines.append(
                f"  replacements still to be looked at: {review.waiting:,}; next: dubench review "
                f"plan {quoted(out)} --fraction {review.fraction:g}, then serve and finalize "
                f"{quoted(out)}"
            )
        return "\n".join(lines)


@plain_errors()
def finalize_review(
    folder: Path,
    out: Path,
    sources: Sequence[SourceSpec],
    workers: int | None = None,
    depth: DepthSpec | None = None,
    progress: Progress | None = None,
    partial: bool = False,
) -> Finalized:
    """Make the verified dataset of `folder` and its review in `out`, or finish it.

    Samples that people accepted are marked so; rejected ones are replaced, see
    `generators.build.replace`, and wait for the next review; all others are copied. Counts,
    agreement and the like of every review go into recipe.json and the card, without reviewers'
    names.

    Args:
        folder: the dataset; neither it nor its review is changed.
        sources, depth: as the dataset was generated with; needed where something is replaced.
        partial: take the review as it stands. What nobody judged stays unreviewed, and one verdict
            decides where two were wanted.

    Raises:
        InputError: `folder` is not there, not finished, blind, or has no review; samples are
            still open and not `partial`, or nothing is judged at all; the review is another
            dataset's; or as `generators.build.replace.replace`.
    """
    store = review_of(folder)
    info, snapshot = read_replaceable(folder), store.snapshot()
    _check_same(folder, snapshot.plan, info.identity)
    outcomes = sample_outcomes(snapshot.items, snapshot.verdicts, snapshot.rulings)
    if not partial:
        _check_done(folder, snapshot)
    elif not outcomes:
        raise InputError(f"{review_folder(folder)}: nothing is judged yet")
    figures = compute_figures(snapshot, outcomes, range_parts(outcomes))
    rejected = {outcome.sample_id for outcome in outcomes if outcome.rejected}
    accepted = {outcome.sample_id for outcome in outcomes} - rejected
    published = anonymous(figures, snapshot.reviewers)
    fraction = snapshot.plan.fraction
    review = _summary(folder, info, fraction, published, accepted, rejected)
    dataset = replace(
        folder, out, accepted, rejected, review, sources, workers, progress, depth=depth
    )
    careless = careless_reviewers(figures.reviewers)
    return Finalized(dataset, len(rejected), review, list(careless.values()))


def _summary(
    folder: Path,
    info: DatasetInfo,
    fraction: float,
    figures: ReviewFigures,
    accepted: set[str],
    rejected: set[str],
) -> ReviewSummary:
    """`review` of the new recipe.json."""
    recipe = info.recipe
    before = info.review.rounds if info.review else ()
    standing = {row.id for row in read_entries(folder, recipe) if row.review == ACCEPTED}
    replaced = (set(recipe.replaced) - rejected) | {successor(name) for name in rejected}
    return ReviewSummary(
        fraction=fraction,
        wanted=wanted_count(fraction, recipe.n),
        accepted=len(standing | accepted),
        replaced=len(replaced),
        waiting=len(replaced - standing - accepted),
        rounds=(*before, figures),
    )


def _check_same(folder: Path, plan: ReviewPlan, identity: Mapping[str, Identity]) -> None:
    """Is this the review of this dataset?"""
    for split, ids in identity.items():
        then, now = plan.content_ids.get(split, "none"), ids.content_id
        if then != now:
            raise InputError(
                f"{review_folder(folder)} is the review of another dataset: content_id of {split} "
                f"is {then[:12]} there and {now[:12]} in {folder}; put the dataset back that was "
                "reviewed, or plan anew"
            )


def _check_done(folder: Path, snapshot: Snapshot) -> None:
    """Has every sample the verdicts it needs?"""
    given = Counter(verdict.item for verdict in snapshot.verdicts)
    samples = {item.item: item.needs for item in snapshot.items if item.role == "sample"}
    still = {
        item
        for item, needs in samples.items()
        if given[item] < needs and item not in snapshot.rulings
    }
    if not still:
        return
    holders = [name for name, lease in snapshot.leases.items() if lease.item.item in still]
    at_work = f" ({', '.join(holders)} at work on some)" if holders else ""
    people, where = people_of(snapshot), quoted(folder)
    remedies = []
    if people.remaining and not people.short:
        remedies.append(f"go on with dubench review serve {where}")
    if people.short:
        remedies.append(
            f"{people.waiting:,} wait for {people.short} more to judge them: dubench review "
            f"add-reviewer NAME --dataset {where}, or fewer for two people: dubench review overlap "
            f"{where} 0"
        )
    if people.aside:
        remedies.append(f"settle the {people.aside:,} put aside: dubench review results {where}")
    remedies.append("or take it as it is with --partial")
    raise InputError(
        f"{review_folder(folder)}: {len(still):,} of {len(samples):,} samples are still "
        f"open{at_work}; {'; '.join(remedies)}"
    )
