"""Outcomes and what each reviewer's verdicts are worth, from a real store."""

from pathlib import Path

import pytest
from scipy import stats

from annotation_ui.figures.outcomes import sample_outcomes
from annotation_ui.figures.proportions import proportion
from annotation_ui.figures.reviewers import careless_reviewers, reviewer_figures
from annotation_ui.store.items import Item
from annotation_ui.store.review_store import ReviewStore
from generators.dataset.review_figures import ReviewerFigures
from tests.annotation_ui.plans import gold, name, repeat, review_plan, sample


def take_all(store: ReviewStore, reviewer: str, answers: dict[str, tuple[str, float]]) -> None:
    """Let `reviewer` take items until none is left; `answers` has verdict and seconds for each."""
    while lease := store.lease(reviewer):
        verdict, seconds = answers[lease.item.item]
        reasons = ("inconsistent",) if verdict == "reject" else ()
        store.submit(lease.token, reviewer, verdict, reasons, seconds=seconds)


@pytest.fixture
def store(in_memory: Path) -> ReviewStore:
    """Samples 0 and 1 for two, ten more for one, 0 once more as 12, gold 13 and 14."""
    items = [sample(i, 2 if i < 2 else 1) for i in range(12)] + [repeat(12, 0), gold(13), gold(14)]
    store = ReviewStore.create(in_memory / "review.sqlite", review_plan(), items)
    for reviewer in ("ana", "bo"):
        store.accounts.add(reviewer, "a long password")
    rejected = {name(0), name(13)}
    names = [item.item for item in items]
    answers = {n: ("reject" if n in rejected else "accept", 2.0 + i) for i, n in enumerate(names)}
    take_all(store, "ana", answers)
    take_all(store, "bo", {n: ("reject" if n > name(12) else "accept", 9.0) for n in names})
    return store


def figures(store: ReviewStore) -> dict[str, ReviewerFigures]:
    listed = reviewer_figures(store.items(), store.verdicts(), store.events())
    return {one.reviewer: one for one in listed}


def test_the_majority_decides_and_a_tie_rejects(store: ReviewStore) -> None:
    rejected_by_id = {
        o.sample_id: o.rejected for o in sample_outcomes(store.items(), store.verdicts(), {})
    }
    assert [sample for sample, rejected in rejected_by_id.items() if rejected] == ["du-00000000"]
    assert len(rejected_by_id) == 12


def test_only_what_was_judged_has_an_outcome(store: ReviewStore) -> None:
    items: list[Item] = [*store.items(), sample(77)]
    (first, *others) = sample_outcomes(items, store.verdicts(), {})
    assert len(others) == 11
    assert first.values == {"sigma": 3.0}
    assert not first.replaces


def test_each_reviewer_in_figures(store: ReviewStore) -> None:
    ana, bo = figures(store)["ana"], figures(store)["bo"]
    assert (ana.verdicts, ana.rejected.count, ana.rejected.n) == (12, 1, 12)
    assert (ana.gold.count, ana.gold.n) == (1, 2)
    wanted = stats.binomtest(1, 2).proportion_ci(method="wilson")
    assert ana.gold.interval == pytest.approx(tuple(wanted))
    assert (ana.repeats.count, ana.repeats.n) == (0, 1)
    assert ana.seconds == pytest.approx(9)  # of 2, 3, … 16
    assert (bo.verdicts, bo.gold.count) == (2, 2)
    assert (bo.rejected.count, bo.rejected.value) == (0, 0.0)
    assert (bo.repeats.n, bo.repeats.value, bo.repeats.interval) == (0, None, None)


def test_what_was_taken_back_does_not_count(store: ReviewStore) -> None:
    lease = store.undo("ana")
    assert lease
    assert (figures(store)["ana"].gold.count, figures(store)["ana"].gold.n) == (1, 1)
    assert figures(store)["ana"].seconds == pytest.approx(8.5)
    store.submit(lease.token, "ana", "reject", ("inconsistent",), seconds=0.5)
    assert figures(store)["ana"].gold.count == 2
    assert figures(store)["ana"].seconds == pytest.approx(8)  # of 0.5, 2, 3, … 15


@pytest.mark.parametrize("caught", range(11))
@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_careless_is_who_surely_misses_a_fifth_of_gold(caught: int, n: int) -> None:
    caught = min(caught, n)
    nothing = proportion(0, 0)
    gold = proportion(caught, n)
    careless = careless_reviewers([ReviewerFigures("ada", 5, nothing, gold, nothing, None)])
    sure = n >= 3 and stats.binomtest(caught, n).proportion_ci(method="wilson").high < 0.8
    assert careless == ({"ada": f"ada caught {caught} of {n} gold items"} if sure else {})
