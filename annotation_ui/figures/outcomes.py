"""What became of each sample that was looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation_ui.store.items import Item
from annotation_ui.store.records import Ruling, Verdict
from generators.taxonomy import Value


@dataclass(frozen=True)
class Outcome:
    """A judged sample: its row, its parameters, and whether its reviewers reject it."""

    sample_id: str
    split: str
    type: str
    severity: str | None
    source: str
    values: Mapping[str, Value]
    rejected: bool

    @property
    def replaces(self) -> bool:
        """Whether it took the place of a rejected sample, so that no lot drew it."""
        return "-r" in self.sample_id


def sample_outcomes(
    items: Iterable[Item], verdicts: Iterable[Verdict], rulings: Mapping[str, Ruling]
) -> list[Outcome]:
    """Every sample with a verdict or a ruling, by rank.

    The owner's ruling decides; without one the majority does, and a tie rejects. Planted items
    (gold and repeats) are left out.
    """
    balance: dict[str, int] = {}
    for verdict in verdicts:
        step = 1 if verdict.verdict == "accept" else -1
        balance[verdict.item] = balance.get(verdict.item, 0) + step
    for ruling in rulings.values():
        balance[ruling.item] = 1 if ruling.verdict == "accept" else -1
    return [
        Outcome(
            item.sample_id, item.split, item.type, item.severity, item.source,
            {key: value for _, key, value in item.shown.tuples}, balance[item.item] <= 0,
        )
        for item in sorted(items, key=lambda item: item.rank)
        if item.role == "sample" and item.item in balance
    ]  # fmt: skip
