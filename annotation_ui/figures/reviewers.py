"""What each reviewer's verdicts are worth: gold, hidden repeats, time, share rejected."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from annotation_ui.figures.proportions import proportion
from annotation_ui.store.items import Item
from annotation_ui.store.records import Event, Verdict
from generators.dataset.review_figures import ReviewerFigures

FEWEST_GOLD = 3
"""With fewer gold items a reviewer's care is not judged."""

GOLD_CAUGHT = 0.8
"""Careless is who, with 95 % confidence, catches a smaller share of gold."""


def reviewer_figures(
    items: Iterable[Item], verdicts: Iterable[Verdict], events: Iterable[Event]
) -> tuple[ReviewerFigures, ...]:
    """Every reviewer with a verdict, by name.

    Args:
        items, verdicts, events: all of the review's; seconds come from the events.
    """
    by_name = {item.item: item for item in items}
    given: dict[str, dict[str, Verdict]] = defaultdict(dict)
    for verdict in verdicts:
        given[verdict.reviewer][verdict.item] = verdict
    seconds = _seconds(events)
    figures = []
    for reviewer, own in sorted(given.items()):
        samples = [v.verdict == "reject" for v in own.values() if v.role == "sample"]
        gold, repeats = [], []
        for name, verdict in own.items():
            item = by_name[name]
            if item.expected:
                gold.append(verdict.verdict == item.expected.verdict)
            if item.of_item in own:
                repeats.append(verdict.verdict == own[item.of_item].verdict)
        spent = [seconds[reviewer, name] for name in own if (reviewer, name) in seconds]
        figures.append(
            ReviewerFigures(
                reviewer,
                len(samples),
                proportion(sum(samples), len(samples)),
                proportion(sum(gold), len(gold)),
                proportion(sum(repeats), len(repeats)),
                median(spent) if spent else None,
            )
        )
    return tuple(figures)


def careless_reviewers(figures: Iterable[ReviewerFigures]) -> dict[str, str]:
    """By name the reviewers who let too much gold pass, with how much they caught in words.

    That is: Wilson's 95 % interval of their share of gold caught ends below `GOLD_CAUGHT`, and they
    judged at least `FEWEST_GOLD` gold items.
    """
    return {
        one.reviewer: f"{one.reviewer} caught {one.gold.count:,} of {one.gold.n:,} gold items"
        for one in figures
        if one.gold.n >= FEWEST_GOLD and one.gold.interval and one.gold.interval[1] < GOLD_CAUGHT
    }


def _seconds(events: Iterable[Event]) -> dict[tuple[str, str], float]:
    """The time of the last submit of each reviewer and item."""
    return {
        (event.reviewer, event.item): event.seconds
        for event in events
        if event.action == "submit" and event.seconds is not None
    }
