"""What each reviewer's verdicts are worth: gold, hidden repeats, time, share rejected."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from annotation_ui.figures.proportions import Share, share
from annotation_ui.store.records import Event, Item, Verdict

FEWEST_GOLD = 3
"""With fewer gold items nothing is said of a reviewer's care."""

GOLD_FOUND = 0.8
"""Careless is who, with 95 % confidence, finds a smaller share of gold."""


@dataclass(frozen=True)
class ReviewerFigures:
    """One reviewer in figures.

    Attributes:
        reviewer: the name.
        verdicts: on samples; planted items are not among them.
        rejected: the share of those that are rejects.
        gold: verdicts on gold items that are the expected one.
        repeats: verdicts on hidden repeats that are the reviewer's own first one.
        seconds: median over all items of the time from seeing one to its verdict.
    """

    reviewer: str
    verdicts: int
    rejected: Share
    gold: Share
    repeats: Share
    seconds: float | None


def reviewer_figures(
    items: Iterable[Item], verdicts: Iterable[Verdict], events: Iterable[Event]
) -> list[ReviewerFigures]:
    """Every reviewer with a verdict, by name.

    Args:
        items, verdicts, events: all of the review's; seconds come from the events.
    """
    by_name = {item.item: item for item in items}
    given: dict[str, dict[str, Verdict]] = defaultdict(dict)
    for verdict in verdicts:
        given[verdict.reviewer][verdict.item] = verdict
    seconds = _seconds(events)
    made = []
    for reviewer, own in sorted(given.items()):
        samples = [v.verdict == "reject" for v in own.values() if v.kind == "sample"]
        gold, repeats = [], []
        for name, verdict in own.items():
            item = by_name[name]
            if item.expected:
                gold.append(verdict.verdict == item.expected["verdict"])
            if item.of_item in own:
                repeats.append(verdict.verdict == own[item.of_item].verdict)
        spent = [seconds[reviewer, name] for name in own if (reviewer, name) in seconds]
        made.append(
            ReviewerFigures(
                reviewer,
                len(samples),
                share(sum(samples), len(samples)),
                share(sum(gold), len(gold)),
                share(sum(repeats), len(repeats)),
                median(spent) if spent else None,
            )
        )
    return made


def careless(figures: Iterable[ReviewerFigures]) -> dict[str, str]:
    """By name the reviewers who let too much gold pass, with how much they caught in words.

    That is: Wilson's 95 % interval of their share of gold found ends below `GOLD_FOUND`, and they
    judged at least `FEWEST_GOLD` gold items.
    """
    return {
        one.reviewer: f"{one.reviewer} caught {one.gold.count:,} of {one.gold.n:,} gold items"
        for one in figures
        if one.gold.n >= FEWEST_GOLD and one.gold.interval and one.gold.interval[1] < GOLD_FOUND
    }


def _seconds(events: Iterable[Event]) -> dict[tuple[str, str], float]:
    """The time of the last submit of each reviewer and item."""
    return {
        (event.reviewer, event.item): event.seconds
        for event in events
        if event.action == "submit" and event.seconds is not None
    }
