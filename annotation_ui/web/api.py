"""What a reviewer's page asks for and gets, as plain data: no browser and no gradio in it.

What would give planted items away stays here: role, severity, the id in the dataset, how many
look at an item, and how far a picture is from its parameters unless a check flagged it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from annotation_ui.store.items import IMAGE_FIELDS, VIEWS, Item, Shown
from annotation_ui.store.records import REASONS, JudgedItem, Lease, StaleLeaseError
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.failing_disk import explained
from annotation_ui.web.guide import ACCEPT, REJECT, SKIP, look_for
from annotation_ui.web.pictures import can_be_shown
from generators.errors import InputError
from generators.taxonomy import KEYS, NONE, TYPES
from generators.typed_json import to_json

HISTORY = 30
"""So many of one's items are listed at once."""

DAMAGED = "The pictures of the last pair are damaged. It was put aside for whoever runs the review."
UNSHOWN = "Your browser could not show the last pair. It was left to others."
SETTLED = "That pair is settled: it cannot be reopened."

Reply = dict[str, Any]
"""What the page's script gets, in JSON's types."""


def _as_reply(method: Callable[..., Reply]) -> Callable[..., Reply]:
    """`method`, with its errors as replies."""

    @wraps(method)
    def replied(*arguments: Any) -> Reply:
        try:
            return method(*arguments)
        except StaleLeaseError as error:
            return {"stale": str(error)}
        except InputError as error:
            return {"error": str(error)}
        except sqlite3.Error as error:
            return {"trouble": explained(error)}

    return replied


class ReviewApi:
    """One review, for any number of reviewers; `reviewer` is always who logged in.

    A refusal is {"error": what to mend}, {"stale": why this lease no longer counts}, or {"trouble":
    what is wrong with the server's disk}.
    """

    def __init__(self, store: ReviewStore, images: Path) -> None:
        """`images` is the folder of the items' pictures."""
        self._store = store
        self._images = images
        self._dataset = store.plan().dataset

    @_as_reply
    def open(self, reviewer: str) -> Reply:
        """The item in hand or else the next one, and how far the reviewer is."""
        return self._reply(reviewer, self._store.lease(reviewer))

    @_as_reply
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
        self._store.submit(token, reviewer, verdict, reasons, note, seconds)
        return self.open(reviewer)

    @_as_reply
    def skip(self, reviewer: str, token: str, note: str) -> Reply:
        """Leave the item to others, and open the next one."""
        self._store.skip(token, reviewer, note)
        return self.open(reviewer)

    @_as_reply
    def broken(self, reviewer: str, token: str) -> Reply:
        """The item cannot be shown: put it aside if its pictures are damaged, else skip it."""
        lease = self._store.lease(reviewer)
        if lease is None or lease.token != token:
            return self._reply(reviewer, lease)
        names = [name for one in IMAGE_FIELDS if (name := getattr(lease.item, one))]
        sound = all(can_be_shown(self._images / name) for name in names)
        if sound:
            self._store.skip(token, reviewer, "the pictures could not be shown in the browser")
        else:
            self._store.report_broken(token, reviewer)
        return {**self.open(reviewer), "notice": UNSHOWN if sound else DAMAGED}

    @_as_reply
    def reopen(self, reviewer: str, item: str) -> Reply:
        """Take back the verdict on one of the reviewer's own items, to judge it again."""
        lease = self._store.undo(reviewer, item)
        return {"error": SETTLED} if lease is None else self._reply(reviewer, lease)

    @_as_reply
    def undo(self, reviewer: str) -> Reply:
        """Take the last verdict back: its item, with the answer to fill in."""
        lease = self._store.undo(reviewer)
        if lease is None:
            return {"error": "There is no verdict of yours to take back."}
        return self._reply(reviewer, lease)

    @_as_reply
    def renew(self, reviewer: str, token: str) -> Reply:
        """Hold the item for longer."""
        self._store.renew(token, reviewer)
        return {}

    @_as_reply
    def upcoming(self, reviewer: str) -> Reply:
        """The pictures that will likely be looked at next, for the browser to fetch ahead."""
        item = self._store.upcoming(reviewer)
        return {"images": [] if item is None else [item.clean_image, item.degraded_image]}

    @_as_reply
    def guide(self, reviewer: str) -> Reply:
        """What accept and reject say, and per type what to look for, with examples."""
        types = self._store.plan().counts.types
        return {
            "accept": ACCEPT,
            "reject": REJECT,
            "skip": SKIP,
            "types": [{"title": title(name), "look": look_for(name)} for name in types],
            "examples": [
                {
                    "title": title(one.type),
                    "verdict": one.verdict,
                    "why": one.why,
                    "parameters": _parameters(one.shown),
                    "images": [one.clean_image, one.degraded_image],
                }
                for one in self._store.examples()
            ],
        }

    @_as_reply
    def history(self, reviewer: str, skip: int) -> Reply:
        """What the reviewer judged or skipped, last first, after the last `skip` of them."""
        listed = self._store.history(reviewer, HISTORY + 1, skip)
        return {"items": [_judged(one) for one in listed[:HISTORY]], "more": len(listed) > HISTORY}

    def _reply(self, reviewer: str, lease: Lease | None) -> Reply:
        own = self._store.own_progress(reviewer)
        return {
            "dataset": self._dataset,
            "reviewer": reviewer,
            "done": own.done,
            "left": own.left,
            "others": 0 if lease else self._store.waiting_for_others(reviewer),
            "reasons": REASONS,
            "lease": None if lease is None else _leased(lease),
        }


def _judged(judged: JudgedItem) -> Reply:
    return {
        "item": judged.item.item,
        "title": title(judged.item.type),
        "parameters": parameters(judged.item),
        "degraded": judged.item.degraded_image,
        "verdict": judged.answer.verdict or "skip",
        "reasons": judged.answer.reasons,
        "note": judged.answer.note,
        "at": judged.at.isoformat(),
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
    return _parameters(item.shown)


def _parameters(shown: Shown) -> list[Reply]:
    listed = []
    for _, name, value in shown.tuples:
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
    phrases = [f"source: {shown.source}", f"{shown.size} × {shown.size} pixels"]
    if shown.depth_source:
        guess = " (a guess)" if shown.depth_source == "procedural" else ""
        phrases.append(f"depth: {shown.depth_source}{guess}")
    return " · ".join(phrases)
