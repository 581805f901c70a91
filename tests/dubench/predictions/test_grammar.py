"""The token grammar is what its page says, and every value survives it to half a step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubench.predictions.grammar import GrammarError, Grid, decode, encode, steps
from generators import degrade, presets
from generators.taxonomy import KEYS, TYPES, Degradation

DELTAS = [0.01, 0.05, 0.1, 0.001, 0.02, 0.125, 0.5]


def value_of(key):
    if key.integer:
        return st.integers(int(key.low), int(key.high)).map(float)
    entry = st.floats(key.low, key.high)
    return st.tuples(*[entry] * key.size) if key.kind == "vector" else entry


degradations = st.sampled_from(sorted(TYPES)).flatmap(
    lambda name: st.builds(
        Degradation,
        st.just(name),
        st.fixed_dictionaries({}, optional={key.name: value_of(key) for key in TYPES[name].keys}),
    )
)
several = st.lists(degradations, min_size=1, max_size=4, unique_by=lambda one: one.type)
# Anything but the brackets of a token.
prose = st.text(st.characters(exclude_characters="[]"), max_size=30)


def entries(value):
    return value if isinstance(value, tuple) else (value,)


def written(type_name, values, delta=0.01):
    return encode([Degradation(type_name, values)], Grid(delta))


def read(text, delta=0.01):
    """Type and values of a text with one degradation."""
    (only,) = decode(text, Grid(delta))
    return only.type, only.values


def test_by_hand() -> None:
    haze = {"transmission": 0.413, "atmospheric_light": 0.625}
    assert written("haze", haze) == "[T-haze][K-atmospheric_light][V-0.50][K-transmission][V-0.41]"
    assert written("blur", {"sigma": 3.48}) == "[T-blur][K-sigma][V-0.31]"
    assert written("none", {}) == "[T-none]"
    assert written("low_resolution", {"scale": 3}, 0.05) == "[T-low_resolution][K-scale][V-0.50]"
    assert read("Severe blur. [T-blur][K-sigma][V-0.31]") == ("blur", {"sigma": 3.48})
    # -1 + 3·0.4 and -1 + 3·0.9, nine entries by one V each.
    matrix = written("low_light", {"camera_intrinsics": (0.2,) * 8 + (1.7,)}, 0.1)
    assert matrix == "[T-low_light][K-camera_intrinsics]" + "[V-0.4]" * 8 + "[V-0.9]"
    assert read(matrix, 0.1)[1]["camera_intrinsics"] == pytest.approx((0.2,) * 8 + (1.7,))


def test_several_by_hand() -> None:
    text = "[T-low_light][K-gamma][V-0.50][T-blur][K-sigma][V-0.31]"
    both = [Degradation("low_light", {"gamma": 2.75}), Degradation("blur", {"sigma": 3.48})]
    assert encode(both) == text
    assert list(decode(f"Dark{text[:30]}, and then soft. {text[30:]}")) == both


def test_what_was_derived_is_passed_over() -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for name, type_ in TYPES.items():
        sample = degrade(photograph, name)
        for one in decode(encode(sample.degradations)):
            assert one.type == name
            assert list(one.values) == [key.name for key in type_.keys]


@pytest.mark.parametrize(
    ("delta", "number"),
    [(0.01, "0.40"), (0.05, "0.40"), (0.1, "0.4"), (0.001, "0.400"), (0.125, "0.375"), (1, "0")],
)
def test_as_many_decimals_as_the_grid_needs(delta, number) -> None:
    assert written("blur", {"sigma": 4.2}, delta) == f"[T-blur][K-sigma][V-{number}]"


@given(image=several, delta=st.sampled_from(DELTAS))
@settings(deadline=None)
def test_round_trip_to_half_a_step(image, delta) -> None:
    grid = Grid(delta)
    for one, back in zip(image, decode(encode(image, grid), grid), strict=True):
        assert back.type == one.type
        assert back.values.keys() == one.values.keys()
        for name, value in one.values.items():
            key = KEYS[name]
            most = 0 if key.integer else delta / 2 * (key.high - key.low) * (1 + 1e-9)
            for entry, original in zip(entries(back.values[name]), entries(value), strict=True):
                assert key.low <= entry <= key.high
                assert abs(entry - original) <= most


@given(image=several, delta=st.sampled_from(DELTAS))
@settings(deadline=None)
def test_what_was_decoded_is_written_the_same_again(image, delta) -> None:
    text = encode(image, Grid(delta))
    assert encode(decode(text, Grid(delta)), Grid(delta)) == text


@given(image=several, words=st.lists(prose, min_size=30, max_size=30))
@settings(deadline=None)
def test_prose_around_and_between_changes_nothing(image, words) -> None:
    text = encode(image)
    spoken = words[0] + "".join(
        f"[{token}{words[place % 30]}" for place, token in enumerate(text.split("[")[1:])
    )
    assert decode(spoken) == decode(text)


@pytest.mark.parametrize("value", [0.1 + 1e-9, 0.1 + 0.0002, 0.05 - 1e-9])
def test_the_last_bit_of_float32_is_not_out_of_range(value) -> None:
    text = written("low_light", {"gain": value})
    assert read(text)[1]["gain"] == pytest.approx(value, abs=0.00025)
    assert 0.05 <= read(text)[1]["gain"] <= 0.1


def test_common_names_are_understood() -> None:
    assert read("[T-Night][K-gamma correction][V-0.50]") == ("low_light", {"gamma": 2.75})


NINE = "[V-0.5]" * 9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no [T-…]"),
        ("A blurry photograph.", "no [T-…]"),
        ("[T-noise]", "unknown type 'noise'"),
        ("[T-]", "unknown type ''"),
        ("[T-blur][T-blur]", "blur is given twice"),
        ("[T-blur][T-haze][T-defocus]", "blur is given twice"),
        ("[T-blur][T-noise]", "unknown type 'noise'"),
        ("[T-blur][K-sigma][V-0.31][T-haze][V-0.31]", "[V-…] before any [K-…]"),
        ("[T-blur][T-haze][K-sigma][V-0.31]", "haze has no key 'sigma'"),
        ("[K-sigma][V-0.31][T-blur]", "[K-…] before any [T-…]"),
        ("[V-0.31]", "[V-…] before any [T-…]"),
        ("[T-blur][V-0.31]", "[V-…] before any [K-…]"),
        ("[T-blur][K-radius][V-0.31]", "blur has no key 'radius'"),
        ("[T-blur][K-gamma][V-0.31]", "blur has no key 'gamma'"),
        ("[T-none][K-sigma][V-0.31]", "none has no key 'sigma'"),
        ("[T-blur][K-sigma]", "sigma has 0 [V-…], not 1"),
        ("[T-blur][K-sigma][V-0.31][V-0.31]", "sigma has 2 [V-…], not 1"),
        (f"[T-low_light][K-camera_intrinsics]{NINE[7:]}", "camera_intrinsics has 8 [V-…], not 9"),
        (f"[T-low_light][K-camera_intrinsics]{NINE}[V-0.5]", "camera_intrinsics has 10 [V-…]"),
        ("[T-blur][K-sigma][V-0.31][K-sigma][V-0.31]", "sigma is given twice"),
        ("[T-blur][K-sigma][V-0.31][K-std][V-0.31]", "sigma is given twice"),
        ("[T-blur][K-sigma][V-0.315]", "[V-0.315] is off the grid of 0.01"),
        ("[T-blur][K-sigma][V-1.01]", "[V-1.01] is outside [0, 1]"),
        ("[T-blur][K-sigma][V--0.01]", "[V--0.01] is outside [0, 1]"),
        ("[T-blur][K-sigma][V-x.xx]", "[V-x.xx] is not a decimal number"),
        ("[T-blur][K-sigma][V-nan]", "[V-nan] is not a decimal number"),
        ("[T-blur][K-sigma][V-1e-2]", "[V-1e-2] is not a decimal number"),
        ("[T-blur][K-sigma][V-0.3", "the token '[V-0.3' is not closed"),
        ("[T-blur][K-sigma][V-" + "1" * 100 + "]", "is not closed"),
    ],
)
def test_what_is_not_of_the_grammar(text, reason) -> None:
    with pytest.raises(GrammarError) as caught:
        decode(text)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 120


def test_the_grid_is_the_models() -> None:
    assert read("[T-blur][K-sigma][V-0.35]", 0.05)[1] == {"sigma": pytest.approx(3.8)}
    with pytest.raises(GrammarError, match=r"\[V-0.31\] is off the grid of 0.05"):
        decode("[T-blur][K-sigma][V-0.31]", Grid(0.05))


@pytest.mark.parametrize(
    ("type_", "parameters", "reason"),
    [
        ("fog", {}, "unknown type 'fog'"),
        ("blur", {"gamma": 2.5}, "blur has no key 'gamma'"),
        ("blur", {"sigma": 9.5}, r"sigma=9.5 is outside \[1, 9\]"),
        ("blur", {"sigma": float("nan")}, r"sigma=nan is outside \[1, 9\]"),
        ("blur", {"sigma": (3.0, 3.0)}, "sigma has 2 entries, not 1"),
        ("low_light", {"camera_intrinsics": 0.5}, "camera_intrinsics has 1 entries, not 9"),
    ],
)
def test_what_cannot_be_written(type_, parameters, reason) -> None:
    with pytest.raises(GrammarError, match=reason):
        written(type_, parameters)


@pytest.mark.parametrize(
    ("image", "reason"),
    [((), "no degradation"), ([Degradation("blur", {})] * 2, "blur is given twice")],
)
def test_sets_that_cannot_be_written(image, reason) -> None:
    with pytest.raises(GrammarError, match=reason):
        encode(image)


def test_the_step_must_divide_one() -> None:
    assert [steps(delta) for delta in DELTAS] == [100, 20, 10, 1000, 50, 8, 2]
    for delta in (0.3, 1 / 3, 0, -0.1, 2, 1e-9, float("nan"), float("inf"), True, "0.01", None, []):
        with pytest.raises(GrammarError, match=r"does not divide 1; 0\.01, 0\.05 and 0\.1 do"):
            steps(delta)


@given(st.text() | st.text("[]TKV-. 01haze"), st.sampled_from(DELTAS))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text, delta) -> None:
    try:
        image = decode(text, Grid(delta))
    except GrammarError:
        return
    for one in image:
        assert one.values.keys() <= {key.name for key in TYPES[one.type].keys}


def test_a_presets_own_ranges_are_what_its_tokens_mean() -> None:
    real = Grid(ranges=presets.load("du110k-real").own_ranges)
    mild = [Degradation("low_light", {"gamma": 1.8, "gain": 0.6})]
    assert encode(mild, real) == "[T-low_light][K-gamma][V-0.00][K-gain][V-1.00]"
    assert decode(encode(mild, real), real) == tuple(mild)
    with pytest.raises(GrammarError, match=r"gamma=1\.8 is outside \[2, 3\.5\]"):
        encode(mild)
    # 0.6 + 0.5·8.4, where the taxonomy's middle is 5.
    assert decode("[T-blur][K-sigma][V-0.5]", real)[0].values["sigma"] == pytest.approx(4.8)
    assert decode("[T-blur][K-sigma][V-0.5]")[0].values["sigma"] == 5
    # A key that the preset does not widen keeps the taxonomy's range.
    assert decode("[T-low_resolution][K-scale][V-0.5]", real)[0].values["scale"] == 3
