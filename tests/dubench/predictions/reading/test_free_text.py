"""A model's raw text is understood by tokens or JSON, in common names, or refused with a reason."""

import json
import re
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubench.predictions.grammar import Grid, encode
from dubench.predictions.reading.free_text import certainty, understand
from dubench.predictions.reading.names import find_key, find_type
from generators.taxonomy import TYPES, Degradation
from tests.dubench.predictions.test_grammar import degradations, prose

HAZE = ("haze", {"atmospheric_light": 0.62, "transmission": 0.41})
NONE = "no answer: neither tokens, nor an object or a label that names a type"
MATRIX = tuple(range(9))


def understood(text, delta=0.01):
    """Type and values of an answer with one degradation."""
    (only,) = understand(text, Grid(delta)).degradations
    return only.type, only.values


@given(st.sampled_from(sorted(TYPES)), st.randoms())
@settings(deadline=None)
def test_every_alias_of_a_type_however_written(name, random) -> None:
    for alias in (name, *TYPES[name].aliases):
        assert find_type(respelled(alias, random)) == name


@given(st.sampled_from(sorted(TYPES)), st.randoms())
@settings(deadline=None)
def test_every_alias_of_a_key_however_written(name, random) -> None:
    for key in TYPES[name].keys:
        for alias in (key.name, *key.aliases):
            assert find_key(respelled(alias, random), name) == key.name


def respelled(name, random):
    gap = random.choice([" ", "-", "_", "", "  "])
    letters = [random.choice([letter.upper(), letter.lower()]) for letter in name]
    return "".join(gap if letter in " -_" else letter for letter in letters)


