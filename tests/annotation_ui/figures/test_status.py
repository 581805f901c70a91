"""The status of a review carried out through the real store."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest

from annotation_ui.figures.status import review_status
from annotation_ui.folder import review_folder
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.items import Item
from annotation_ui.store.records import REASONS
from annotation_ui.store.review_store import ReviewStore
from tests.annotation_ui.simulated import Judge, drawn_items, original, reviewed, value


def judge(slips: float) -> Judge:
    """Rejects 3 % of all, 60 % of dense haze; slips, the same for everybody but for `slips`."""

    def rejects(item: Item, rng: np.random.Generator) -> bool:
        if item.role == "gold":
            return bool(rng.random() > slips)
        dense = item.type == "haze" and value(item, "transmission") < 0.32
        lot = np.random.default_rng(int(original(item), 16)).random()
        return bool((lot < (0.6 if dense else 0.03)) != (rng.random() < slips))

    return rejects


def test_a_whole_review(in_memory: Path) -> None:
    items = drawn_items(per_type=60, overlap=5, golds=12, repeats=9)
    store = reviewed(in_memory / "review.sqlite", items, {"ana": judge(0.02), "bo": judge(0.05)})
    status = json.loads(json.dumps(review_status(store.snapshot()).to_json(), allow_nan=False))

    assert status["progress"]["done"] == status["progress"]["needed"] == 240 + 48
    assert list(status["progress"]["by_type"]) == ["haze", "low_light", "blur", "low_resolution"]

    both = [item.item for item in items if item.role == "sample" and item.needs == 2]
    bad = {(v.reviewer, v.item): v.verdict == "reject" for v in store.verdicts()}
    ratings = [[float(bad[name, item]) for item in both] for name in ("ana", "bo")]
    overall = status["agreement"]["overall"]
    assert overall["items"] == 48
    assert overall["alpha"]["value"] == pytest.approx(
        krippendorff.alpha(ratings, level_of_measurement="nominal")
    )
    assert overall["percent"]["value"] == pytest.approx(np.mean(np.equal(*ratings)))
    low, high = overall["ac1"]["interval"]
    assert low < overall["ac1"]["value"] < high

    assert [reviewer["reviewer"] for reviewer in status["reviewers"]] == ["ana", "bo"]
    assert sum(reviewer["gold"]["n"] for reviewer in status["reviewers"]) == 24
    assert list(status["reasons"]) == list(REASONS)
    samples = {item.item for item in items if item.role == "sample"}
    rejects = sum(rejected for (_, item), rejected in bad.items() if item in samples)
    assert status["reasons"]["unnatural look"]["all"] == rejects

    assert any("haze: rejects concentrate at transmission < " in c["text"]
               for c in status["concentrations"])  # fmt: skip
    out = [part["text"] for parts in status["ranges"] for part in parts if part["stands_out"]]
    assert any(text.startswith("transmission < ") for text in out)

    residual = status["residual"]
    assert residual["overall"]["unreviewed"] == 120 * 9
    assert residual["by_split"]["test"]["speaks_for"] == "all is reviewed"
    assert residual["by_split"]["train"] == residual["overall"]
    assert residual["by_type"]["haze"]["rate"] > residual["by_type"]["blur"]["rate"]


def test_a_review_that_has_not_begun(in_memory: Path) -> None:
    store = reviewed(in_memory / "review.sqlite", drawn_items(3, 2, 1, 0), {})
    status = json.loads(json.dumps(review_status(store.snapshot()).to_json(), allow_nan=False))
    assert status["progress"]["done"] == 0
    assert status["agreement"]["overall"]["alpha"]["why"].startswith("no item")
    assert status["reviewers"] == status["concentrations"] == status["ranges"] == []
    assert status["residual"]["overall"]["rate"] is None


def test_a_planned_dataset_says_what_is_unreviewed(du110k: Path, in_memory: Path) -> None:
    folder = in_memory / du110k.name
    folder.symlink_to(du110k)
    plan_review(folder, fraction=0.1, workers=1)
    store = ReviewStore(review_folder(folder) / "review.sqlite")
    store.accounts.add("ana", "a long password")
    while lease := store.lease("ana"):
        store.submit(lease.token, "ana", "accept", seconds=1.0)
    status = review_status(store.snapshot()).to_json()
    samples = [item for item in store.items() if item.role == "sample"]
    assert status["residual"]["overall"]["unreviewed"] == 440 - len(samples)
    assert status["residual"]["by_split"]["train"]["reviewed"] == len(
        [item for item in samples if item.split == "train"]
    )
    assert status["residual"]["by_split"]["train"]["rate"] == 0
    assert 0 < status["residual"]["overall"]["upper"] < 0.5
