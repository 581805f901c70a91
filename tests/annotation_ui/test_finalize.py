"""From a dataset and its review to the verified dataset, round after round."""

import json
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest

from annotation_ui.finalize import Finalized, finalize_review
from annotation_ui.folder import DATABASE, review_folder
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.items import Item
from annotation_ui.store.review_store import ReviewStore
from dubench.predictions.file import read
from generators.build.generate import generate
from generators.build.verify import verify
from generators.dataset.info import DatasetInfo
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.annotation_ui.plans import Clock, review_plan, samples
from tests.on_disk import hashes, rows
from tests.stopping import stopped

BUILTIN = [SourceSpec("builtin")]
REVIEWERS = ("Wilhelmina", "Thaddäus")
Judge = Callable[[str, Item], bool]


def recipe_json(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "recipe.json").read_text())


def look(dataset: Path, rejects: Judge, most: int = 10**6) -> ReviewStore:
    """Two people take items in turn until there are no more, or `most` verdicts are given."""
    store = ReviewStore(review_folder(dataset) / DATABASE)
    # Who judged the round before may log in to the next.
    assert store.accounts.reviewers() in ([], list(REVIEWERS))
    for name in [name for name in REVIEWERS if store.accounts.find(name) is None]:
        store.accounts.add(name, "a long password")
    given, waiting = 0, list(REVIEWERS)
    while waiting and given < most:
        for name in list(waiting):
            lease = store.lease(name)
            if lease is None:
                waiting.remove(name)
            elif rejects(name, lease.item):
                note = f"{name} does not like it"
                store.submit(lease.token, name, "reject", ["other"], note, seconds=4)
            else:
                store.submit(lease.token, name, "accept", seconds=2)
            given += 1
    return store


@dataclass
class Round:
    """A dataset, what its reviewers rejected, and the dataset that follows from both."""

    before: Path
    after: Path
    rejected: set[str]
    accepted: set[str]
    finalized: Finalized


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("finalize")


@pytest.fixture(scope="module")
def first(folder: Path) -> Round:
    """240 pairs, a fifth reviewed. Wilhelmina rejects every third, Thaddäus every fourth; in
    what both see, Wilhelmina's rejects and one more of Thaddäus'."""
    dataset = folder / "du110k"
    generate(240, dataset, BUILTIN, size=64, workers=2)
    plan_review(dataset, 0.2, workers=2)

    def rejects(name: str, item: Item) -> bool:
        if item.role == "gold":
            return name == REVIEWERS[0]
        index = int(item.sample_id[3:])
        return index % (3 if name == REVIEWERS[0] else 4) == 0

    store = look(dataset, rejects)
    return finished(dataset, store, folder / "verified")


def finished(dataset: Path, store: ReviewStore, out: Path) -> Round:
    by_sample: dict[str, list[str]] = {}
    for verdict in store.verdicts():
        if verdict.role == "sample":
            by_sample.setdefault(verdict.sample_id, []).append(verdict.verdict)
    rejected = {
        name for name, given in by_sample.items() if 2 * given.count("reject") >= len(given)
    }
    finalized = finalize_review(dataset, out, BUILTIN, workers=2)
    return Round(dataset, out, rejected, set(by_sample) - rejected, finalized)


@pytest.fixture(scope="module")
def second(first: Round, folder: Path) -> Round:
    """The replaced ones are reviewed; one is rejected again."""
    planned = plan_review(first.after, 0.2, workers=2)
    assert planned.samples == len(first.rejected)
    again = min(f"{name}-r1" for name in first.rejected)
    store = look(first.after, lambda name, item: item.sample_id == again)
    return finished(first.after, store, folder / "verified-again")


def test_there_is_something_to_do(first: Round) -> None:
    assert len(first.rejected) >= 5
    recipe = DatasetInfo.read(first.before).recipe
    splits = {recipe.split_of(int(name[3:])) for name in first.rejected}
    assert splits == {"train", "validation", "test"}
    assert len(first.rejected | first.accepted) == 48