def test_no_name_means_two_things_once_written_plainly() -> None:
    known = TYPES.values()
    types = {alias: one.name for one in known for alias in (one.name, *one.aliases)}
    assert all(find_type(alias) == name for alias, name in types.items())
    keys = chain.from_iterable(one.keys for one in known)
    names = {alias: key.name for key in keys for alias in (key.name, *key.aliases)}
    assert all(find_key(alias) == name for alias, name in names.items())
    assert find_type("noise") is None
    assert find_key("radius", "blur") is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Severe blur. [T-blur][K-sigma][V-0.31]", ("blur", {"sigma": 3.48})),
        # Tokens first, JSON second.
        ('{"type": "haze"} [T-blur][K-sigma][V-0.31]', ("blur", {"sigma": 3.48})),
        ('{"type": "haze", "parameters": {"airlight": 0.62, "t": 0.41}}', HAZE),
        ('{"type": "Fog", "atmospheric light": 0.62, "Transmission-Map": 0.41}', HAZE),
        ('{"tuples": [["haze", "A", 0.62], ["fog", "t", 0.41]]}', HAZE),
        (
            '{"tuples": [{"type": "haze", "key": "A", "value": [0.62], "shape": []},'
            ' {"type": "haze", "key": "transmission", "value": 0.41}]}',
            HAZE,
        ),
        ('Here:\n```json\n{\n "type": "haze",\n "A": 0.62,\n "t": 0.41\n}\n```\nHope so!', HAZE),
        ('I {guess} it is {"type": "haze", "A": "0.62", "t": " 4.1e-1"}, or { not }.', HAZE),
        ('{"answer": {"type": "haze", "a": 0.62, "t": 0.41}}', HAZE),
        ('[{"type": "haze", "a": 0.62, "t": 0.41}]', HAZE),
        # The same answer twice is one answer.
        ('{"type": "haze", "a": 0.62, "t": 0.41} {"type": "fog", "t": 0.41, "a": 0.62}', HAZE),
        # What stands beside the parameters, and keys of other types left empty.
        (
            '{"type": "haze", "A": 0.62, "t": 0.41, "gamma": null, "severity": "severe",'
            ' "rationale": "a veil\nover {all}", "sure": true}',
            HAZE,
        ),
        ('{"Type": "haze", "Parameters": {"A": 0.62, "t": 0.41}, "confidence": 0.9}', HAZE),
        ('{"type": "blur", "parameters": {"\\u03c3": 20}}', ("blur", {"sigma": 20.0})),
        ('{"type": "low-res", "factor": 3}', ("low_resolution", {"scale": 3.0})),
        ('{"type": "pristine"}', ("none", {})),
        ('{"tuples": []}', ("none", {})),
        ('Mine: \\{"type": "haze", "A": 0.62, "t": 0.41}', HAZE),
        ("The image has no visible degradation.", ("none", {})),
        ("Type: haze\nAirlight: 0.62 - a veil\nTransmission (t): 0.41 — low", HAZE),
        (
            '[{"type": "fog", "key": "A", "value": 0.62},'
            ' {"type": "haze", "key": "t", "value": 0.41}]',
            HAZE,
        ),
        # Keys may be missing: the score sees it.
        ('{"type": "haze"}', ("haze", {})),
        (
            '{"type": "night", "ccm": [["0", 1, 2], [3, 4, 5], [6, 7, 8]]}',
            ("low_light", {"camera_intrinsics": MATRIX}),
        ),
    ],
)
def test_understood(text, answer) -> None:
    assert understood(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "Dark [T-low_light][K-gamma][V-0.50] and soft [T-blur][K-sigma][V-0.31].",
            [("low_light", {"gamma": 2.75}), ("blur", {"sigma": 3.48})],
        ),
        (
            '{"tuples": [["blur", "sigma", 3], ["haze", "t", 0.4], ["defocus", "std", 4]]}',
            None,
        ),
        (
            '{"tuples": [["haze", "a", 0.62], ["blur", "sigma", 3], ["fog", "t", 0.41]]}',
            [HAZE, ("blur", {"sigma": 3.0})],
        ),
        (
            'Both: [{"type": "haze", "a": 0.62, "t": "0.41"},\n {"type": "blur", "std": 3}].',
            [HAZE, ("blur", {"sigma": 3.0})],
        ),
        (
            '{"degradations": [{"type": "haze", "a": 0.62, "t": 0.41}, {"type": "blur"}]}',
            [HAZE, ("blur", {})],
        ),
        # In another order, and once more.
        (
            '[{"type": "blur"}, {"type": "night"}] or [{"type": "dark"}, {"type": "blur"}]',
            [("low_light", {}), ("blur", {})],
        ),
        ('[{"type": "blur"}, {"type": "none"}]', [("blur", {}), ("none", {})]),
        # The last answer counts, and one with two in it counts as two.
        ('{"type": "blur"} [{"type": "blur"}, {"type": "haze"}]', [("blur", {}), ("haze", {})]),
        ('{"1": {"type": "blur"}, "2": {"type": "haze"}}', [("blur", {}), ("haze", {})]),
    ],
)
def test_several_degradations(text, answer) -> None:
    if answer is None:
        with pytest.raises(ValueError, match="sigma is given twice"):
            understand(text)
    else:
        assert understand(text).degradations == tuple(Degradation(*one) for one in answer)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", NONE),
        ("The picture is foggy.", NONE),
        ('{"sigma": 3}', NONE),
        ('{"type": "blur", "sigma": 3', NONE),
        ('{"a":' * 100_000, NONE),
        ('{"' * 400_000, NONE),
        ("[T-blur][K-sigma][V-0.315]", "off the grid"),
        ('{"type": "noise", "std": 3}', "unknown type 'noise'"),
        ('{"type": null}', "type=None is not a string"),
        ('{"type": "blur", "parameters": [3]}', "parameters=[3] is not an object"),
        ('{"type": "blur", "parameters": {"radius": 3}}', "unknown key 'radius'"),
        ('{"type": "blur", "softness": 0.9}', "unknown key 'softness'"),
        ('{"type": "blur", "gamma": 2.5}', "gamma is not a key of blur"),
        ('{"type": "blur", "sigma": 3, "std": 3}', "sigma is given twice"),
        ('{"type": "blur", "sigma": 3, "sigma": 3}', "sigma is given twice"),
        ('{"type": "blur", "type": "haze"}', "type, parameters or tuples is given twice"),
        ('{"type": "blur", "sigma": true}', "sigma=True is not a number"),
        ('{"type": "blur", "sigma": NaN}', "sigma=nan is not a finite number up to 1e+09"),
        ('{"type": "blur", "sigma": -Infinity}', "sigma=-inf is not a finite number up to 1e+09"),
        ('{"type": "blur", "sigma": "1e999"}', "sigma=inf is not a finite number up to 1e+09"),
        ('{"type": "low_light", "ccm": [1, 2]}', "camera_intrinsics=[1, 2] is not 9 numbers"),
        ('{"tuples": [["blur", "sigma", 3], ["noise", "t", 0.4]]}', "unknown type 'noise'"),
        ('[{"type": "blur", "sigma": 3}, {"type": "noise"}]', "unknown type 'noise'"),
        ('[{"type": "blur", "sigma": 3}, {"type": "blur", "sigma": 4}]', "blur is given twice"),
        ('[{"' * 300_000, NONE),
        ("[ " * 400_000, NONE),
        ('{"tuples": "none"}', "tuples='none' is not a list"),
        ('{"tuples": [["blur", "sigma"]]}', "['blur', 'sigma'] is not a tuple"),
        ('{"type": "blur"} or {"type": "haze"}', "two objects that say different things"),
        ('{"type": "blur"}. Perhaps {"type": "haze"}.', "two objects that say different things"),
        ('{"type": "blur", "sigma": "3 or 4"}', "sigma='3 or 4' is not a number"),
        ('{"type": "blur", "sigma": "3 %"}', "sigma='3 %' is not a number"),
        ('{"type": "haze", "t": "1,234"}', "transmission='1,234' is not a number"),
        ('{"type": "haze", "t": "0.4 px"}', "transmission='0.4 px' is not a number"),
        ('{"type": "blur", "sigma": "radius 3"}', "sigma='radius 3' is not a number"),
        ('{"type": "blur", "secondary_degradation": "haze"}', "two types are named"),
        (
            '{"type": "blur", "also": [{"type": "haze"}, {"type": "blur", "sigma": 3}]}',
            "blur is given",
        ),
        ('{"type": "haze", "present": false}', "names only what is not there"),
        (
            '{"haze": {"present": false}, "blur": {"present": false}}',
            "names only what is not there",
        ),
        ('{"a": ' + "f(a=g(" * 5_000, NONE),
        ("blur " * 3_000 + "sigma", NONE),
        ("Type: blur\nSigma: 3\nStandard deviation: 4", "sigma is given twice"),
        ("Type: blur\nSigma: 3\nGamma: 2.5", "gamma is not a key of blur"),
        ("Type: noise\nSigma: 3", "unknown type 'noise'"),
        ("Type: blur\nSigma: 3, 4", "sigma='3, 4' is not a number"),
        ("x" * 1_000_001, "longer than 1,000,000 characters"),
    ],
)
def test_refused(text, reason) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        understand(text)


