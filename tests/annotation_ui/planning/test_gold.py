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
    IMPOSSIBLE,
    SWAPPED,
    WRONG,
    Slot,
    gold,
    mistake,
    ordered,
    planted,
    upside_down,
)
from annotation_ui.planning.sampling import Entry
from generators.api import degrade
from generators.sample import Sample
from generators.taxonomy import TYPES

KEY = (0, 0, 0)
PHOTO = data.astronaut()[:128, 128:256]
# Values at the ends and in the middle of each range that leave room for an error that shows.
ROOM = [
    ("haze", "transmission", 0.15),
    ("haze", "transmission", 0.4),
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
    told = {"severity": "severe", "source": "folder", "review": "unreviewed", "split": "train"}
    values = {"sigma": 5.0} if type == "blur" else {"scale": 3.0}
    known = told | {"file": Path("nowhere"), "row": number, "parameters": values} | about
    return Entry(id=f"du-{number:08d}", type=type, **known)  # type: ignore[arg-type]


def haze() -> Sample:
    return degrade(PHOTO, "haze", {"transmission": 0.3, "atmospheric_light": 0.8})


@pytest.mark.parametrize(("kind", "key", "right"), ROOM)
def test_a_wrong_parameter_does_not_make_the_picture(kind: str, key: str, right: float) -> None:
    sample = degrade(PHOTO, kind, {key: right})
    shown, told = planted(sample, WRONG, KEY)
    assert (shown.clean is sample.clean) & (shown.degraded is sample.degraded)
    wrong = {name for name in sample.parameters if shown.values[name] != sample.values[name]}
    assert wrong == {key}
    assert told == f"{key} is {sample.values[key]:g}, shown as {shown.values[key]:g}"
    assert pixel_residual(sample, KEY) == 0
    assert pixel_residual(shown, KEY) >= 20
    if key != "gain":  # its range is narrower than what an eye can tell apart
        TYPES[kind].key(key).check(shown.values[key])


def test_a_wrong_blur_is_wrong_to_scipy_too() -> None:
    sample = degrade(PHOTO, "blur", {"sigma": 5.0})
    shown, _ = planted(sample, WRONG, KEY)

    def off(sigma: object) -> float:
        blurred = gaussian_filter(
            PHOTO.astype(float), (sigma, sigma, 0), mode="mirror", truncate=4.0
        )
        return float(np.abs(blurred - shown.degraded).max())

    assert off(sample.values["sigma"]) < 1
    assert off(shown.values["sigma"]) > 20


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("haze", {"transmission": 0.6, "atmospheric_light": 0.5}),
        ("low_resolution", {"scale": 3.0}),
        ("none", {}),
        ("a type of tomorrow", {"strength": 1.0}),
    ],
)
def test_no_mistake_where_none_would_show(kind: str, values: dict[str, float]) -> None:
    assert mistake(kind, values) is None


def test_a_swapped_pair_is_swapped() -> None:
    sample = haze()
    shown, _ = planted(sample, SWAPPED, KEY)
    assert np.array_equal(shown.clean, sample.degraded)
    assert np.array_equal(shown.degraded, sample.clean)
    assert shown.values == sample.values


def test_an_impossible_haze_veils_what_is_near() -> None:
    sample = haze()
    shown, _ = planted(sample, IMPOSSIBLE, KEY)
    assert sample.depth is not None
    assert np.array_equal(shown.clean, sample.clean)

    def veil(one: Sample) -> np.ndarray:
        """1 − t, solved from the pictures by I = J·t + A·(1 − t) where J and A differ."""
        light = 0.8 * 255
        away = one.clean.astype(float) - light
        return 1 - np.mean((one.degraded - light) / np.where(away == 0, np.nan, away), axis=2)

    known = (np.abs(sample.clean - 0.8 * 255) > 20).all(axis=2)
    depth = sample.depth[known]
    assert np.corrcoef(depth, veil(sample)[known])[0, 1] > 0.8
    assert np.corrcoef(depth, veil(shown)[known])[0, 1] < -0.8
    # The values shown are those of the picture shown: nothing but the scene speaks against it.
    assert pixel_residual(shown, KEY) <= 1
    assert shown.values["atmospheric_light"] == sample.values["atmospheric_light"]
    assert shown.values["transmission"] == pytest.approx(0.3, abs=1e-4)


def test_upside_down_exchanges_near_and_far() -> None:
    depth = np.array([[3277, 65535], [30000, 40000]], np.uint16)
    assert upside_down(depth).tolist() == [[65535, 3277], [38812, 28812]]
    assert np.array_equal(upside_down(upside_down(depth)), depth)


def test_as_much_gold_of_each_kind_and_of_other_samples() -> None:
    rows = [entry(i, ("blur", "low_resolution")[i % 2]) for i in range(1000)]
    planned = {row.id for row in rows[:150]}
    found = gold(rows, planned, 0)  # no haze here, so nothing impossible
    assert sorted(str(slot.why) for slot in found) == [SWAPPED] * 3 + [WRONG] * 3
    assert len({slot.entry.id for slot in found}) == 6
    assert not {slot.entry.id for slot in found} & planned
    swapped = {slot.entry.type for slot in found if slot.why == SWAPPED}
    assert swapped == {"blur", "low_resolution"}


def test_gold_is_made_of_planned_samples_where_there_are_no_others() -> None:
    rows = [entry(i, "blur") for i in range(60)]
    found = gold(rows, {row.id for row in rows[:59]}, 0)
    assert sorted(str(slot.why) for slot in found) == [SWAPPED, WRONG, WRONG]
    assert rows[59].id in {slot.entry.id for slot in found}


@pytest.mark.parametrize(("planned", "count"), [(5, 0), (29, 1), (30, 3), (100, 4), (1000, 40)])
def test_how_much_gold(planned: int, count: int) -> None:
    rows = [entry(i, "blur") for i in range(3000)]
    assert len(gold(rows, {row.id for row in rows[:planned]}, 0)) == count


def test_slight_degradations_are_not_swapped() -> None:
    rows = [entry(i, "blur", severity="slight", parameters={"sigma": 2.0}) for i in range(500)]
    assert {slot.why for slot in gold(rows, {row.id for row in rows[:200]}, 0)} == {WRONG}


@given(n=st.integers(1, 400), count=st.integers(0, 30), seed=st.integers(0, 99))
def test_the_order_keeps_samples_and_spreads_what_is_planted(n: int, count: int, seed: int) -> None:
    samples = [entry(i, "blur") for i in range(n)]
    golden = [Slot(entry(1000 + i, "blur"), WRONG) for i in range(count)]
    slots = ordered(samples, golden, seed)
    places = {slot.entry.id: place for place, slot in enumerate(slots) if not slot.repeat}
    assert [s.entry for s in slots if not s.why and not s.repeat] == samples
    assert [s for s in slots if s.why] == golden
    again = [(place, slot) for place, slot in enumerate(slots) if slot.repeat]
    assert len(again) == round(0.03 * n)
    for place, slot in again:
        assert place - places[slot.entry.id] > min(APART, n // 4)
    # As many in the first half as in the second, to within one.
    shown = [bool(slot.why) for slot in slots if not slot.repeat]
    early = sum(shown[: len(shown) // 2])
    assert abs(early - (count - early)) <= 2
