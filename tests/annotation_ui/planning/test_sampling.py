from collections import Counter
from math import ceil, floor
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from annotation_ui.planning.sampling import (
    Entry,
    choose_samples,
    double_reviewed,
    stratified_sample,
)

NOWHERE = Path("nowhere.parquet")


def entry(
    number: int,
    split: str = "train",
    type: str = "blur",
    severity: str = "slight",
    source: str = "celeba",
    review: str = "unreviewed",
    attempt: str = "",
) -> Entry:
    name = f"du-{number:08d}{attempt}"
    return Entry(name, split, type, severity, source, review, NOWHERE, number, {})


def dataset() -> list[Entry]:
    """A hundred rows: 10 of test, 10 of validation, and in train strata of 36, 28 and 16."""
    return [
        *(entry(i, "train", "haze", "slight", "celeba") for i in range(36)),
        *(entry(i, "train", "haze", "severe", "celeba") for i in range(36, 64)),
        *(entry(i, "train", "haze", "severe", "bdd100k") for i in range(64, 80)),
        *(entry(i, "validation") for i in range(80, 90)),
        *(entry(i, "test") for i in range(90, 100)),
    ]


def splits(rows: list[Entry]) -> Counter[str]:
    return Counter(row.split for row in rows)


def test_test_is_taken_whole_then_validation_then_train() -> None:
    assert splits(choose_samples(dataset(), 0.07, 0)) == {"test": 7}
    assert splits(choose_samples(dataset(), 0.1, 0)) == {"test": 10}
    assert splits(choose_samples(dataset(), 0.15, 0)) == {"test": 10, "validation": 5}
    assert splits(choose_samples(dataset(), 1, 0)) == {"test": 10, "validation": 10, "train": 80}
    shown = [row.split for row in choose_samples(dataset(), 0.25, 0)]
    assert shown == ["test"] * 10 + ["validation"] * 10 + ["train"] * 5


def test_train_is_stratified_as_by_hand() -> None:
    # 5 of 80: 36/16 = 2.25, 28/16 = 1.75, 16/16 = 1: the remainder goes to the second.
    train = [row for row in choose_samples(dataset(), 0.25, 0) if row.split == "train"]
    assert Counter(row.stratum for row in train) == {
        ("haze", "slight", "celeba"): 2,
        ("haze", "severe", "celeba"): 2,
        ("haze", "severe", "bdd100k"): 1,
    }


def test_a_tenth_is_rounded_up_but_not_by_the_computers_arithmetic() -> None:
    rows = dataset()
    assert len(choose_samples(rows, 0.07, 0)) == 7  # 0.07 · 100 is 7.000000000000001
    assert len(choose_samples(rows, 0.001, 0)) == 1
    assert len(choose_samples(rows[:-1], 0.1, 0)) == 10  # of 99


def test_what_is_reviewed_counts_and_replacements_come_first() -> None:
    rows = dataset()
    # The plan of 25 was reviewed; two of test and one of train were rejected and replaced.
    done = {row.id for row in choose_samples(rows, 0.25, 0)}
    after = []
    for row in rows:
        number = int(row.id[3:])
        if row.id not in done:
            after.append(row)
        elif number in (90, 91) or (row.split == "train" and row.severity == "slight"):
            after.append(entry(number, row.split, row.type, row.severity or "", attempt="-r1"))
        else:
            after.append(entry(number, row.split, row.type, row.severity or "", review="accepted"))
    again = choose_samples(after, 0.25, 0)
    assert len(again) == 4  # 90, 91 and two of the slight stratum
    assert all(row.id.endswith("-r1") for row in again)
    # With a larger fraction, all replacements still come first, then train fills up.
    more = choose_samples(after, 0.3, 0)
    assert {row.id for row in more[:4]} == {row.id for row in again}
    assert splits(more[4:]) == {"train": 5}
    # A reviewed replacement is reviewed like any other.
    accepted = [
        Entry(**{**vars(row), "review": "accepted"}) if row.replaced else row for row in after
    ]
    assert choose_samples(accepted, 0.25, 0) == []


def test_the_seed_decides_and_the_files_order_does_not() -> None:
    rows = dataset()
    names = [row.id for row in choose_samples(rows, 0.25, 3)]
    assert names == [row.id for row in choose_samples(rows[::-1], 0.25, 3)]
    assert names != [row.id for row in choose_samples(rows, 0.25, 4)]
    assert names[:10] != sorted(names[:10])


def test_a_smaller_fraction_is_part_of_a_larger_one_of_test() -> None:
    small, large = choose_samples(dataset(), 0.04, 0), choose_samples(dataset(), 0.08, 0)
    assert {row.id for row in small} < {row.id for row in large}


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**63),
)
def test_every_stratum_gets_its_share_to_within_one(
    sizes: list[int], share: float, seed: int
) -> None:
    rows = [
        entry(100 * stratum + i, source=f"folder{stratum}")
        for stratum, size in enumerate(sizes)
        for i in range(size)
    ]
    count = round(share * len(rows))
    picked = stratified_sample(rows, count, seed)
    assert len({row.id for row in picked}) == len(picked) == count
    got = Counter(row.source for row in picked)
    for stratum, size in enumerate(sizes):
        exact = count * size / len(rows)
        assert floor(exact) <= got[f"folder{stratum}"] <= ceil(exact)


def test_those_that_two_people_see_are_spread_over_the_types() -> None:
    rows = [entry(i, type=("blur", "haze", "haze", "low_light")[i % 4]) for i in range(200)]
    types = {row.id: row.type for row in rows}
    both = double_reviewed(types, 0.18, "key")
    assert len(both) == 36
    got = Counter(row.type for row in rows if row.id in both)
    assert got == {"blur": 9, "haze": 18, "low_light": 9}
    assert double_reviewed(types, 0, "key") == set()
    assert both != double_reviewed(types, 0.18, "another")
    assert double_reviewed(types, 0.1, "key") < both
