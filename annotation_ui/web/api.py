"""What a reviewer's page asks for and gets, as plain data: no browser and no gradio in it.

What would give planted items away stays here: role, severity, the id in the dataset, how many
look at an item, and how far a picture is from its parameters unless a check flagged it.
"""

from collections.abc import Sequence
from typing import Any

from annotation_ui.store.assignment import REPEAT_GAP
from annotation_ui.store.items import VIEWS, Item, Shown
from annotation_ui.store.records import REASONS, Lease, StaleLeaseError
from annotation_ui.store.review_store import ReviewStore
from generators.errors import InputError
from generators.taxonomy import KEYS, NONE, TYPES
from generators.typed_json import to_json

HISTORY = REPEAT_GAP
"""So many verdicts can be looked up: the original of a repeat is not among them any more."""

Reply = dict[str, Any]
"""What the page's script gets, in JSON's types."""


class ReviewApi:
    """One review, for any number of reviewers; `reviewer` is always who logged in.

    A refusal is {"error": what to mend}, or {"stale": why this lease no longer counts}.
    """

    def __init__(self, store: ReviewStore) -> None:
        self._store = store
        self._dataset = store.plan().dataset

    def open(self, reviewer: str) -> Reply:
        """The item in hand or else the next one, and how far the reviewer is."""
        return self._reply(reviewer, self._store.lease(reviewer))

    def submit(
        self,
        reviewer: str,
        token: str,
        verdict: str,
        reasons: Sequence[str],
        note: str,
        seconds: float,
    ) -> Reply:
        """Keep a verdict and open the next item; the same again changes nothing."""
        try:
            self._store.submit(token, reviewer, verdict, reasons, note, seconds)
        except StaleLeaseError as error:
            return {"stale": str(error)}
        except InputError as error:
            return {"error": str(error)}
        return self.open(reviewer)

    def undo(self, reviewer: str) -> Reply:
        """Take the last verdict back: its item, with the answer to fill in."""
        lease = self._store.undo(reviewer)
        if lease is None:
            return {"error": "There is no verdict of yours to take back."}
        return self._reply(reviewer, lease)

    def renew(self, reviewer: str, token: str) -> Reply:
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

    def history(self, reviewer: str) -> list[Reply]:
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

    def _reply(self, reviewer: str, lease: Lease | None) -> Reply:
        own = self._store.own_progress(reviewer)
        return {
            "dataset": self._dataset,
            "reviewer": reviewer,
            "done": own.done,
            "left": own.left,
            "reasons": REASONS,
            "lease": None if lease is None else _leased(lease),
        }


def _leased(lease: Lease) -> Reply:
    item, before = lease.item, lease.answer
    images = {view: getattr(item, f"{view}_image") for view in VIEWS}
    return {
        "token": lease.token,
        "item": item.item,
        "title": title(item.type),
        "meaning": TYPES[item.type].meaning,
        "parameters": parameters(item),
        "facts": facts(item.shown),
        "flags": to_json(item.flags),
        "images": {view: name for view, name in images.items() if name},
        "before": before
        and {"verdict": before.verdict, "reasons": before.reasons, "note": before.note},
    }


def title(type_name: str) -> str:
    """A type as a heading."""
    if type_name == NONE.name:
        return "No degradation"
    return type_name.replace("_", " ").capitalize()


def parameters(item: Item) -> list[Reply]:
    """The item's parameters: name, values as text (several for a vector), unit and meaning."""
    listed = []
    for _, name, value in item.shown.tuples:
        key = KEYS[name]
        numbers = value if isinstance(value, tuple) else (value,)
        listed.append(
            {
                "name": name.replace("_", " "),
                "values": [f"{number:.4g}" for number in numbers],
                "unit": key.unit,
                "meaning": key.meaning,
            }
        )
    return listed


def facts(shown: Shown) -> str:
    """Where the photograph and its depth come from, as a phrase."""
    phrases = [f"photograph from {shown.source}", f"{shown.size} × {shown.size} pixels"]
    if shown.depth_source:
        guess = " (a guess)" if shown.depth_source == "procedural" else ""
        phrases.append(f"depth: {shown.depth_source}{guess}")
    return " · ".join(phrases)
