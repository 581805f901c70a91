"""What people said, sample by sample: for whoever runs the review alone."""

from collections import defaultdict
from dataclasses import dataclass

from annotation_ui.figures.status import ReviewStatus, review_status
from annotation_ui.store.items import Item
from annotation_ui.store.records import Event, Ruling, Snapshot, Verdict


@dataclass(frozen=True)
class SampleResult:
    """What was said of one sample.

    Attributes:
        skips: who was not sure of it, with their notes.
        broken: its pictures cannot be shown.
    """

    item: Item
    verdicts: tuple[Verdict, ...]
    skips: tuple[Event, ...]
    ruling: Ruling | None
    broken: bool

    @property
    def disputed(self) -> bool:
        """Whether some accept and some reject it."""
        return len({verdict.verdict for verdict in self.verdicts}) > 1

    @property
    def rejected(self) -> bool:
        """Whether all who judged it reject it."""
        return {verdict.verdict for verdict in self.verdicts} == {"reject"}

    @property
    def unsure(self) -> bool:
        """Whether it was skipped, and nobody judged it since."""
        return bool(self.skips) and not self.verdicts


@dataclass(frozen=True)
class ReviewResults:
    """All samples on which there is something to see, by what it is; each by rank.

    Attributes:
        aside: broken, or skipped and judged by nobody; nothing is settled yet.
        disputed: some accept and some reject; nothing is settled yet.
        rejected: all who judged it reject it; nothing is settled.
        settled: by the owner.
        status: of the review.
        disabled: names that may not log in any more.
    """

    aside: tuple[SampleResult, ...]
    disputed: tuple[SampleResult, ...]
    rejected: tuple[SampleResult, ...]
    settled: tuple[SampleResult, ...]
    status: ReviewStatus
    disabled: frozenset[str]


def review_results(snapshot: Snapshot) -> ReviewResults:
    """What people said, from a snapshot of the store."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in snapshot.verdicts:
        verdicts[verdict.item].append(verdict)
    back = {event.token for event in snapshot.events if event.action == "undo"}
    skips: dict[str, list[Event]] = defaultdict(list)
    for event in snapshot.events:
        if event.action == "skip" and event.token not in back:
            skips[event.item].append(event)
    samples = [
        SampleResult(
            item,
            tuple(verdicts[item.item]),
            tuple(skips[item.item]),
            snapshot.rulings.get(item.item),
            item.item in snapshot.broken,
        )
        for item in snapshot.items
        if item.role == "sample"
    ]
    free = [one for one in samples if one.ruling is None]
    aside = [one for one in free if one.broken or one.unsure]
    return ReviewResults(
        aside=tuple(aside),
        disputed=tuple(one for one in free if one.disputed and one not in aside),
        rejected=tuple(one for one in free if one.rejected and one not in aside),
        settled=tuple(one for one in samples if one.ruling),
        status=review_status(snapshot),
        disabled=frozenset(one.name for one in snapshot.accounts if one.disabled),
    )


def result_json(one: SampleResult) -> dict[str, object]:
    """A sample's result in JSON's types."""
    return {
        "id": one.item.sample_id,
        "type": one.item.type,
        "split": one.item.split,
        "broken": one.broken,
        "verdicts": [
            {
                "reviewer": verdict.reviewer,
                "verdict": verdict.verdict,
                "reasons": list(verdict.reasons),
                "note": verdict.note,
                "at": verdict.at.isoformat(),
            }
            for verdict in one.verdicts
        ],
        "skipped": [{"reviewer": event.reviewer, "note": event.note} for event in one.skips],
        "settled": one.ruling
        and {"verdict": one.ruling.verdict, "note": one.ruling.note, "owner": one.ruling.owner},
    }


def results_json(results: ReviewResults) -> dict[str, object]:
    """As `dubench review results --json` prints them."""
    return {
        name: [result_json(one) for one in getattr(results, name)]
        for name in ("aside", "disputed", "rejected", "settled")
    }
