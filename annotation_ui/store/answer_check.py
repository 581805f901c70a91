"""What counts as an answer."""

import math
from collections.abc import Sequence

from annotation_ui.store.items import CHOICES
from annotation_ui.store.records import NOTE_LENGTH, OTHER, REASONS, Answer
from generators.errors import InputError

LONGEST_LOOK = 86400.0
"""Seconds spent on one item that can be meant."""


def checked_seconds(seconds: float | None) -> float | None:
    """The seconds spent on an item, at most a day; InputError if that is no time."""
    if seconds is None:
        return None
    if not (math.isfinite(seconds) and seconds >= 0):
        raise InputError(f"seconds={seconds!r}: time spent is a number, 0 or more")
    return min(float(seconds), LONGEST_LOOK)


def checked_note(note: str) -> str:
    """A note as typed; InputError if it is too long or holds half a character."""
    if len(note) > NOTE_LENGTH:
        raise InputError(f"the note has {len(note):,} characters; {NOTE_LENGTH:,} fit")
    try:
        note.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"the note's character {error.start + 1} is half of one: remove it"
        ) from None
    return note


def checked_answer(verdict: str, reasons: Sequence[str], note: str) -> Answer:
    """The answer given, reasons in the order of `REASONS`; InputError if it is not one.

    A reject may give reasons, an accept gives none; either may carry a note, kept as typed.
    """
    if verdict not in CHOICES:
        raise InputError(f"verdict {verdict!r}: it is accept or reject")
    odd = [reason for reason in reasons if reason not in REASONS]
    if odd:
        raise InputError(f"reason {odd[0]!r}: the reasons are {', '.join(REASONS)}")
    if reasons and verdict == "accept":
        raise InputError("an accept takes no reasons: clear them, or reject")
    if OTHER in reasons and not note.strip():
        raise InputError(f"reason {OTHER!r}: say in the note what it is")
    ordered = tuple(reason for reason in REASONS if reason in reasons)
    return Answer(verdict, ordered, checked_note(note))
