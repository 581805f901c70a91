"""What a prediction says of its own certainty is read as it was written, or refused in a line."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubench.predictions.certainty import SUM_TOLERANCE
from dubench.predictions.file import dump, write_line
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

from .test_file import one, refused

END = st.floats(-1e9, 1e9)
PAIR = st.tuples(END, END).map(sorted)
SHARES = st.lists(st.floats(0.001, 1), min_size=len(TYPES), max_size=len(TYPES))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preds.jsonl"


def line(**fields) -> str:
    return json.dumps({"id": "a", "type": "blur", "parameters": {"sigma": 3.1}} | fields)


def pairs_of(name: str) -> st.SearchStrategy:
    size = KEYS[name].size
    return st.lists(PAIR, min_size=size, max_size=size) if size > 1 else PAIR


@given(
    SHARES.map(np.array),
    st.fixed_dictionaries({}, optional={name: pairs_of(name) for name in KEYS}),
    st.sampled_from([{"type": "blur"}, {"tuples": []}, {"output": "[T-blur]"}]),
)
def test_every_certainty_is_read_as_it_was_written(tmp_path_factory, shares, ranges, form) -> None:
    path = tmp_path_factory.getbasetemp() / "certainty.jsonl"
    written = {"type_probabilities": dict(zip(TYPES, shares / shares.sum(), strict=True))}
    prediction = one(path, dump({"id": "a", "ranges": ranges} | form | written))
    assert list(prediction.type_probabilities) == list(TYPES)
    assert prediction.type_probabilities == pytest.approx(written["type_probabilities"])
    assert math.fsum(prediction.type_probabilities.values()) == pytest.approx(1, abs=1e-15)
    assert prediction.ranges.keys() == ranges.keys()
    for name, (low, high) in prediction.ranges.items():
        pairs = np.array(ranges[name]).reshape(-1, 2)
        assert np.array_equal(np.reshape(low, -1), pairs[:, 0])
        assert np.array_equal(np.reshape(high, -1), pairs[:, 1])


def test_absent_fields_say_nothing(file) -> None:
    prediction = one(file, line())
    assert prediction.type_probabilities is None
    assert prediction.ranges == {}


def test_common_names_types_without_probability_and_rounding(file) -> None:
    fog = {"Fog": 0.333, "dark": 0.333, "clean": 0.333}
    prediction = one(file, line(type_probabilities=fog, ranges={"std": [2, 4], "A": [0.5, 0.5]}))
    third = pytest.approx(1 / 3)
    assert prediction.type_probabilities == {
        **dict.fromkeys(TYPES, 0.0), "haze": third, "low_light": third, "none": third
    }  # fmt: skip
    assert prediction.ranges == {"sigma": (2.0, 4.0), "atmospheric_light": (0.5, 0.5)}


@pytest.mark.parametrize("total", [1 - SUM_TOLERANCE, 1, 1 + SUM_TOLERANCE])
def test_sums_within_the_tolerance_are_made_1(file, total) -> None:
    given = {"blur": 0.5, "haze": total - 0.5}
    prediction = one(file, line(type_probabilities=given))
    assert prediction.type_probabilities["blur"] == pytest.approx(0.5 / total, rel=1e-12)


NINE = [[0, 1]] * 9


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type_probabilities": None}, "type_probabilities=None is not an object"),
        ({"type_probabilities": [0.5, 0.5]}, "type_probabilities=[0.5, 0.5] is not an object"),
        ({"type_probabilities": {}}, "type_probabilities sum to 0, not to 1 within 0.01"),
        ({"type_probabilities": {"blur": 0.98}}, "sum to 0.98, not to 1 within 0.01"),
        ({"type_probabilities": {"blur": 1, "haze": 0.02}}, "sum to 1.02, not to 1 within"),
        ({"type_probabilities": {"blur": 1.2}}, "blur=1.2 is not a number from 0 to 1"),
        ({"type_probabilities": {"blur": -0.1, "haze": 1}}, "blur=-0.1 is not a number from 0"),
        ({"type_probabilities": {"blur": "1"}}, "blur='1' is not a number from 0 to 1"),
        ({"type_probabilities": {"blur": True}}, "blur=True is not a number from 0 to 1"),
        ({"type_probabilities": {"blur": None}}, "blur=None is not a number from 0 to 1"),
        ({"type_probabilities": {"rain": 1}}, "has the unknown type 'rain'; the types are: haze,"),
        ({"type_probabilities": {"fog": 0.5, "haze": 0.5}}, "type_probabilities gives haze twice"),
        ({"ranges": [2, 4]}, "ranges=[2, 4] is not an object"),
        ({"ranges": {"radius": [2, 4]}}, "ranges has the unknown key 'radius'; the keys are:"),
        ({"ranges": {"sigma": [2, 4], "std": [2, 4]}}, "ranges gives sigma twice; keep one"),
        ({"ranges": {"sigma": 3}}, "ranges.sigma=3 is not a pair [low, high]"),
        ({"ranges": {"sigma": [3]}}, "ranges.sigma=[3] is not a pair [low, high]"),
        ({"ranges": {"sigma": [1, 2, 3]}}, "ranges.sigma=[1, 2, 3] is not a pair [low, high]"),
        ({"ranges": {"sigma": None}}, "ranges.sigma=None is not a pair [low, high]"),
        ({"ranges": {"sigma": ["2", 4]}}, "ranges: sigma=['2'] is not a number"),
        ({"ranges": {"sigma": [None, 4]}}, "ranges: sigma=[None] is not a number"),
        ({"ranges": {"sigma": [2, 1e10]}}, "not a finite number up to 1e+09"),
        ({"ranges": {"sigma": [4, 2]}}, "ranges.sigma=[4, 2] has its low end above its high end"),
        ({"ranges": {"camera_intrinsics": [0, 1]}}, "is not 9 pairs [low, high]"),
        ({"ranges": {"camera_intrinsics": NINE[:8]}}, "is not 9 pairs [low, high]"),
        ({"ranges": {"camera_intrinsics": [*NINE[:8], [1, 0]]}}, "[1, 0] has its low end above"),
        ({"ranges": {"camera_intrinsics": [*NINE[:8], ["a", 0]]}}, "is not 9 numbers"),
    ],
)
def test_a_bad_certainty_is_named_with_its_line(file, fields, reason) -> None:
    file.write_text("\n".join([line(id="b"), line(**fields)]))
    message = refused(file)
    assert message.startswith("line 2: ")
    assert reason in message
    with pytest.raises(InputError):
        dump(json.loads(line(**fields)))


@pytest.mark.parametrize(
    "text",
    [
        '"type_probabilities": {"blur": NaN}',
        '"ranges": {"sigma": [1, Infinity]}',
        '"ranges": {"sigma": [1, 1e999]}',
        '"type_probabilities": {"blur": 0.5, "blur": 0.5}',
    ],
)
def test_json_that_hides_something_is_refused(file, text) -> None:
    file.write_text(f'{{"id": "a", "type": "blur", {text}}}')
    assert refused(file).startswith("line 1: ")


def test_numpy_is_written(file) -> None:
    ranges = {"sigma": np.array([2, 4], np.float32), "camera_intrinsics": np.zeros((9, 2))}
    with file.open("w") as out:
        record = {"id": "a", "type": "blur", "ranges": ranges}
        write_line(out, record | {"type_probabilities": {"blur": np.float32(1)}})
    assert one(file, file.read_text()).ranges["camera_intrinsics"] == ((0.0,) * 9, (0.0,) * 9)
