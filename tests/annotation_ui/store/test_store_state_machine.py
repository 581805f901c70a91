"""The store against a model of it in plain Python, through two ReviewStore objects on one file."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from annotation_ui.store import passwords
from annotation_ui.store.assignment import GOLD_GAP, REPEAT_GAP
from annotation_ui.store.items import Item
from annotation_ui.store.records import Answer, Event, StaleLeaseError
from annotation_ui.store.review_store import LEASE, ReviewStore
from tests.annotation_ui.conftest import MEMORY
from tests.annotation_ui.plans import Clock, gold, repeat, review_plan, sample

PEOPLE = ("ada", "bob", "cyd")
people = st.sampled_from(PEOPLE)
stores = st.integers(0, 1)
answers = st.sampled_from(
    [
        Answer("accept", (), ""),
        Answer("accept", (), "fine"),
        Answer("reject", ("inconsistent",), ""),
        Answer("reject", ("unnatural look", "other"), "halo"),
    ]
)


@dataclass
class Held:
    """A lease in the model."""

    token: str
    item: str
    expires: datetime


@dataclass
class Given:
    """A verdict in the model, or an item skipped."""

    token: str
    item: str
    person: str
    answer: Answer


@dataclass
class Model:
    """What the store should know."""

    items: list[Item]
    leases: dict[str, Held] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)
    void: dict[str, tuple[str, str]] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    last: dict[tuple[str, str], Answer] = field(default_factory=dict)
    events: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def verdicts(self) -> list[Given]:
        return [given for given in self.given if given.answer.verdict]

    def of(self, person: str) -> list[str]:
        return [given.item for given in self.verdicts if given.person == person]

    def had(self, person: str) -> set[str]:
        """What is not given to this person again."""
        void = {item for item, whose in self.void.values() if whose == person}
        return void | {given.item for given in self.given if given.person == person}

    def item(self, item: str) -> Item:
        return next(one for one in self.items if one.item == item)

    def hand_out(self, item: str) -> None:
        self.closed.pop(item, None)
        given = sum(verdict.item == item for verdict in self.verdicts)
        self.items = [
            replace(one, needs=max(one.needs, given + 1)) if one.item == item else one
            for one in self.items
        ]

    def room(self, item: str, person: str, now: datetime) -> bool:
        given = sum(verdict.item == item for verdict in self.verdicts)
        looking = sum(
            held.item == item and other != person and held.expires > now
            for other, held in self.leases.items()
        )
        return given + looking < self.item(item).needs and item not in self.closed

    def next(self, person: str, now: datetime) -> str | None:
        mine = self.of(person)
        recent_gold = any(self.item(item).role == "gold" for item in mine[-GOLD_GAP:])
        free: list[Item] = []
        early: list[Item] = []  # repeats that would come too soon, unless nothing else is left
        for item in sorted(self.items, key=lambda item: item.rank):
            if item.item in self.had(person) or not self.room(item.item, person, now):
                continue
            if item.of_item is not None:
                if item.of_item not in mine:
                    continue
                if len(mine) - 1 - mine.index(item.of_item) < REPEAT_GAP:
                    early.append(item)
                    continue
            free.append(item)
        free.sort(key=lambda item: recent_gold and item.role == "gold")
        return next((item.item for item in free + early), None)

    def stale(self, token: str, person: str, now: datetime) -> str | None:
        """A word of the message that a submit or renewal must get, if any."""
        item, owner = self.tokens.get(token, ("", ""))
        if owner != person:
            return "out of date"
        if token in self.undone:
            return "took this verdict back"
        if token in self.void:
            return "made void"
        if item in self.of(person):
            return "judged this item already"
        if any(one.item == item and one.person == person for one in self.given):
            return "skipped this item already"
        if item in self.closed:
            return "set aside"
        return None if self.room(item, person, now) else "somebody else"


class Review(RuleBasedStateMachine):
    """Reviewers who lease, wait, renew, submit and take back in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.path = self.folder / "review.sqlite"
        self.clock = Clock()
        self.seen: list[Event] = []

    @initialize(
        needs=st.lists(st.integers(1, 2), min_size=1, max_size=24),
        planted=st.sets(st.integers(1, 15)),
        repeated=st.sets(st.integers(1, 15), max_size=3),
    )
    def plan(self, needs: list[int], planted: set[int], repeated: set[int]) -> None:
        items = [sample(10 * rank, count) for rank, count in enumerate(needs)]
        items += [gold(10 * rank + 5) for rank in planted if rank <= len(needs)]
        items += [repeat(10 * rank + 6, of=0) for rank in repeated]
        self.model = Model(items)
        ReviewStore.create(self.path, review_plan(), items)
        self.stores = [ReviewStore(self.path, self.clock) for _ in range(2)]
        for person in PEOPLE:
            self.stores[0].accounts.add(person, "correct horse")

    # What reviewers do

    @rule(person=people, which=stores)
    def lease(self, person: str, which: int) -> None:
        self._lease(person, which)

    def _lease(self, person: str, which: int) -> str | None:
        """Lease, compare, and give the token."""
        lease, now, model = self.stores[which].lease(person), self.clock(), self.model
        held = model.leases.get(person)
        if held and model.room(held.item, person, now):
            held.expires = now + LEASE
            assert lease
            assert (lease.token, lease.item.item) == (held.token, held.item)
            model.events.append(("renew", person, held.item))
        else:
            if held:
                del model.leases[person]
                model.events.append(("expire", person, held.item))
            item = model.next(person, now)
            assert (lease.item.item if lease else None) == item
            if lease is None:
                return None
            self._given(lease.token, lease.item.item, person)
        assert lease.item == model.item(lease.item.item)
        assert lease.expires == now + LEASE
        assert lease.answer == model.last.get((person, lease.item.item))
        return lease.token

    def _given(self, token: str, item: str, person: str) -> None:
        assert token not in self.model.tokens
        self.model.tokens[token] = (item, person)
        self.model.leases[person] = Held(token, item, self.clock() + LEASE)
        self.model.events.append(("lease", person, item))

    @rule(person=people, which=stores, answer=answers, times=st.integers(1, 12))
    def review(self, person: str, which: int, answer: Answer, times: int) -> None:
        for _ in range(times):
            token = self._lease(person, which)
            if token is None:
                break
            self._submit(token, person, which, answer)

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data(), which=stores, answer=answers)
    def submit_an_old_token(self, data: st.DataObject, which: int, answer: Answer) -> None:
        token = data.draw(st.sampled_from(list(self.model.tokens)))
        self._submit(token, self.model.tokens[token][1], which, answer)

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data(), person=people, which=stores, answer=answers)
    def submit_for_somebody(
        self, data: st.DataObject, person: str, which: int, answer: Answer
    ) -> None:
        self._submit(data.draw(st.sampled_from(list(self.model.tokens))), person, which, answer)

    @precondition(lambda self: self.model.verdicts)
    @rule(data=st.data(), which=stores)
    def click_again(self, data: st.DataObject, which: int) -> None:
        given = data.draw(st.sampled_from(self.model.verdicts))
        answer = given.answer
        self.stores[which].submit(
            given.token, given.person, answer.verdict, answer.reasons, answer.note
        )

    def _submit(self, token: str, person: str, which: int, answer: Answer) -> None:
        model, submit = self.model, self.stores[which].submit
        arguments = (token, person, answer.verdict, answer.reasons, answer.note, 1.0)
        if any((one.token, one.person, one.answer) == (token, person, answer)
               for one in model.verdicts):  # fmt: skip
            submit(*arguments)
            return
        stale = model.stale(token, person, self.clock())
        if stale:
            with pytest.raises(StaleLeaseError, match=stale) as caught:
                submit(*arguments)
            assert caught.value.answer == answer
            return
        submit(*arguments)
        item = model.tokens[token][0]
        model.last[person, item] = answer
        model.given.append(Given(token, item, person, answer))
        self._answered("submit", person, item)

    def _answered(self, action: str, person: str, item: str) -> None:
        self.model.events.append((action, person, item))
        held = self.model.leases.get(person)
        if held and held.item == item:
            del self.model.leases[person]

    @rule(person=people, which=stores, action=st.sampled_from(["skip", "broken"]))
    def pass_on(self, person: str, which: int, action: str) -> None:
        token = self._lease(person, which)
        if token is None:
            return
        store, item = self.stores[which], self.model.tokens[token][0]
        for _ in range(2):  # the same click twice
            if action == "skip":
                store.skip(token, person, "not sure")
            else:
                store.report_broken(token, person)
        if action == "skip":
            answer = Answer(None, (), "not sure")
            self.model.given.append(Given(token, item, person, answer))
            self.model.last[person, item] = answer
        else:
            self.model.closed[item] = "broken"
        self._answered(action, person, item)

    # What the owner does

    @rule(data=st.data(), which=stores, verdict=st.sampled_from(["accept", "reject", None]))
    def decide(self, data: st.DataObject, which: int, verdict: str | None) -> None:
        samples = [item.item for item in self.model.items if item.role == "sample"]
        item = data.draw(st.sampled_from(samples))
        if verdict is None:
            self.stores[which].rulings.hand_out(item)
            self.model.hand_out(item)
        else:
            self.stores[which].rulings.settle(item, verdict)
            self.model.closed[item] = "settled"

    @rule(person=people, which=stores)
    def discard(self, person: str, which: int) -> None:
        model = self.model
        mine = [given for given in model.verdicts if given.person == person]
        assert self.stores[which].rulings.discard(person) == len(mine)
        for given in mine:
            model.given.remove(given)
            model.void[given.token] = (given.item, person)
            model.events.append(("discard", person, given.item))

    @precondition(lambda self: self.model.tokens)
    @rule(data=st.data(), which=stores)
    def renew(self, data: st.DataObject, which: int) -> None:
        model, now = self.model, self.clock()
        token = data.draw(st.sampled_from(list(model.tokens)))
        item, person = model.tokens[token]
        held = model.leases.get(person)
        stale = model.stale(token, person, now)
        if not stale and (held is None or held.token != token):
            stale = "another window"
        if stale:
            with pytest.raises(StaleLeaseError, match=stale):
                self.stores[which].renew(token, person)
            return
        assert held
        held.expires = now + LEASE
        assert self.stores[which].renew(token, person) == held.expires
        model.events.append(("renew", person, item))

    @rule(person=people, which=stores)
    def undo(self, person: str, which: int) -> None:
        model, lease = self.model, self.stores[which].undo(person)
        mine = [
            given
            for given in model.given
            if given.person == person and given.item not in model.closed
        ]
        if not mine:
            assert lease is None
            return
        last = mine[-1]
        held = model.leases.pop(person, None)
        if held:
            model.events.append(("release", person, held.item))
        model.given.remove(last)
        model.undone.add(last.token)
        model.events.append(("undo", person, last.item))
        assert lease
        assert (lease.item.item, lease.answer) == (last.item, last.answer)
        self._given(lease.token, last.item, person)

    @rule(minutes=st.sampled_from([0.5, 4.0, 9.99, 10.0, 25.0]))
    def wait(self, minutes: float) -> None:
        self.clock.passes(minutes)

    @rule(which=stores)
    def restart(self, which: int) -> None:
        self.stores[which] = ReviewStore(self.path, self.clock)

    # What must hold at every moment

    @invariant()
    def verdicts_are_the_models(self) -> None:
        for store in self.stores:
            stored = [
                (one.item, one.reviewer, one.verdict, one.reasons, one.note)
                for one in store.verdicts()
            ]
            assert stored == [
                (one.item, one.person, one.answer.verdict, one.answer.reasons, one.answer.note)
                for one in self.model.verdicts
            ]

    @invariant()
    def nothing_is_judged_too_often(self) -> None:
        verdicts = self.stores[0].verdicts()
        pairs = Counter((verdict.item, verdict.reviewer) for verdict in verdicts)
        assert max(pairs.values(), default=0) <= 1
        counts = Counter(verdict.item for verdict in verdicts)
        for item in self.model.items:
            assert counts[item.item] <= item.needs
            assert counts[item.item] <= len(PEOPLE)

    @invariant()
    def events_only_grow(self) -> None:
        events = list(self.stores[1].events())
        assert events[: len(self.seen)] == self.seen
        recorded = [(event.action, event.reviewer, event.item) for event in events]
        assert recorded == self.model.events
        standing = self.stores[0].rulings.standing()
        settled = {item for item, why in self.model.closed.items() if why == "settled"}
        assert set(standing) == settled
        assert [event.n for event in events] == list(range(1, len(events) + 1))
        self.seen = events

    @invariant()
    def histories_and_progress_agree(self) -> None:
        for person in PEOPLE:
            history = [judged.item.item for judged in self.stores[0].history(person)]
            mine = [given.item for given in self.model.given if given.person == person]
            held = self.model.leases.get(person)
            hidden = self.model.item(held.item).of_item if held else None
            assert history == [item for item in mine[::-1] if item != hidden]
            own = self.stores[1].own_progress(person)
            assert own.done == len(mine)
            if not any(other != person for other in self.model.leases):
                assert (own.left > 0) == (self.model.next(person, self.clock()) is not None)
        progress = self.stores[0].progress()
        samples = [item.item for item in self.model.items if item.role == "sample"]
        # Also that the counts which triggers keep are those of the view.
        assert progress.done == sum(one.item in samples for one in self.model.verdicts)

    def teardown(self) -> None:
        self.stores = []
        shutil.rmtree(self.folder)


Review.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.usefixtures("_quick_hashes")
class TestReview(Review.TestCase):  # type: ignore[misc, name-defined]
    """Run by pytest."""


@pytest.fixture
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(passwords.SCRYPT, "n", 2)
