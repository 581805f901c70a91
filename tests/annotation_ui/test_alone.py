"""One person at a review that was planned for two: informed, and able to end it."""

import shutil
from pathlib import Path

import pytest

from annotation_ui.figures.people import people_of
from annotation_ui.finalize import finalize_review
from annotation_ui.folder import review_folder, review_of, verified_folder
from annotation_ui.planning.overlap import change_overlap
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.review_store import ReviewStore
from generators.build.verify import verify
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench

SOURCES = [SourceSpec("builtin")]


@pytest.fixture(scope="module")
def alone(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of whose 14 samples, three of them for two people, one person has judged all."""
    dataset = tmp_path_factory.mktemp("alone") / "du110k"
    dataset.symlink_to(du110k)
    assert plan_review(dataset, fraction=0.03, workers=1).people == 2
    store = review_of(dataset)
    store.accounts.add("ada", "a long password")
    while lease := store.lease("ada"):
        store.submit(lease.token, "ada", "accept", seconds=3.6)
    return dataset


@pytest.fixture
def dataset(alone: Path, tmp_path: Path) -> Path:
    """A copy of its review, to change."""
    link = tmp_path / "du110k"
    link.symlink_to(alone.resolve())
    shutil.copytree(review_folder(alone), review_folder(link))
    return link


def test_it_shows_who_is_needed(dataset: Path) -> None:
    store = review_of(dataset)
    people = people_of(store.snapshot())
    assert (people.needed, people.short, people.waiting, people.remaining) == (2, 1, 3, 3)
    assert people.hours == pytest.approx(3 / 1000)
    assert store.waiting_for_others("ada") == 3
    with pytest.raises(InputError) as caught:
        finalize_review(dataset, dataset.with_name("out"), SOURCES)
    for words in ("3 of 14 samples are still open", "add-reviewer NAME", "--partial",
                  f"dubench review overlap {dataset} 0"):  # fmt: skip
        assert words in str(caught.value)
    store.accounts.add("bo", "a long password")
    assert people_of(store.snapshot()).short == 0
    store.accounts.set_disabled("bo", True)
    assert people_of(store.snapshot()).short == 1


def test_a_smaller_overlap_ends_it_and_a_larger_one_opens_it_again(
    dataset: Path, dubench_here: Dubench
) -> None:
    verdicts = review_of(dataset).verdicts()
    run = dubench_here("review", "overlap", dataset, 0, cwd=dataset.parent)
    assert run.stdout == "0 of 14 samples are for two people now\n"
    done = people_of(review_of(dataset).snapshot())
    assert (done.needed, done.short, done.remaining) == (1, 0, 0)
    assert change_overlap(dataset, 0.5).overlap == 7
    store = review_of(dataset)
    assert store.verdicts() == verdicts
    store.accounts.add("bo", "a long password")
    while lease := store.lease("bo"):
        store.submit(lease.token, "bo", "accept")
    assert people_of(store.snapshot()).remaining == 0
    # What two have judged stays so.
    assert change_overlap(dataset, 0).overlap == 7
    assert len(store.verdicts()) > len(verdicts)


def test_partial_leaves_the_rest_unreviewed(du110k: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "du110k"
    dataset.symlink_to(du110k)
    plan_review(dataset, fraction=0.03, workers=1)
    with pytest.raises(InputError, match="nothing is judged yet"):
        finalize_review(dataset, tmp_path / "out", SOURCES, partial=True)
    store = review_of(dataset)
    store.accounts.add("ada", "a long password")
    while len(store.verdicts()) < 5:
        lease = store.lease("ada")
        assert lease
        store.submit(lease.token, "ada", "accept")
    judged = {one.sample_id for one in store.verdicts() if one.role == "sample"}
    done = finalize_review(dataset, tmp_path / "out", SOURCES, workers=1, partial=True)
    assert not done.met
    assert f"  not judged, and unreviewed: {14 - len(judged)}" in done.summary.splitlines()
    assert done.review.rounds[0].open == 14 - len(judged)
    assert verify(tmp_path / "out").good
    # The next round takes up what was left.
    again = plan_review(tmp_path / "out", fraction=0.03, workers=1)
    assert (again.samples, again.reviewed) == (14 - len(judged), len(judged))
    assert ReviewStore(review_folder(tmp_path / "out") / "review.sqlite").accounts.reviewers() == [
        "ada"
    ]


def test_folders_of_later_rounds() -> None:
    first = verified_folder(Path("/data/du110k"), 0)
    second = verified_folder(first, 1)
    third = verified_folder(second, 2)
    assert [path.name for path in (first, second, third)] == [
        "du110k-verified", "du110k-verified-r2", "du110k-verified-r3"
    ]  # fmt: skip
