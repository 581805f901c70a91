"""The status of a review carried out through the real store."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest

from annotation_ui.figures.agreement_report import status
from annotation_ui.planning.plan import plan, review_folder
from annotation_ui.store.records import REASONS, Item
from annotation_ui.store.review_store import Store
from tests.annotation_ui.simulated import Judge, drawn_items, original, reviewed, value


def judge(slips: float) -> Judge:
    """Rejects 3 % of all, 60 % of dense haze; slips, the same for everybody but for `slips`."""

    def rejects(item: Item, rng: np.random.Generator) -> bool:
        if item.kind == "gold":
            return bool(rng.random() > slips)
        dense = item.type == "haze" and value(item, "transmission") < 0.32
        lot = np.random.default_rng(int(original(item), 16)).random()
        return bool((lot < (0.6 if dense else 0.03)) != (rng.random() < slips))

    return rejects


def test_a_whole_review(in_memory: Path) -> None:
    items = drawn_items(per_type=60, overlap=5, golds=12, repeats=9)
    store = reviewed(in_memory / "review.sqlite", items, {"ana": judge(0.02), "bo": judge(0.05)})
    told = json.loads(json.dumps(status(store), allow_nan=False))

    assert told["progress"]["done"] == told["progress"]["needed"] == 240 + 48
    assert list(told["progress"]["by_type"]) == ["haze", "low_light", "blur", "low_resolution"]

    both = [item.item for item in items if item.kind == "sample" and item.needs == 2]
    said = {(v.reviewer, v.item): v.verdict == "reject" for v in store.verdicts()}
    ratings = [[float(said[name, item]) for item in both] for name in ("ana", "bo")]
    overall = told["agreement"]["overall"]
    assert overall["items"] == 48
    assert overall["alpha"]["value"] == pytest.approx(
        krippendorff.alpha(ratings, level_of_measurement="nominal")
    )
    assert overall["percent"]["value"] == pytest.approx(np.mean(np.equal(*ratings)))
    low, high = overall["ac1"]["interval"]
    assert low < overall["ac1"]["value"] < high

    assert [reviewer["reviewer"] for reviewer in told["reviewers"]] == ["ana", "bo"]
    assert sum(reviewer["gold"]["n"] for reviewer in told["reviewers"]) == 24
    assert list(told["reasons"]) == list(REASONS)
    samples = {item.item for item in items if item.kind == "sample"}
    rejects = sum(bad for (_, item), bad in said.items() if item in samples)
    assert told["reasons"]["unnatural look"]["all"] == rejects

    assert any("haze: rejects concentrate at transmission < " in c["text"]
               for c in told["concentrations"])  # fmt: skip
    out = [part["text"] for parts in told["ranges"] for part in parts if part["stands_out"]]
    assert any(text.startswith("transmission < ") for text in out)

    residual = told["residual"]
    assert residual["overall"]["unreviewed"] == 120 * 9
    assert residual["by_split"]["test"]["speaks_for"] == "all is reviewed"
    assert residual["by_split"]["train"] == residual["overall"]
    assert residual["by_type"]["haze"]["rate"] > residual["by_type"]["blur"]["rate"]


def test_a_review_that_has_not_begun(in_memory: Path) -> None:
    store = reviewed(in_memory / "review.sqlite", drawn_items(3, 2, 1, 0), {})
    told = json.loads(json.dumps(status(store), allow_nan=False))
    assert told["progress"]["done"] == 0
    assert told["agreement"]["overall"]["alpha"]["why"].startswith("no item")
    assert told["reviewers"] == told["concentrations"] == told["ranges"] == []
    assert told["residual"]["overall"]["rate"] is None


def test_a_planned_dataset_says_what_is_unreviewed(made: Path, in_memory: Path) -> None:
    folder = in_memory / made.name
    folder.symlink_to(made)
    plan(folder, fraction=0.1, workers=1)
    store = Store(review_folder(folder) / "review.sqlite")
    store.add_reviewer("ana", "a long password")
    while lease := store.lease("ana"):
        store.submit(lease.token, "ana", "accept", seconds=1.0)
    told = status(store)
    samples = [item for item in store.items() if item.kind == "sample"]
    assert told["residual"]["overall"]["unreviewed"] == 440 - len(samples)
    assert told["residual"]["by_split"]["train"]["reviewed"] == len(
        [item for item in samples if item.split == "train"]
    )
    assert told["residual"]["by_split"]["train"]["rate"] == 0
    assert 0 < told["residual"]["overall"]["upper"] < 0.5