def test_rejects_are_replaced_and_all_else_stays(first: Round) -> None:
    before, after = rows(first.before), rows(first.after)
    assert list(after) == [f"{name}-r1" if name in first.rejected else name for name in before]
    for name, row in before.items():
        if name in first.rejected:
            new = after[f"{name}-r1"]
            assert new["review"] == "unreviewed"
            assert (new["type"], new["source"]) == (row["type"], row["source"])
            assert new["degraded_sha256"] != row["degraded_sha256"]
        else:
            review = "accepted" if name in first.accepted else "unreviewed"
            assert after[name] == row | {"review": review}


def test_counts_splits_and_proof_hold(first: Round) -> None:
    one, other = recipe_json(first.before), recipe_json(first.after)
    for name in ("n", "splits", "sources", "preset", "seed"):
        assert one[name] == other[name]
    audit = verify(first.after)
    assert not audit.problems
    assert audit.exact == 240

    def strata(folder: Path) -> Counter[tuple[str, int, str]]:
        recipe = DatasetInfo.read(folder).recipe
        return Counter(
            (recipe.split_of(int(name.split("-")[1])), row["type"], row["source"])
            for name, row in rows(folder).items()
        )

    assert strata(first.before) == strata(first.after)


def test_it_says_what_comes_next(first: Round, second: Round) -> None:
    count = len(first.rejected)
    assert not first.finalized.met
    store = ReviewStore(review_folder(first.before) / DATABASE)
    golds = sum(item.role == "gold" for item in store.items())
    given = {(one.item, one.verdict) for one in store.verdicts() if one.role == "sample"}
    disputed = len(given) - 48  # which ones two people see is drawn by lot
    assert first.finalized.summary.splitlines() == [
        f"{first.after}: 240 pairs; rejected and replaced: {count}",
        f"  accepted by people: {48 - count} of the 48 planned (--fraction 0.2)",
        *([f"  disputed: {disputed}, of which a tie rejects"] if disputed else []),
        f"  Thaddäus caught 0 of {golds} gold items: look at their verdicts before you publish",
        f"  replacements still to be looked at: {count}; next: dubench review plan {first.after} "
        f"--fraction 0.2, then serve and finalize {first.after}",
    ]
    assert "accepted by people: 47 of the 48 planned" in second.finalized.summary


def test_round_after_round_until_the_plan_is_met(
    first: Round, second: Round, tmp_path: Path
) -> None:
    (again,) = second.rejected
    assert set(DatasetInfo.read(second.after).recipe.replaced) == {
        again.replace("-r1", "-r2"),
        *(f"{name}-r1" for name in first.rejected if f"{name}-r1" != again),
    }
    review = recipe_json(second.after)["review"]
    assert [review["accepted"], review["replaced"], review["waiting"]] == [
        47, len(first.rejected), 1
    ]  # fmt: skip
    assert verify(second.after).good
    dataset = Path(shutil.copytree(second.after, tmp_path / "du"))
    assert plan_review(dataset, 0.2).samples == 1
    look(dataset, lambda name, item: False)
    # Nothing to replace: no photographs are needed.
    gone = [SourceSpec("folder", str(tmp_path / "gone"))]
    last = finalize_review(dataset, tmp_path / "last", gone)
    assert last.met
    assert last.summary.splitlines()[-1] == "  the plan is met"
    assert verify(tmp_path / "last").good
    reviews = Counter(row["review"] for row in rows(tmp_path / "last").values())
    assert reviews == {"accepted": 48, "unreviewed": 192}
    review = recipe_json(tmp_path / "last")["review"]
    assert [len(review["rounds"]), review["waiting"]] == [3, 0]
    with pytest.raises(InputError, match="48 of 240 samples are reviewed already"):
        plan_review(tmp_path / "last", 0.2)


