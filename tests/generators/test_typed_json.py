"""Dataclasses as JSON and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from generators.errors import InputError
from generators.typed_json import JSON_NAME, from_json, to_json


@dataclass(frozen=True)
class Inner:
    pair: tuple[float, float] | None
    value: float | tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    n: int
    ratio: float
    text: str
    good: bool
    colour: Literal["red", "green"]
    inner: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    triples: tuple[tuple[str, str, float | tuple[float, ...]], ...]
    anything: Any
    other: int = field(default=7, metadata={JSON_NAME: "another name"})


ONE = Outer(
    1, 0.5, "t", True, "red", (Inner((1.0, 2.5), 3.0), Inner(None, (1.0, 2.0))),
    {"x": Inner(None, 4.0)}, (("blur", "sigma", 3.0), ("low_light", "m", (1.0, 2.0))), [1, {}],
)  # fmt: skip


def test_there_and_back() -> None:
    data = json.loads(json.dumps(to_json(ONE)))
    assert from_json(Outer, data, "f.json") == ONE
    assert data["another name"] == 7
    del data["another name"]
    assert from_json(Outer, data, "f.json") == ONE
    # Numbers keep their form, so that what was read is written again as it was.
    whole = data | {"ratio": 1}
    assert json.dumps(to_json(from_json(Outer, whole, "f.json"))["ratio"]) == "1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 1.0}, r"f.json.n is 1.0, not a whole number"),
        ({"n": True}, r"f.json.n is True, not a whole number"),
        ({"ratio": "a"}, r"f.json.ratio is 'a', not a number"),
        ({"ratio": math.nan}, r"f.json.ratio is nan, not a finite number"),
        ({"text": None}, r"f.json.text is None, not a text"),
        ({"good": 1}, r"f.json.good is 1, not true or false"),
        ({"colour": "blue"}, r"f.json.colour is 'blue', not one of red, green"),
        ({"inner": 3}, r"f.json.inner is 3, not a list"),
        ({"inner": [{"pair": [1], "value": 1}]}, r"inner\[0\].pair is \[1\], not a list of 2"),
        ({"inner": [{"value": 1}]}, r"f.json.inner\[0\]: pair is missing"),
        ({"by_name": {"x": {"pair": None, "value": "v"}}}, r"f.json.by_name.x.value is 'v', not"),
        ({"by_name": []}, r"f.json.by_name is \[\], not an object"),
        ({"strange": 1}, r"f.json: unknown field 'strange'"),
        ({"other": 1}, r"f.json: unknown field 'other'"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_json(Outer, to_json(ONE) | change, "f.json")


def test_no_object() -> None:
    with pytest.raises(InputError, match=r"f.json is \[\], not an object"):
        from_json(Outer, [], "f.json")
