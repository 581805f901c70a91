"""What a reviewer's page asks for and is told, as plain data: no browser and no gradio in it.

What would give planted items away stays here: kind, severity, the id in the dataset, how many
look at an item, and how far a picture is from its parameters unless a check flagged it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation_ui.store.assignment import REPEAT_GAP
from annotation_ui.store.records import REASONS, Item, Lease, StaleLeaseError
from annotation_ui.store.review_store import Store
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

HISTORY = REPEAT_GAP
"""So many verdicts can be looked up: the original of a repeat is not among them any more."""

VIEWS = ("clean", "degraded", "depth", "transmission")

Told = dict[str, Any]


class Reviewing:
    """One review, for any number of reviewers; `reviewer` is always who logged in.

    A refusal is told as {"error": what to mend}, or {"stale": why this lease no longer counts}.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dataset = str(store.plan().get("dataset", ""))

    def open(self, reviewer: str) -> Told:
        """The item in hand or else the next one, and how far the reviewer is."""
        return self._told(reviewer, self._store.lease(reviewer))

    def submit(
        self,
        reviewer: str,
        token: str,
        verdict: str,
        reasons: Sequence[str],
        note: str,
        seconds: float,
    ) -> Told:
        """Keep a verdict and open the next item; the same again changes nothing."""
        try:
            self._store.submit(token, reviewer, verdict, reasons, note, seconds)
        except StaleLeaseError as error:
            return {"stale": str(error)}
        except InputError as error:
            return {"error": str(error)}
        return self.open(reviewer)

    def undo(self, reviewer: str) -> Told:
        """Take the last verdict back: its item, with the answer to fill in."""
        lease = self._store.undo(reviewer)
        if lease is None:
            return {"error": "There is no verdict of yours to take back."}
        return self._told(reviewer, lease)

    def renew(self, reviewer: str, token: str) -> Told:
        """Hold the item for longer."""
        try:
            self._store.renew(token, reviewer)
        except StaleLeaseError as error:
            return {"stale": str(error)}
        return {}

    def upcoming(self, reviewer: str) -> list[str]:
        """The pictures that will likely be looked at next, for the browser to fetch ahead."""
        item = self._store.upcoming(reviewer)
        return [] if item is None else [item.clean_image, item.degraded_image]

    def history(self, reviewer: str) -> list[Told]:
        """The reviewer's own last verdicts, last first."""
        return [
            {
                "title": title(judged.item.type),
                "parameters": parameters(judged.item),
                "degraded": judged.item.degraded_image,
                "verdict": judged.answer.verdict,
                "reasons": judged.answer.reasons,
                "note": judged.answer.note,
                "at": judged.at.isoformat(),
            }
            for judged in self._store.history(reviewer, HISTORY)
        ]

    def _told(self, reviewer: str, lease: Lease | None) -> Told:
        own = self._store.own_progress(reviewer)
        return {
            "dataset": self._dataset,
            "reviewer": reviewer,
            "done": own.done,
            "left": own.left,
            "reasons": REASONS,
            "lease": None if lease is None else _leased(lease),
        }


def _leased(lease: Lease) -> Told:
    item, before = lease.item, lease.answer
    images = {view: getattr(item, f"{view}_image") for view in VIEWS}
    return {
        "token": lease.token,
        "item": item.item,
        "title": title(item.type),
        "meaning": TYPES[item.type].meaning,
        "parameters": parameters(item),
        "facts": facts(item.shown),
        "flags": [dict(flag) for flag in item.flags],
        "images": {view: name for view, name in images.items() if name},
        "before": before
        and {"verdict": before.verdict, "reasons": before.reasons, "note": before.note},
    }


def title(kind: str) -> str:
    """A type as a heading."""
    return "No degradation" if kind == "none" else kind.replace("_", " ").capitalize()


def parameters(item: Item) -> list[Told]:
    """The item's parameters: name, values as text (several for a vector), unit and meaning."""
    told = []
    for _, name, value in item.shown["tuples"]:
        key = KEYS[name]
        numbers = value if isinstance(value, list | tuple) else [value]
        told.append(
            {
                "name": name.replace("_", " "),
                "values": [f"{number:.4g}" for number in numbers],
                "unit": key.unit,
                "meaning": key.meaning,
            }
        )
    return told


def facts(shown: Mapping[str, Any]) -> str:
    """Where the photograph and its depth come from, as a phrase."""
    told = [f"photograph from {shown['source']}"] if shown.get("source") else []
    if shown.get("size"):
        told.append(f"{shown['size']} × {shown['size']} pixels")
    if shown.get("depth_source"):
        guess = " (a guess)" if shown["depth_source"] == "procedural" else ""
        told.append(f"depth: {shown['depth_source']}{guess}")
    return " · ".join(told)
