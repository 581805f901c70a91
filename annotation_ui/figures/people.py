"""Whether those who may log in are enough to finish, who is at work, and when it will be done."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from annotation_ui.store.records import Snapshot

PACE = timedelta(hours=1)
"""The pace is that of the last hour."""


@dataclass(frozen=True)
class Activity:
    """One account at work.

    Attributes:
        last_seen: of the last thing they did, ISO 8601, UTC; None before the first.
        last_hour: verdicts given in the last hour.
        skipped: items skipped.
        disabled: may not log in any more.
    """

    reviewer: str
    last_seen: str | None
    last_hour: int
    skipped: int
    disabled: bool


@dataclass(frozen=True)
class People:
    """Who is needed and who is there.

    Attributes:
        needed: people that the plan needs at least.
        short: how many more must be let in before all samples can be done.
        waiting: samples that none of those who may log in can judge any more.
        aside: samples put aside, because their pictures cannot be shown.
        remaining: verdicts that are wanted still.
        hours: of work that is, at the median time of a verdict so far; None before the first.
        done_at: when it will be done at the pace of the last hour, ISO 8601, UTC; None without one.
        activity: of every reviewer, in the order they were added.
    """

    needed: int
    short: int
    waiting: int
    aside: int
    remaining: int
    hours: float | None
    done_at: str | None
    activity: tuple[Activity, ...]

    def lines(self) -> list[str]:
        """What there is to say, a line each."""
        lines = []
        if self.short:
            more = "one more person" if self.short == 1 else f"{self.short} more people"
            lines.append(f"{more} needed: nobody who may log in can judge {_samples(self.waiting)}")
        if self.aside:
            lines.append(f"put aside, because pictures cannot be shown: {_samples(self.aside)}")
        if self.remaining and self.hours is not None:
            when = ""
            if self.done_at:
                date = datetime.fromisoformat(self.done_at)
                when = f"; done about {date:%Y-%m-%d %H:%M} UTC at the last hour's pace"
            lines.append(f"verdicts to go: {self.remaining:,}, {_work(self.hours)} of work{when}")
        return lines


def people_of(snapshot: Snapshot) -> People:
    """Who is needed and who is there, of a snapshot of the store."""
    able = {one.name for one in snapshot.accounts if one.role == "reviewer" and not one.disabled}
    judged = Counter(verdict.item for verdict in snapshot.verdicts)
    had = _had(snapshot)
    short = waiting = remaining = 0
    samples = [item for item in snapshot.items if item.role == "sample"]
    for item in samples:
        missing = item.needs - judged[item.item]
        if missing <= 0 or item.item in snapshot.rulings:
            continue
        if item.item in snapshot.broken:
            continue
        remaining += missing
        lacking = missing - len(able - had[item.item])
        waiting += lacking > 0
        short = max(short, lacking)
    seconds = [event.seconds for event in snapshot.events if event.seconds]
    hours = remaining * median(seconds) / 3600 if seconds else None
    activity = _activity(snapshot)
    pace = sum(one.last_hour for one in activity)
    done_at = snapshot.at + PACE * (remaining / pace) if pace and remaining else None
    return People(
        needed=max((item.needs for item in samples), default=1),
        short=short,
        waiting=waiting,
        aside=sum(item.item in snapshot.broken for item in samples),
        remaining=remaining,
        hours=hours,
        done_at=_iso(done_at),
        activity=activity,
    )


def _had(snapshot: Snapshot) -> dict[str, set[str]]:
    """By item who is not given it again."""
    back = {event.token for event in snapshot.events if event.action == "undo"}
    had: dict[str, set[str]] = defaultdict(set)
    for event in snapshot.events:
        if event.action in ("submit", "skip") and event.token not in back:
            had[event.item].add(event.reviewer)
    return had


def _activity(snapshot: Snapshot) -> tuple[Activity, ...]:
    last: dict[str, datetime] = {}
    hour: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    back = {event.token for event in snapshot.events if event.action == "undo"}
    for event in snapshot.events:
        if event.action in ("expire", "discard"):
            continue  # not of their doing
        last[event.reviewer] = event.at
        hour[event.reviewer] += event.action == "submit" and event.at > snapshot.at - PACE
        skipped[event.reviewer] += event.action == "skip" and event.token not in back
    disabled = {one.name: one.disabled for one in snapshot.accounts}
    return tuple(
        Activity(name, _iso(last.get(name)), hour[name], skipped[name], disabled[name])
        for name in snapshot.reviewers
    )


def _work(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.1f} hours"
    minutes = round(60 * hours)
    return "under a minute" if minutes < 1 else f"{minutes} minute{'s' * (minutes > 1)}"


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count:,} samples"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(microsecond=0).isoformat()
