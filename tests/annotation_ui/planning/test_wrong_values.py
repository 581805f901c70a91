"""Wrong values follow from the registry, so that a type of one's own has gold as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation_ui.planning.gold import WRONG, choose_gold
from annotation_ui.planning.wrong_values import wrong_value
from generators.taxonomy import TYPES, DegradationType, Key, Severity
from tests.annotation_ui.planning.test_gold import entry

# As docs/adding-a-degradation.md has it.
MOTION = DegradationType(
    "motion_blur", "straight, even motion while the shutter is open", "optics",
    (
        Key("length", "scalar", "pixels", 3.0, 25.0, "length of the path of a point"),
        Key("angle", "scalar", "degrees", 1.0, 180.0, "direction of the path"),
    ),
    Severity("length", 9.0, 15.0),
)  # fmt: skip


def of(*keys: Key, severity: Severity | None = None) -> DegradationType:
    return DegradationType("own", "one's own", "optics", keys, severity)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Puts types into the registry, for one test."""
    monkeypatch.setitem(TYPES, MOTION.name, MOTION)
    return monkeypatch


# The four built-in types by hand: the rules that a review of `du110k` is planned by.
@pytest.mark.parametrize(
    ("type_name", "name", "right", "wrong"),
    [
        ("haze", "transmission", 0.12345, 0.62345),
        ("haze", "transmission", 0.4, 0.9),
        ("haze", "transmission", 0.40001, None),
        ("low_light", "gain", 0.05, 0.15),
        ("low_light", "gain", 0.071234, 0.2137),
        ("low_light", "gain", 0.1, 0.3),
        ("blur", "sigma", 1.0, 2.5),
        ("blur", "sigma", 3.6, 9.0),
        ("blur", "sigma", 3.6001, 1.44),
        ("blur", "sigma", 9.0, 3.6),
        ("low_resolution", "scale", 2.0, 4.0),
        ("low_resolution", "scale", 3.0, None),
        ("low_resolution", "scale", 4.0, 2.0),
    ],
)
def test_built_in_types(type_name: str, name: str, right: float, wrong: float | None) -> None:
    others = {key.name: key.low for key in TYPES[type_name].keys}
    wanted = None if wrong is None else (name, wrong)
    assert wrong_value(type_name, {**others, name: right}) == wanted


def test_a_type_of_ones_own_is_wrong_in_the_key_that_it_is_graded_by(
    own: pytest.MonkeyPatch,
) -> None:
    for length, wrong in ((3.0, 7.5), (10.0, 25.0), (10.001, 4.0004), (25.0, 10.0)):
        assert wrong_value("motion_blur", {"length": length, "angle": 7.0}) == ("length", wrong)


def test_it_has_gold(own: pytest.MonkeyPatch) -> None:
    values = {"length": 12.0, "angle": 90.0}
    rows = [entry(i, "motion_blur", parameters=values) for i in range(500)]
    gold = choose_gold(rows, {row.id for row in rows[:200]}, "key")
    assert sum(item.fault == WRONG for item in gold) == 4


def test_without_a_grade_it_is_the_key_of_the_widest_range(own: pytest.MonkeyPatch) -> None:
    narrow = Key("narrow", "scalar", "", 2.0, 3.0, "")
    wide = Key("wide", "scalar", "", 1.0, 50.0, "")
    vector = Key("vector", "vector", "", -9.0, 9.0, "", size=3)
    own.setitem(TYPES, "own", of(narrow, vector, wide, severity=Severity("derived", 1.0, 2.0)))
    assert wrong_value("own", {"narrow": 2.0, "wide": 10.0}) == ("wide", 25.0)
    own.setitem(TYPES, "own", of(vector))
    assert wrong_value("own", {}) is None


@given(
    low=st.floats(-100, 0) | st.floats(0.01, 100),
    width=st.floats(1, 1000),
    place=st.floats(0, 1),
    integer=st.booleans(),
)
def test_what_is_wrong_is_far_from_right_whatever_the_range(
    low: float, width: float, place: float, integer: bool
) -> None:
    high = low + width
    right = low + place * width
    if integer:
        low, high = float(round(low)), float(round(low) + max(1, round(width)))
        right = float(round(low + place * (high - low)))
    key = Key("strength", "scalar", "", low, high, "", integer=integer)
    with pytest.MonkeyPatch.context() as own:
        own.setitem(TYPES, "own", of(key))
        result = wrong_value("own", {"strength": right})
    if result is None:
        return
    _, wrong = result
    if integer or low <= 0:
        assert abs(wrong - right) >= 0.49 * (high - low)
        assert low - 0.01 <= wrong <= high + 0.01
    else:
        assert max(wrong / right, right / wrong) > 2.499
        assert low * 0.999 <= wrong <= high * 1.001 or high < 2.5 * low
