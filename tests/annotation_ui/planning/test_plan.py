"""A plan of a real dataset, read back from its review folder."""

import json
import re
import shutil
import signal
import stat
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation_ui.folder import DATABASE, IMAGES, KEY, review_folder
from annotation_ui.planning.gold import IMPOSSIBLE, SWAPPED, WRONG
from annotation_ui.planning.plan import plan_review
from annotation_ui.store.items import EVERYBODY, Item, Role
from annotation_ui.store.review_plan import PlanCounts
from annotation_ui.store.review_store import ReviewStore
from generators.build.generate import generate
from generators.dataset.schema import schema
from generators.errors import InputError
from generators.images import decode_depth, decode_rgb
from generators.sources.pools import SourceSpec
from generators.taxonomy import TYPES
from tests.stopping import stopped


def rows(dataset: Path) -> dict[str, dict[str, Any]]:
    """Every row of the dataset by id, with its split."""
    by_id = {}
    for file in sorted((dataset / "data").glob("*.parquet")):
        for row in pq.read_table(file).to_pylist():
            by_id[row["id"]] = row | {"split": file.name.partition("-")[0]}
    return by_id


def items(review: Path) -> list[Item]:
    return ReviewStore(review / DATABASE).items()


def picture(review: Path, name: str | None) -> np.ndarray:
    assert name is not None
    image = decode_rgb((review / IMAGES / name).read_bytes())
    assert image is not None
    return image


def rewrite(file: Path, changed: Mapping[str, Mapping[str, Any]]) -> None:
    """Change columns of the rows with these ids."""
    there = pq.read_table(file).to_pylist()
    table = pa.Table.from_pylist([row | changed.get(row["id"], {}) for row in there], schema())
    pq.write_table(table, file, row_group_size=100)