@given(degradation=degradations, before=prose, after=prose, form=st.integers(0, 3))
@settings(deadline=None)
def test_every_form_comes_back_from_prose(degradation, before, after, form) -> None:
    type_, parameters = degradation.type, degradation.values
    record = [
        {"type": type_, "parameters": parameters},
        {"type": type_} | parameters,
        {"tuples": [[type_, key, value] for key, value in parameters.items()]},
        {"type": type_} | {key: shouted(value) for key, value in parameters.items()},
    ][form]
    if form == 2 and not parameters:
        type_ = "none"
    # An opening brace would begin an object of the prose's own.
    before, after = before.replace("{", "("), after.replace("{", "(")
    assert understood(f"{before}{json.dumps(record)}{after}") == (type_, parameters)


def shouted(value):
    return [str(entry) for entry in value] if isinstance(value, tuple) else str(value)


def test_the_grid_of_tokens_is_given() -> None:
    text = encode([Degradation("blur", {"sigma": 3.4})], Grid(0.05))
    assert understood(text, 0.05) == ("blur", {"sigma": pytest.approx(3.4)})
    with pytest.raises(ValueError, match="off the grid"):
        understand("[T-blur][K-sigma][V-0.31]", Grid(0.05))


TEMPTING = st.text('[TKV-]{}":,.0123aehzblursigmtypel \n\\')


@given(st.text() | TEMPTING | TEMPTING.map('{{"type": {}}}'.format))
@settings(deadline=None)
def test_any_text_is_understood_or_refused(text) -> None:
    try:
        answer = understand(text)
    except ValueError:
        return
    assert answer.degradations
    for one in answer.degradations:
        assert one.values.keys() <= {key.name for key in TYPES[one.type].keys}
    assert (answer.wrong, answer.extra) == (None, ())


@pytest.mark.parametrize(
    "text",
    [
        '<think>{"type": "haze"}, or rather …</think>{"type": "blur", "sigma": 2}',
        'haze? {"type": "haze"}</think>\n\n{"type": "blur", "sigma": 2}',
        '{"type": "blur", "sigma": 2, "confidence": 0.9, "type_probabilities": {"blur": 1}}',
        '{"type": "blur", "parameters": {"sigma": 2}, "ranges": {"sigma": [1, 3]}}',
    ],
)
def test_thoughts_and_certainty_are_no_part_of_the_answer(text: str) -> None:
    assert understand(text).degradations == (Degradation("blur", {"sigma": 2.0}),)


def test_thoughts_that_were_cut_off_are_no_answer() -> None:
    with pytest.raises(ValueError, match=NONE):
        understand('<think>perhaps {"type": "haze"}')


def test_certainty_is_found_as_written() -> None:
    text = 'x ```json\n{"type": "none", "Type Probabilities": {"none": 0.6, "haze": 0.4}}\n``` y'
    assert certainty(text) == {"type_probabilities": {"none": 0.6, "haze": 0.4}}
    assert certainty('{"type": "none", "ranges": null}') == certainty("[T-none]") == {}
    assert certainty("<think>" + text) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type": "none", "type_probabilities": {"none": 0.6}}', "sum to 0.6"),
        ('{"type": "none", "type_probabilities": "high"}', "not an object"),
        ('{"type": "blur", "ranges": {"sigma": [3, 1]}}', "low end above"),
        ('{"type": "blur", "ranges": {"sigma": [1, NaN]}}', "not a finite number"),
        (
            '{"type": "none", "ranges": {"t": [0, 1]}, "ranges": {"t": [0, 0.5]}}',
            "given twice",
        ),
    ],
)
def test_certainty_that_is_none_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certainty(text)
