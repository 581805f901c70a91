"""The registry says what the design's tuple table says, and refuses what is not a value of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.errors import InputError
from generators.taxonomy import KEYS, SEVERITIES, TYPES, degradation_type


def test_the_tuple_table() -> None:
    table = [
        (kind.name, key.name, key.kind, key.low, key.high, key.size, key.integer)
        for kind in TYPES.values()
        for key in kind.keys
    ]
    assert table == [
        ("haze", "atmospheric_light", "scalar", 0.25, 1.0, 1, False),
        ("haze", "transmission", "map", 0.0, 1.0, 1, False),
        ("low_light", "gamma", "scalar", 2.0, 3.5, 1, False),
        ("low_light", "gain", "scalar", 0.05, 0.1, 1, False),
        ("low_light", "camera_intrinsics", "vector", -1.0, 2.0, 9, False),
        ("blur", "sigma", "scalar", 1.0, 9.0, 1, False),
        ("low_resolution", "scale", "scalar", 2.0, 4.0, 1, True),
    ]
    assert len(KEYS) == 7
    assert [kind.name for kind in TYPES.values() if kind.needs_depth] == ["haze"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        # The design's bounds: at the bound, and just beyond it.
        ("haze", {0.5: "slight", 0.4999: "moderate", 0.35: "moderate", 0.3499: "severe"}),
        ("low_light", {0.44: "slight", 0.4399: "moderate", 0.36: "moderate", 0.3599: "severe"}),
        ("blur", {3.4999: "slight", 3.5: "moderate", 5.9999: "moderate", 6.0: "severe"}),
        ("low_resolution", {2.0: "slight", 3.0: "moderate", 4.0: "severe"}),
    ],
)
def test_severity(kind, values) -> None:
    severity = TYPES[kind].severity
    assert {value: severity.grade(value) for value in values} == values


@given(kind=st.sampled_from(sorted(set(TYPES) - {"none"})), a=st.floats(0, 10), b=st.floats(0, 10))
def test_severity_never_turns_back(kind, a, b) -> None:
    severity = TYPES[kind].severity
    grades = [SEVERITIES.index(severity.grade(value)) for value in sorted((a, b))]
    falls = severity.severe < severity.moderate
    assert grades == sorted(grades, reverse=falls)


def test_no_name_means_two_things() -> None:
    kinds = [name for kind in TYPES.values() for name in (kind.name, *kind.aliases)]
    assert len(kinds) == len(set(kinds))
    for kind in TYPES.values():
        keys = [name for key in kind.keys for name in (key.name, *key.aliases)]
        assert len(keys) == len(set(keys))


@given(key=st.sampled_from(sorted(KEYS)), share=st.floats(0, 1))
def test_values_in_range_come_back_as_floats(key, share) -> None:
    known = KEYS[key]
    value = min(known.low + share * (known.high - known.low), known.high)
    value = float(round(value)) if known.integer else value
    if known.kind == "vector":
        assert known.check([value] * known.size) == (value,) * known.size
    else:
        assert known.check(value) == value


def test_whole_numbers_come_back_as_floats() -> None:
    assert isinstance(KEYS["scale"].check(3), float)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sigma", 9.5, "sigma=9.5 is outside [1, 9] (pixels)"),
        ("sigma", math.nan, "sigma=nan is not a number"),
        ("sigma", math.inf, "sigma=inf is outside [1, 9] (pixels)"),
        ("sigma", "3", "sigma='3' is not a number"),
        ("sigma", True, "sigma=True is not a number"),
        ("sigma", None, "sigma=None is not a number"),
        ("sigma", [3.0, 3.0], "sigma=[3.0, 3.0] is not a number"),
        ("scale", 2.5, "scale=2.5 is not a whole number"),
        ("camera_intrinsics", 0.4, "camera_intrinsics=0.4 is not 9 numbers"),
        ("camera_intrinsics", [0.4] * 8, f"camera_intrinsics={[0.4] * 8} is not 9 numbers"),
        ("camera_intrinsics", [0.4] * 8 + [2.1], "camera_intrinsics=2.1 is outside [-1, 2]"),
    ],
)
def test_bad_values_are_named(key, value, message) -> None:
    with pytest.raises(InputError) as caught:
        KEYS[key].check(value)
    assert str(caught.value).startswith(message)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(InputError, match="'fog'; the types are: haze, low_light, blur, low_res"):
        degradation_type("fog")
    with pytest.raises(InputError, match="blur has no key 'radius'; its keys are: sigma"):
        degradation_type("blur").key("radius")
    assert degradation_type("blur").key("sigma") is KEYS["sigma"]