@pytest.fixture(scope="module")
def dataset(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of 440 pairs, where a review may be put beside it."""
    return Path(shutil.copytree(du110k, tmp_path_factory.mktemp("planned") / "du110k"))


@pytest.fixture(scope="module")
def planned(dataset: Path) -> PlanCounts:
    """Half of it: 220 samples."""
    return plan_review(dataset, fraction=0.5, seed=7, workers=2)


@pytest.fixture(scope="module")
def review(planned: PlanCounts, dataset: Path) -> Path:
    return review_folder(dataset)


def test_the_folder_holds_the_database_and_the_pictures_of_the_items(review: Path) -> None:
    assert {p.name for p in review.iterdir() if p.name[:13] != DATABASE} == {IMAGES, KEY}
    assert review.name == "du110k.review"
    fields = ("clean_image", "degraded_image", "depth_image", "transmission_image")
    named = [name for item in items(review) for field in fields if (name := getattr(item, field))]
    examples = ReviewStore(review / DATABASE).examples()
    named += [name for one in examples for name in (one.clean_image, one.degraded_image)]
    assert sorted(named) == sorted(path.name for path in (review / IMAGES).iterdir())
    assert len(set(named)) == len(named)
    assert len({path.stat().st_mtime for path in (review / IMAGES).iterdir()}) == 1


def test_test_first_then_validation_then_train(review: Path, dataset: Path) -> None:
    truth = rows(dataset)
    samples = [item for item in items(review) if item.role == "sample"]
    whole = [item.split for item in samples]
    assert whole == ["test"] * 12 + ["validation"] * 16 + ["train"] * 192
    assert all(truth[item.sample_id]["split"] == item.split for item in samples)
    for split in ("test", "validation"):
        everything = {name for name, row in truth.items() if row["split"] == split}
        assert everything == {item.sample_id for item in samples if item.split == split}


def test_train_is_in_proportion_to_its_strata(review: Path, dataset: Path) -> None:
    def stratum(row: Mapping[str, Any]) -> tuple[str, str, str]:
        return list(TYPES)[row["type"]], row["severity"], row["source"]

    train = Counter(stratum(row) for row in rows(dataset).values() if row["split"] == "train")
    samples = [item for item in items(review) if item.role == "sample" and item.split == "train"]
    got = Counter((item.type, str(item.severity), item.source) for item in samples)
    assert sum(train.values()) == 412
    for name, size in train.items():
        assert abs(got[name] - 192 * size / 412) < 1


def test_two_people_see_18_percent_of_every_type(review: Path) -> None:
    samples = [item for item in items(review) if item.role == "sample"]
    both = Counter(item.type for item in samples if item.needs == 2)
    assert sum(both.values()) == 40  # 0.18 · 220 = 39.6
    assert set(both.values()) == {10}
    assert {item.needs for item in samples} == {1, 2}


def test_what_is_shown_is_what_the_row_says(review: Path, dataset: Path) -> None:
    truth = rows(dataset)
    for item in items(review):
        if item.role == "gold":
            continue
        row = truth[item.sample_id]
        assert item.shown.type == list(TYPES)[row["type"]] == item.type
        of_row = [(t["type"], t["key"], np.float32(t["value"]).tolist()) for t in row["tuples"]]
        shown = [(t, k, np.float32(np.atleast_1d(v)).tolist()) for t, k, v in item.shown.tuples]
        assert shown == of_row
        assert item.shown.size == 64
        assert item.shown.source == row["source"]
        assert item.shown.depth_source == row["depth_source"]
        assert np.array_equal(picture(review, item.clean_image), decode_rgb(row["clean"]["bytes"]))
        degraded = decode_rgb(row["degraded"]["bytes"])
        assert np.array_equal(picture(review, item.degraded_image), degraded)
        hazy = item.type == "haze"
        assert (item.depth_image is not None) == (item.transmission_image is not None) == hazy
        assert item.pixel_residual == 0
        assert not [flag for flag in item.flags if flag.name == "inconsistent"]


def test_every_gold_item_is_wrong_as_it_says(review: Path, dataset: Path) -> None:
    truth = rows(dataset)
    everything = items(review)
    golden = [item for item in everything if item.role == "gold"]
    assert Counter(item.expected.why for item in golden if item.expected) == {
        WRONG: 3, SWAPPED: 3, IMPOSSIBLE: 3,
    }  # fmt: skip
    planned = {item.sample_id for item in everything if item.role == "sample"}
    for item in golden:
        assert item.expected is not None
        assert item.expected.verdict == "reject"
        assert item.sample_id not in planned
        row = truth[item.sample_id]
        clean, degraded = (decode_rgb(row[name]["bytes"]) for name in ("clean", "degraded"))
        shown = [picture(review, name) for name in (item.clean_image, item.degraded_image)]
        true = {t["key"]: np.float32(t["value"]).tolist() for t in row["tuples"]}
        says = {k: np.float32(np.atleast_1d(v)).tolist() for _, k, v in item.shown.tuples}
        as_pair = np.array_equal(shown, [clean, degraded])
        assert as_pair == (item.expected.why == WRONG)
        # Upside down, the haze's mean is met anew, to as many digits as β has.
        lies = [key for key in true if not np.allclose(true[key], says[key], rtol=1e-4)]
        assert len(lies) == (item.expected.why == WRONG)
        assert np.array_equal(shown, [degraded, clean]) == (item.expected.why == SWAPPED)
        if item.expected.why == IMPOSSIBLE:
            assert np.array_equal(shown[0], clean)
            depth = decode_depth(row["depth"]["bytes"])
            assert depth is not None
            light = says["atmospheric_light"][0] * 255
            # What is left of the distance to the veil's colour, where there was some.
            left = np.abs(shown[1] - light).sum(2) / np.abs(shown[0] - light).sum(2)
            near = depth < np.quantile(depth, 0.3)
            far = depth > np.quantile(depth, 0.7)
            assert np.median(left[near]) < np.median(left[far]) - 0.2


def test_gold_carries_what_the_machine_says_of_sound_samples(review: Path) -> None:
    golden = [item for item in items(review) if item.role == "gold"]
    assert {item.pixel_residual for item in golden} == {0}
    assert not any(flag.name == "inconsistent" for item in golden for flag in item.flags)
    assert {item.needs for item in golden} == {EVERYBODY}


def test_the_guide_has_a_good_and_a_bad_example_of_samples_that_nobody_judges(
    review: Path, dataset: Path
) -> None:
    examples = ReviewStore(review / DATABASE).examples()
    truth = rows(dataset)
    planned = {item.sample_id for item in items(review)}
    for one in examples:
        mine = [
            name
            for name, row in truth.items()
            if np.array_equal(
                decode_rgb(row["clean"]["bytes"]), picture(review, one.clean_image)
            ) and np.array_equal(
                decode_rgb(row["degraded"]["bytes"]), picture(review, one.degraded_image)
            )
        ]  # fmt: skip
        (name,) = mine  # bad examples have another label, not other pictures, where one shows
        assert name not in planned
        values = {key: value for _, key, value in one.shown.tuples}
        tuples = {t["key"]: t["value"] for t in truth[name]["tuples"]}
        same = all(np.allclose(values[key], tuples[key]) for key in values)
        assert same == (one.verdict == "accept")
    kinds = Counter((one.type, one.verdict) for one in examples)
    assert max(kinds.values()) == 1
    assert {kind for kind, verdict in kinds if verdict == "reject"} == set(list(TYPES)[:4])


def test_gold_is_spread_and_repeats_come_later(review: Path) -> None:
    everything = items(review)
    by_name = {item.item: item for item in everything}
    third = len(everything) / 3
    golden = [item.rank for item in everything if item.role == "gold"]
    assert all(2 <= sum(rank // third == i for rank in golden) <= 4 for i in range(3))
    again = [item for item in everything if item.role == "repeat"]
    assert len(again) == 7  # 0.03 · 220 = 6.6
    for item in again:
        first = by_name[str(item.of_item)]
        assert first.role == "sample"
        assert first.sample_id == item.sample_id
        assert first.shown == item.shown
        assert item.rank - first.rank > 50
        assert item.needs == 1
        assert item.clean_image != first.clean_image
        there = picture(review, item.degraded_image)
        assert np.array_equal(there, picture(review, first.degraded_image))


def test_ranks_do_not_follow_the_dataset(review: Path) -> None:
    train = [i.sample_id for i in items(review) if i.role == "sample" and i.split == "train"]
    rising = sum(a < b for a, b in pairwise(train))
    assert 60 < rising < 132  # of 191, by chance 95.5 ± 4


def test_the_summary_and_the_plan_say_so(planned: PlanCounts, review: Path, dataset: Path) -> None:
    assert planned.samples == 220
    assert planned.splits == {"test": 12, "validation": 16, "train": 192}
    assert (planned.overlap, planned.repeats, planned.reviewed) == (40, 7, 0)
    assert planned.gold == {WRONG: 3, SWAPPED: 3, IMPOSSIBLE: 3}
    plan = ReviewStore(review / DATABASE).plan()
    identity = json.loads((dataset / "recipe.json").read_text())["made"]["identity"]
    assert plan.content_ids == {split: ids["content_id"] for split, ids in identity.items()}
    assert (plan.dataset, plan.n, plan.fraction) == ("du110k", 440, 0.5)
    assert (plan.seed, plan.overlap) == (7, 0.18)
    assert plan.counts == planned


def test_the_same_seed_plans_the_same_under_other_names(
    review: Path, dataset: Path, copy: Path
) -> None:
    plan_review(copy, fraction=0.5, seed=7, workers=1)
    other = review_folder(copy)
    first, second = items(review), items(other)

    def of(some: list[Item], role: Role) -> list[str]:
        return [item.sample_id for item in some if item.role == role]

    # The samples and their order follow from the seed, and nothing that is planted among them.
    assert of(first, "sample") == of(second, "sample")
    assert of(first, "gold") != of(second, "gold")
    assert of(first, "repeat") != of(second, "repeat")
    both = [{i.sample_id for i in some if i.needs == 2} for some in (first, second)]
    assert len(both[0]) == len(both[1])
    assert both[0] != both[1]
    for folder in (review, other):
        for secret in (KEY, DATABASE):
            assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600
    assert {item.item for item in first}.isdisjoint(item.item for item in second)
    names = [{path.name for path in (folder / IMAGES).iterdir()} for folder in (review, other)]
    assert names[0].isdisjoint(names[1])
    assert all(re.fullmatch(r"[0-9a-f]{32}\.png", name) for some in names for name in some)
    assert all(re.fullmatch(r"[0-9a-f]{16}", item.item) for item in first)
    samples = [[i for i in some if i.role == "sample"] for some in (first, second)]
    for a, b in zip(*samples, strict=True):
        same = picture(review, a.degraded_image), picture(other, b.degraded_image)
        assert np.array_equal(*same)


def test_another_seed_plans_others(copy: Path, review: Path) -> None:
    plan_review(copy, fraction=0.5, seed=8)
    other = items(review_folder(copy))

    def train(some: list[Item], role: Role) -> set[str]:
        return {i.sample_id for i in some if i.role == role and i.split == "train"}

    assert train(items(review), "sample") != train(other, "sample")


def test_a_tampered_row_is_inconsistent(copy: Path) -> None:
    file = next((copy / "data").glob("test-*"))
    there = pq.read_table(file).to_pylist()
    blurred, hazy = (
        next(row for row in there if list(TYPES)[row["type"]] == name) for name in ("blur", "haze")
    )
    wrong = [t | {"value": [9.0 if t["value"][0] < 5 else 1.0]} for t in blurred["tuples"]]
    other = [
        t | {"value": [0.9 if t["value"][0] < 0.6 else 0.2]} if t["key"] == "transmission" else t
        for t in hazy["tuples"]
    ]
    rewrite(file, {blurred["id"]: {"tuples": wrong}, hazy["id"]: {"tuples": other}})
    counts = plan_review(copy, fraction=0.03)  # 14: test, and two of validation
    samples = [item for item in items(review_folder(copy)) if item.role == "sample"]
    assert counts.flags["inconsistent"] == 2
    for item in samples:
        flags = [flag.name for flag in item.flags]
        assert ("inconsistent" in flags) == (item.sample_id in (blurred["id"], hazy["id"]))
        assert (
            (item.pixel_residual or 0) > 20 if "inconsistent" in flags else item.pixel_residual == 0
        )


def test_a_finalized_dataset_is_planned_for_its_replacements_alone(copy: Path) -> None:
    plan_review(copy, fraction=0.05)  # 22: test, and 10 of validation
    reviewed = [item.sample_id for item in items(review_folder(copy)) if item.role == "sample"]
    replaced = set(reviewed[:3])
    for file in (copy / "data").glob("*.parquet"):
        rewrite(
            file,
            {
                name: {"id": f"{name}-r1"} if name in replaced else {"review": "accepted"}
                for name in reviewed
            },
        )
    shutil.rmtree(review_folder(copy))
    again = plan_review(copy, fraction=0.05)
    assert again.reviewed == 22 - 3
    samples = [item for item in items(review_folder(copy)) if item.role == "sample"]
    assert {item.sample_id for item in samples} == {f"{name}-r1" for name in replaced}
    for file in (copy / "data").glob("*.parquet"):
        rewrite(file, {f"{name}-r1": {"review": "accepted"} for name in replaced})
    shutil.rmtree(review_folder(copy))
    with pytest.raises(InputError, match=r"22 of 440 samples are reviewed already"):
        plan_review(copy, fraction=0.05)


def test_a_review_is_never_overwritten(dataset: Path, review: Path) -> None:
    before = (review / DATABASE).read_bytes()
    with pytest.raises(InputError, match=r"du110k\.review holds a review already: go on with"):
        plan_review(dataset)
    assert (review / DATABASE).read_bytes() == before


@pytest.mark.parametrize("fraction", [0, -0.1, 1.1, float("nan")])
def test_a_fraction_is_a_fraction(copy: Path, fraction: float) -> None:
    with pytest.raises(InputError, match="--fraction"):
        plan_review(copy, fraction=fraction)
    with pytest.raises(InputError, match="--overlap"):
        plan_review(copy, overlap=fraction or -1)
    assert not review_folder(copy).exists()


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(copy: Path, workers: int) -> None:
    with pytest.raises(InputError, match=f"--workers {workers}: choose at least one"):
        plan_review(copy, workers=workers)
    assert not review_folder(copy).exists()


def test_an_unfinished_dataset_is_not_planned(copy: Path) -> None:
    metadata = json.loads((copy / "recipe.json").read_text())
    del metadata["made"]
    (copy / "recipe.json").write_text(json.dumps(metadata))
    with pytest.raises(InputError, match="is not finished"):
        plan_review(copy)
    with pytest.raises(InputError, match="no such folder"):
        plan_review(copy / "nowhere")


def test_a_blind_dataset_is_out_of_hand(tmp_path: Path) -> None:
    generate(220, tmp_path / "d", [SourceSpec("builtin")], size=64, blind=True)
    for folder in ("d", "d.answers"):
        with pytest.raises(InputError, match="review a dataset made without --blind"):
            plan_review(tmp_path / folder)


def test_a_row_that_cannot_be_shown_is_named_and_nothing_is_left(copy: Path) -> None:
    file = next((copy / "data").glob("test-*"))
    name = pq.read_table(file)["id"][0].as_py()
    rewrite(file, {name: {"clean": {"bytes": b"no picture", "path": None}}})
    with pytest.raises(InputError, match=rf"{file.name}: row {name}: clean and degraded"):
        plan_review(copy)
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy"]


def test_several_degradations_are_not_planned(copy: Path) -> None:
    file = next((copy / "data").glob("test-*"))
    name = pq.read_table(file)["id"][1].as_py()
    rewrite(file, {name: {"type": None}})
    with pytest.raises(InputError, match=f"{file.name}: {name} has several degradations"):
        plan_review(copy)


def test_progress_is_reported_to_the_end(copy: Path) -> None:
    reports: list[tuple[int, int]] = []
    plan_review(copy, fraction=0.1, on_progress=lambda done, total: reports.append((done, total)))
    examples = 2 * 4
    assert reports[-1] == (44 + 3 + 1 + examples, 56)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_plan_leaves_no_review(copy: Path, how: signal.Signals) -> None:
    part = copy.parent / ".copy.review.part"
    whole = ("--fraction", 1, "--workers", 1)
    process = stopped(how, 1, "*.png", "review", "plan", copy, *whole)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert not review_folder(copy).exists()
    assert part.exists() == (how == signal.SIGKILL)
    plan_review(copy, fraction=0.05)
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy", "copy.review"]
    assert len(items(review_folder(copy))) == 22 + 1 + 1