def test_recipe_and_card_hold_the_figures(first: Round) -> None:
    store = ReviewStore(review_folder(first.before) / DATABASE)
    review, count = recipe_json(first.after)["review"], len(first.rejected)
    assert {name: review[name] for name in ("accepted", "replaced", "waiting", "wanted")} == {
        "accepted": 48 - count, "replaced": count, "waiting": count, "wanted": 48
    }  # fmt: skip
    (figures,) = review["rounds"]
    assert figures["rejected"]["overall"]["count"] == count
    # Agreement from the verdicts themselves, by the reference package.
    pairs: dict[str, dict[str, int]] = {}
    for verdict in store.verdicts():
        if verdict.role == "sample":
            given = pairs.setdefault(verdict.item, {})
            given[verdict.reviewer] = verdict.verdict == "reject"
    both = [list(given.values()) for given in pairs.values() if len(given) == 2]
    alpha = krippendorff.alpha(np.array(both).T.astype(float), level_of_measurement="nominal")
    agreement = figures["agreement"]["overall"]
    assert agreement["alpha"]["value"] == pytest.approx(alpha)
    same = float(np.mean([a == b for a, b in both]))
    assert agreement["percent"]["value"] == pytest.approx(same)
    card = (first.after / "README.md").read_text()
    assert f"People accepted {48 - count} rows (column `review`); planned were 48" in card
    assert "not yet met" in card
    assert f"{count} rows replace rejected ones" in card
    assert f"| {alpha:.2f} |" in card
    assert f"| {100 * same:.1f} %" in card
    assert re.search(r"\| 1 \| r1 \| \d+ \| .* \| (\d+) of \1, 100\.0 %", card)  # all gold caught
    assert re.search(r"\| 1 \| r2 \| \d+ \| .* \| 0 of \d+, 0\.0 %", card)
    assert "unreviewed by people" not in card
    assert "unreviewed by people" in (first.before / "README.md").read_text()
    rate = figures["residual"]["overall"]
    assert f"at most {100 * rate['upper']:.1f} %, of {rate['covered']} unreviewed rows" in card


def test_no_reviewer_is_named(first: Round, second: Round) -> None:
    for folder in (first.after, second.after):
        for file in folder.rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                for name in REVIEWERS:
                    assert name.encode() not in data
                    assert json.dumps(name)[1:-1].encode() not in data
                assert b"does not like it" not in data


def test_old_predictions_cannot_match_by_accident(first: Round, tmp_path: Path) -> None:
    preds = tmp_path / "preds.jsonl"
    lines = [
        json.dumps({"id": name, "type": "blur", "parameters": {}}) for name in rows(first.before)
    ]
    preds.write_text("\n".join(lines))
    assert len(read(preds, rows(first.before)).by_id) == 240
    with pytest.raises(InputError, match="|".join(first.rejected)):
        read(preds, rows(first.after))


def test_the_same_from_any_number_of_workers(first: Round, tmp_path: Path) -> None:
    finalize_review(first.before, tmp_path / "d", BUILTIN, workers=1)
    assert hashes(tmp_path / "d") == hashes(first.after)
    assert recipe_json(tmp_path / "d") == recipe_json(first.after)
    # Again into the same folder: it is there.
    assert finalize_review(first.before, tmp_path / "d", BUILTIN).dataset.new == 0


def test_killed_in_the_middle_it_goes_on(first: Round, tmp_path: Path) -> None:
    before = hashes(first.before)
    out = ("--out", tmp_path / "d", "--workers", 1)
    run = stopped(signal.SIGKILL, 1, "*.parquet", "review", "finalize", first.before, *out)
    assert run.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "d" / "data").glob("*.parquet"))) == 1
    assert "made" not in recipe_json(tmp_path / "d")
    finalize_review(first.before, tmp_path / "d", BUILTIN, workers=1)
    assert hashes(tmp_path / "d") == hashes(first.after)
    assert recipe_json(tmp_path / "d") == recipe_json(first.after)
    assert hashes(first.before) == before


def copied(first: Round, tmp_path: Path, *, review: bool = True) -> Path:
    dataset = Path(shutil.copytree(first.before, tmp_path / "copy"))
    if review:
        shutil.copytree(review_folder(first.before), review_folder(dataset))
    return dataset


