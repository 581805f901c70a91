"""Gold items are wrong in the way they say, and nothing but the pixels or the value tells."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage import data

from annotation_ui.planning.checks import pixel_residual
from annotation_ui.planning.gold import (
    APART,
    SWAPPED,
    WRONG,
    PlannedItem,
    choose_gold,
    order_items,
    plant_fault,
)
from annotation_ui.planning.sampling import Entry
from annotation_ui.planning.wrong_values import wrong_value
from generators.api import degrade
from generators.taxonomy import TYPES

KEY = (0, 0, 0)
PHOTO = data.astronaut()[:128, 128:256]
# Values at the ends and in the middle of each range that leave room for an error that shows.
ROOM = [
    ("haze", "transmission", 0.15),
    ("haze", "transmission", 0.39),
    ("low_light", "gain", 0.05),
    ("low_light", "gain", 0.1),
    ("blur", "sigma", 1.0),
    ("blur", "sigma", 3.6),
    ("blur", "sigma", 3.7),
    ("blur", "sigma", 9.0),
    ("low_resolution", "scale", 2.0),
    ("low_resolution", "scale", 4.0),
]


def entry(number: int, type: str, **about: object) -> Entry:
    columns = {"severity": "severe", "source": "folder", "review": "unreviewed", "split": "train"}
    values = {"sigma": 5.0} if type == "blur" else {"scale": 3.0}
    known = columns | {"file": Path("nowhere"), "row": number, "parameters": values} | about
    return Entry(id=f"du-{number:08d}", type=type, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(("type_name", "key", "right"), ROOM)
def test_a_wrong_parameter_does_not_make_the_picture(
    type_name: str, key: str, right: float
) -> None:
    sample = degrade(PHOTO, type_name, {key: right})
    shown, detail = plant_fault(sample, WRONG, KEY)
    assert (shown.clean is sample.clean) & (shown.degraded is sample.degraded)
    wrong = {name for name in sample.parameters if shown.values[name] != sample.values[name]}
    assert wrong == {key}
    assert detail == f"{key} is {sample.values[key]:g}, shown as {shown.values[key]:g}"
    assert pixel_residual(sample, KEY) == 0
    assert pixel_residual(shown, KEY) >= 20
    if key != "gain":  # its range is narrower than what an eye can tell apart
        TYPES[type_name].key(key).check(shown.values[key])


def test_a_wrong_blur_is_wrong_to_scipy_too() -> None:
    sample = degrade(PHOTO, "blur", {"sigma": 5.0})
    shown, _ = plant_fault(sample, WRONG, KEY)

    def off(sigma: object) -> float:
        blurred = gaussian_filter(
            PHOTO.astype(float), (sigma, sigma, 0), mode="mirror", truncate=4.0
        )
        return float(np.abs(blurred - shown.degraded).max())

    assert off(sample.values["sigma"]) < 1
    assert off(shown.values["sigma"]) > 20


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("haze", {"transmission": 0.6, "atmospheric_light": 0.5}),
        ("low_resolution", {"scale": 3.0}),
        ("none", {}),
    ],
)
def test_no_wrong_value_where_none_would_show(type_name: str, values: dict[str, float]) -> None:
    assert wrong_value(type_name, values) is None


def test_a_swapped_pair_is_swapped() -> None:
    sample = degrade(PHOTO, "haze", {"transmission": 0.3, "atmospheric_light": 0.8})
    shown, _ = plant_fault(sample, SWAPPED, KEY)
    assert np.array_equal(shown.clean, sample.degraded)
    assert np.array_equal(shown.degraded, sample.clean)
    assert shown.values == sample.values


def test_as_much_gold_of_each_fault_and_of_other_samples() -> None:
    rows = [entry(i, ("blur", "low_resolution")[i % 2]) for i in range(1000)]
    planned = {row.id for row in rows[:150]}
    gold = choose_gold(rows, planned, "key")  # no haze here, so nothing impossible
    assert sorted(str(item.fault) for item in gold) == [SWAPPED] * 3 + [WRONG] * 3
    assert len({item.entry.id for item in gold}) == 6
    assert not {item.entry.id for item in gold} & planned
    swapped = {item.entry.type for item in gold if item.fault == SWAPPED}
    assert swapped == {"blur", "low_resolution"}


def test_gold_is_planted_in_planned_samples_where_there_are_no_others() -> None:
    rows = [entry(i, "blur") for i in range(60)]
    gold = choose_gold(rows, {row.id for row in rows[:59]}, "key")
    assert sorted(str(item.fault) for item in gold) == [SWAPPED, WRONG, WRONG]
    assert rows[59].id in {item.entry.id for item in gold}


@pytest.mark.parametrize(("planned", "count"), [(5, 0), (29, 1), (30, 3), (100, 4), (1000, 40)])
def test_how_much_gold(planned: int, count: int) -> None:
    rows = [entry(i, "blur") for i in range(3000)]
    assert len(choose_gold(rows, {row.id for row in rows[:planned]}, "key")) == count


def test_slight_degradations_are_not_swapped() -> None:
    rows = [entry(i, "blur", severity="slight", parameters={"sigma": 2.0}) for i in range(500)]
    assert {item.fault for item in choose_gold(rows, {row.id for row in rows[:200]}, "key")} == {
        WRONG
    }


@given(n=st.integers(1, 400), count=st.integers(0, 30), seed=st.integers(0, 99))
def test_the_order_keeps_samples_and_spreads_what_is_planted(n: int, count: int, seed: int) -> None:
    samples = [entry(i, "blur") for i in range(n)]
    golden = [PlannedItem(entry(1000 + i, "blur"), WRONG) for i in range(count)]
    items = order_items(samples, golden, str(seed))
    places = {item.entry.id: place for place, item in enumerate(items) if not item.repeat}
    assert [item.entry for item in items if not item.fault and not item.repeat] == samples
    assert [item for item in items if item.fault] == golden
    again = [(place, item) for place, item in enumerate(items) if item.repeat]
    assert len(again) == round(0.03 * n)
    for place, item in again:
        assert place - places[item.entry.id] > min(APART, n // 4)
    # As many in the first half as in the second, to within one.
    shown = [bool(item.fault) for item in items if not item.repeat]
    early = sum(shown[: len(shown) // 2])
    assert abs(early - (count - early)) <= 2
