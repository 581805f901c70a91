"""Outcomes and what each reviewer's verdicts are worth, from a real store."""

from pathlib import Path

import pytest
from scipy import stats

from annotation_ui.figures.outcomes import outcomes
from annotation_ui.figures.proportions import share
from annotation_ui.figures.reviewers import ReviewerFigures, careless, reviewer_figures
from annotation_ui.store.records import Item
from annotation_ui.store.review_store import Store
from tests.annotation_ui.plans import gold, name, repeat, sample


def answer(store: Store, reviewer: str, said: dict[str, tuple[str, float]]) -> None:
    """Let `reviewer` take items until none is left; `said` has verdict and seconds for each."""
    while lease := store.lease(reviewer):
        verdict, seconds = said[lease.item.item]
        reasons = ("inconsistent",) if verdict == "reject" else ()
        store.submit(lease.token, reviewer, verdict, reasons, seconds=seconds)


@pytest.fixture
def store(in_memory: Path) -> Store:
    """Samples 0 and 1 for two, ten more for one, 0 once more as 12, gold 13 and 14."""
    items = [sample(i, 2 if i < 2 else 1) for i in range(12)] + [repeat(12, 0), gold(13), gold(14)]
    store = Store.create(in_memory / "review.sqlite", {}, items)
    for reviewer in ("ana", "bo"):
        store.add_reviewer(reviewer, "a long password")
    rejected = {name(0), name(13)}
    names = [item.item for item in items]
    said = {n: ("reject" if n in rejected else "accept", 2.0 + i) for i, n in enumerate(names)}
    answer(store, "ana", said)
    answer(store, "bo", {n: ("reject" if n > name(12) else "accept", 9.0) for n in names})
    return store


def figures(store: Store) -> dict[str, ReviewerFigures]:
    made = reviewer_figures(store.items(), store.verdicts(), store.events())
    return {one.reviewer: one for one in made}


def test_the_majority_decides_and_a_tie_rejects(store: Store) -> None:
    found = {o.sample_id: o.rejected for o in outcomes(store.items(), store.verdicts())}
    assert [sample for sample, rejected in found.items() if rejected] == ["du-00000000"]
    assert len(found) == 12


def test_only_what_was_judged_has_an_outcome(store: Store) -> None:
    items: list[Item] = [*store.items(), sample(77)]
    (first, *others) = outcomes(items, store.verdicts())
    assert len(others) == 11
    assert first.values == {"sigma": 3.0}
    assert not first.replaces


def test_each_reviewer_in_figures(store: Store) -> None:
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


def test_what_was_taken_back_does_not_count(store: Store) -> None:
    lease = store.undo("ana")
    assert lease
    assert (figures(store)["ana"].gold.count, figures(store)["ana"].gold.n) == (1, 1)
    assert figures(store)["ana"].seconds == pytest.approx(8.5)
    store.submit(lease.token, "ana", "reject", ("inconsistent",), seconds=0.5)
    assert figures(store)["ana"].gold.count == 2
    assert figures(store)["ana"].seconds == pytest.approx(8)  # of 0.5, 2, 3, … 15


@pytest.mark.parametrize("found", range(11))
@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_careless_is_who_surely_misses_a_fifth_of_gold(found: int, n: int) -> None:
    found = min(found, n)
    nothing = share(0, 0)
    told = careless([ReviewerFigures("ada", 5, nothing, share(found, n), nothing, None)])
    sure = n >= 3 and stats.binomtest(found, n).proportion_ci(method="wilson").high < 0.8
    assert told == ({"ada": f"ada caught {found} of {n} gold items"} if sure else {})