def test_a_review_that_is_not_finished(first: Round, tmp_path: Path) -> None:
    dataset = copied(first, tmp_path, review=False)
    with pytest.raises(InputError, match="has no review yet: dubench review plan"):
        finalize_review(dataset, tmp_path / "d", BUILTIN)
    plan_review(dataset, 0.2)
    store = look(dataset, lambda name, item: False, most=30)
    lease = store.lease(REVIEWERS[1])
    assert lease
    done = Counter(v.item for v in store.verdicts())
    still = sum(item.role == "sample" and done[item.item] < item.needs for item in store.items())
    with pytest.raises(InputError) as caught:
        finalize_review(dataset, tmp_path / "d", BUILTIN)
    assert f"{still} of 48 samples are still open" in str(caught.value)
    assert lease.item.role != "sample" or "(Thaddäus at work on some)" in str(caught.value)
    assert "go on with dubench review serve" in str(caught.value)
    assert not (tmp_path / "d").exists()


def test_who_holds_what(tmp_path: Path) -> None:
    ReviewStore.create(tmp_path / DATABASE, review_plan(), samples([1, 1]))
    clock = Clock()
    store = ReviewStore(tmp_path / DATABASE, clock)
    for name in REVIEWERS:
        store.accounts.add(name, "a long password")
    assert store.running_leases() == {}
    lease = store.lease(REVIEWERS[0])
    assert store.running_leases() == {REVIEWERS[0]: lease}
    clock.passes(60)
    assert store.running_leases() == {}


def test_the_review_of_another_dataset(first: Round, tmp_path: Path) -> None:
    dataset = copied(first, tmp_path)
    metadata = recipe_json(dataset)
    metadata["made"]["identity"]["test"]["content_id"] = "0" * 64
    (dataset / "recipe.json").write_text(json.dumps(metadata))
    with pytest.raises(InputError, match=r"review of another dataset: content_id of test is"):
        finalize_review(dataset, tmp_path / "d", BUILTIN)
    assert not (tmp_path / "d").exists()


def test_where_it_may_not_write(first: Round, second: Round, tmp_path: Path) -> None:
    before = hashes(second.after)
    with pytest.raises(InputError, match="is the dataset itself"):
        finalize_review(first.before, first.before, BUILTIN)
    with pytest.raises(InputError, match="holds a dataset with another replaced, review"):
        finalize_review(first.before, second.after, BUILTIN)
    assert hashes(second.after) == before
    # A verdict taken back changes what is to come out.
    dataset = copied(first, tmp_path)
    out = Path(shutil.copytree(first.after, tmp_path / "d"))
    assert finalize_review(dataset, out, BUILTIN).dataset.new == 0
    store = ReviewStore(review_folder(dataset) / DATABASE)
    lease = store.undo(REVIEWERS[0])
    assert lease
    assert lease.answer
    other = "accept" if lease.answer.verdict == "reject" else "reject"
    store.submit(lease.token, REVIEWERS[0], other, ["other"] if other == "reject" else [], "odd")
    with pytest.raises(InputError, match="holds a dataset with another"):
        finalize_review(dataset, out, BUILTIN)


def test_rejects_that_concentrate_are_named(folder: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(folder / "du110k", tmp_path / "du"))
    plan_review(dataset, 0.8)

    def strong(name: str, item: Item) -> bool:
        values = {key: value for _, key, value in item.shown.tuples}
        return item.role == "sample" and values.get("sigma", 0) > 6.5

    look(dataset, strong)
    finalized = finalize_review(dataset, tmp_path / "d", BUILTIN)
    (text,) = finalized.hotspots
    assert re.match(r"blur: rejects concentrate at sigma ≥ [56]", text)
    assert f"  {text}" in finalized.summary.splitlines()
    assert f"- {text} (p = " in (tmp_path / "d" / "README.md").read_text()
    assert verify(tmp_path / "d").good
