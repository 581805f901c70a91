"""preds.jsonl: what is written is read, and whatever else is in the file is one line of error."""

import gzip
import hashlib
import io
import json
import tracemalloc
import zipfile
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubench.predictions.file import LONGEST_LINE, Prediction, dump, read, write_line
from dubench.predictions.grammar import decode, encode
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Degradation

from .test_grammar import several

GOOD = '{"id": "a", "type": "blur", "parameters": {"sigma": 3.1}}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preds.jsonl"


def lines_of(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def one(path: Path, line: str) -> Prediction:
    (prediction,) = read(lines_of(path, line)).by_id.values()
    return prediction


def refused(path: Path, ids=None) -> str:
    with pytest.raises(InputError) as caught:
        read(path, ids)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 500
    assert str(path) in message
    return message.removeprefix(f"{path} ")


def test_the_three_forms_of_the_design_mean_the_same(file) -> None:
    lines_of(
        file,
        '{"meta": {"model": "m"}}',
        '{"id": "du-00000042", "type": "haze",'
        ' "parameters": {"atmospheric_light": 0.625, "transmission": 0.41}}',
        '{"id": "du-00000043", "tuples":'
        ' [["haze", "atmospheric_light", 0.625], ["haze", "transmission", 0.41]]}',
        '{"id": "du-00000044", "output":'
        ' "Some haze. [T-haze][K-atmospheric_light][V-0.50][K-transmission][V-0.41]"}',
    )
    predictions = read(file)
    assert predictions.meta == {"model": "m"}
    assert predictions.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert list(predictions.by_id) == [f"du-0000004{digit}" for digit in (2, 3, 4)]
    for line, prediction in enumerate(predictions.by_id.values(), 2):
        haze = {"atmospheric_light": 0.625, "transmission": 0.41}
        assert prediction == Prediction(prediction.id, line, (Degradation("haze", haze),))


def test_everything_a_line_may_have(file) -> None:
    line = {"id": "a", "type": "haze", "restored": "r/a.png", "latency_s": 2}
    line |= {"usage": {"input_tokens": 900, "output_tokens": 60, "cost_usd": 0.003}}
    prediction = one(file, json.dumps(line | {"maps": {"transmission": "t/a.npy"}}))
    assert prediction.restored == "r/a.png"
    assert prediction.maps == {"transmission": "t/a.npy"}
    assert prediction.latency_s == 2.0
    assert prediction.usage == line["usage"]
    assert prediction.degradations == (Degradation("haze", {}),)
    assert (prediction.extra, prediction.failure) == ((), None)


def tuples_of(image):
    return [[one.type, key, value] for one in image for key, value in one.values.items()]


ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(image=several, name=ids, form=st.sampled_from(["type", "tuples", "output"]))
@settings(max_examples=200, deadline=None)
def test_every_record_is_read_as_it_was_written(tmp_path_factory, image, name, form) -> None:
    file = tmp_path_factory.mktemp("trip") / "preds.jsonl"
    image = tuple(image[:1] if form == "type" else image)
    if form == "type":
        record = {"type": image[0].type, "parameters": image[0].values}
    elif form == "tuples":
        record = {"tuples": tuples_of(image)}
        # Without keys a type has no tuple.
        image = tuple(one for one in image if one.values) or (Degradation("none", {}),)
    else:
        record = {"output": encode(image)}
        image = decode(record["output"])
    with file.open("w", encoding="utf-8") as handle:
        write_line(handle, {"meta": {"model": name}})
        write_line(handle, {"id": name} | record)
    prediction = read(file, [name]).by_id[name]
    assert prediction == Prediction(name, 2, image)
    # And the record that a prediction is, written and read again, is the same prediction.
    if all(one.values for one in image):
        again = {"id": prediction.id, "tuples": tuples_of(prediction.degradations)}
        assert one(file, dump(again)) == Prediction(name, 1, image)


@pytest.mark.parametrize(
    ("answer", "type_", "parameters", "extra"),
    [
        ({"type": "Foggy", "parameters": {"A": 0.6}}, "haze", {"atmospheric_light": 0.6}, ()),
        ({"type": "none"}, "none", {}, ()),
        ({"tuples": []}, "none", {}, ()),
        ({"tuples": [["defocus", "std", 3]]}, "blur", {"sigma": 3.0}, ()),
        ({"tuples": [["blur", "sigma", [3.25]]]}, "blur", {"sigma": 3.25}, ()),
        # As a dataset's column has them.
        (
            {"tuples": [{"type": "blur", "key": "sigma", "value": [3.25], "shape": []}]},
            "blur", {"sigma": 3.25}, (),
        ),
        # Beyond its range a value is far off, not an error.
        ({"type": "blur", "parameters": {"sigma": -40}}, "blur", {"sigma": -40.0}, ()),
        ({"type": "low_resolution", "parameters": {"scale": 2.5}}, "low_resolution",
         {"scale": 2.5}, ()),
        # Scored as wrong.
        ({"type": "noise", "parameters": {"std": 3}}, None, {}, ("sigma",)),
        ({"type": ""}, None, {}, ()),
        ({"type": "blur", "parameters": {"radius": 3}}, "blur", {}, ("radius",)),
        ({"type": "blur", "parameters": {"radius": "wide"}}, "blur", {}, ("radius",)),
        ({"type": "blur", "parameters": {"sigma": 3, "gamma": 2.5}}, "blur", {"sigma": 3.0},
         ("gamma",)),
        ({"type": "blur", "parameters": {"sigma": 3, "std": 4}}, "blur", {"sigma": 3.0},
         ("sigma",)),
        ({"tuples": [["blur", "sigma", 3], ["blur", "sigma", 4]]}, "blur", {"sigma": 3.0},
         ("sigma",)),
        ({"tuples": [["blur", "sigma", 3], ["noise", "std", 4]]}, None, {}, ("sigma", "sigma")),
    ],
)  # fmt: skip
def test_names(file, answer, type_, parameters, extra) -> None:
    prediction = one(file, json.dumps({"id": "a"} | answer))
    degradations = (Degradation(type_, parameters),) if type_ else ()
    assert prediction == Prediction("a", 1, degradations, extra)


@pytest.mark.parametrize(
    ("tuples", "image", "extra"),
    [
        ([["blur", "sigma", 3], ["haze", "t", 0.4]],
         [("blur", {"sigma": 3.0}), ("haze", {"transmission": 0.4})], ()),
        ([["haze", "a", 0.6], ["blur", "std", 3], ["fog", "t", 0.4]],
         [("haze", {"atmospheric_light": 0.6, "transmission": 0.4}), ("blur", {"sigma": 3.0})], ()),
        # A key goes to the type it is given with.
        ([["blur", "gamma", 2.5], ["low_light", "gain", 0.07]],
         [("blur", {}), ("low_light", {"gain": 0.07})], ("gamma",)),
        ([["blur", "sigma", 3], ["haze", "t", 0.4], ["blur", "std", 4]],
         [("blur", {"sigma": 3.0}), ("haze", {"transmission": 0.4})], ("sigma",)),
        ([["blur", "sigma", 3], ["haze", "thickness", 4]],
         [("blur", {"sigma": 3.0}), ("haze", {})], ("thickness",)),
    ],
)  # fmt: skip
def test_several_types(file, tuples, image, extra) -> None:
    prediction = one(file, json.dumps({"id": "a", "tuples": tuples}))
    degradations = tuple(Degradation(*degradation) for degradation in image)
    assert prediction == Prediction("a", 1, degradations, extra)


def test_a_json_name_given_twice_is_not_lost(file) -> None:
    prediction = one(file, '{"id": "a", "type": "blur", "parameters": {"sigma": 3, "sigma": 4}}')
    assert prediction.degradations == (Degradation("blur", {"sigma": 3.0}),)
    assert prediction.extra == ("sigma",)


@pytest.mark.parametrize("form", ["type", "tuples", "output"])
def test_a_matrix_may_be_given_by_rows(file, form) -> None:
    rows = [[1.0, -0.3, -0.2], [-0.6, 1.6, 0], [-0.1, 0.2, 0.6]]
    night = {"type": "low_light", "parameters": {"camera_intrinsics": rows}}
    record = {
        "type": night,
        "tuples": {"tuples": [["low_light", "camera_intrinsics", rows]]},
        "output": {"output": json.dumps(night)},
    }[form]
    prediction = one(file, json.dumps({"id": "a"} | record))
    assert prediction.degradations[0].values == {
        "camera_intrinsics": (1.0, -0.3, -0.2, -0.6, 1.6, 0, -0.1, 0.2, 0.6)
    }


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("", "no answer: neither tokens, nor an object or a label that names a type"),
        ("[T-blur][K-sigma][V-0.315]", "[V-0.315] is off the grid of 0.01"),
        ("[T-blur][K-sigma][V-1.31]", "[V-1.31] is outside [0, 1]"),
        ("[T-blur][T-blur]", "blur is given twice"),
        ('{"type": "blur", "sigma": NaN}', "sigma=nan is not a finite number up to 1e+09"),
        ('{"type": "blur", "sigma": 1e10}', "sigma=10000000000.0 is not a finite number up to"),
        ('{"type": "night", "ccm": [1]}', "camera_intrinsics=[1] is not 9 numbers"),
        ('{"type": "noise"}', "unknown type 'noise'"),
        ('{"type": "blur", "radius": 3}', "unknown key 'radius'"),
        ("[T-\n\nnoise]", "unknown type '\\n\\nnoise'"),
    ],
)
def test_every_problem_of_an_output_is_a_parse_failure(file, text, failure) -> None:
    prediction = one(file, json.dumps({"id": "a", "output": text}))
    assert (prediction.degradations, prediction.extra) == ((), ())
    assert prediction.failure.startswith(failure)


def test_the_meta_line_names_the_grid(file) -> None:
    line = '{"id": "a", "output": "[T-blur][K-sigma][V-0.31]"}'
    fine = read(lines_of(file, '{"meta": {"delta": 0.01}}', line)).by_id["a"]
    assert fine.degradations == (Degradation("blur", {"sigma": 3.48}),)
    coarse = read(lines_of(file, '{"meta": {"delta": 0.05}}', line)).by_id["a"]
    assert coarse.failure == "[V-0.31] is off the grid of 0.05"
    wide = read(lines_of(file, '{"meta": {"key_ranges": {"sigma": [0, 10]}}}', line)).by_id["a"]
    assert wide.degradations[0].values["sigma"] == pytest.approx(3.1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        # Not JSON.
        ("id,type,sigma", "not a JSON object ('id,type,sigma'); each line is {\"id\": "),
        ("[" + GOOD + "]", "not a JSON object"),
        ("null", "not a JSON object ('null')"),
        ("{", "not JSON (Expecting property name enclosed in double quotes at character"),
        ('{"id": "a', "not JSON (Invalid control character at character 10); each"),
        ("{'id': 'a'}", "not JSON (Expecting property name"),
        (GOOD + GOOD, "more than one JSON object; put each on a line of its own"),
        (GOOD.replace("3.1", "NaN"), "NaN is not a number in JSON; leave out what has no answer"),
        (GOOD.replace("3.1", "-Infinity"), "-Infinity is not a number in JSON; leave out"),
        ('{"id": "a", "type": "blur", "x": NaN}', "NaN is not a number in JSON"),
        (GOOD.replace("3.1", "9" * 1_000_000), "Exceeds the limit (4300 digits); leave out"),
        (GOOD.replace("3.1", "[" * 200_000), "nested too deeply; each line is one flat object"),
        (GOOD.replace("3.1", '{"a":' * 200_000), "nested too deeply"),
        # Values.
        (GOOD.replace("3.1", "1e999"), "sigma=inf is not a finite number up to 1e+09"),
        (GOOD.replace("3.1", "-1.5e9"), "sigma=-1500000000.0 is not a finite number up to 1e+09"),
        (GOOD.replace("3.1", "9" * 4000), "sigma=9999"),
        (GOOD.replace("3.1", "0." + "9" * 1_000_000 + "e300"), "is not a finite number up to"),
        (GOOD.replace("3.1", '"3.1"'), "sigma='3.1' is not a number"),
        (GOOD.replace("3.1", "true"), "sigma=True is not a number"),
        (GOOD.replace("3.1", "null"), "sigma=None is not a number"),
        (GOOD.replace("3.1", "{}"), "sigma={} is not a number"),
        (GOOD.replace("3.1", "[3, 3]"), "sigma=[3, 3] is not a number"),
        (GOOD.replace("3.1", "[[3]]"), "sigma=[[3]] is not a number"),
        (GOOD.replace("3.1", str([0] * 100_000)), "sigma=[0, 0, 0, 0, 0, 0, ...] is not a number"),
        (GOOD.replace("sigma", "ccm"), "camera_intrinsics=3.1 is not 9 numbers"),
        (GOOD.replace("sigma", "ccm").replace("3.1", str([[1] * 9])), "is not 9 numbers"),
        (GOOD.replace("sigma", "ccm").replace("3.1", str([[1] * 3] * 4)), "is not 9 numbers"),
        ('{"id": "a", "tuples": [["blur", "sigma"]]}', "['blur', 'sigma'] is not a tuple; write"),
        ('{"id": "a", "tuples": [["blur", "sigma", 1e10]]}', "sigma=10000000000.0 is not a finite"),
        ('{"id": "a", "tuples": [["blur", 3, 3]]}', "type and key of the tuple ['blur', 3, 3]"),
        ('{"id": "a", "tuples": ["blur"]}', "'blur' is not a tuple"),
        ('{"id": "a", "tuples": [{"type": "blur", "key": "sigma"}]}', "is not of type, key, value"),
        (
            '{"id": "a", "tuples": [{"type": "a", "key": "b", "value": 3, "key": "c"}]}',
            "is not of type, key, value",
        ),
        # Fields.
        ("{}", "has none of them; give one of type (with parameters), tuples or output"),
        ('{"type": "blur"}', 'no id; each prediction names its image: "id": "du-00000042"'),
        ('{"id": 7, "type": "blur"}', "id=7 is not a name"),
        ('{"id": "", "type": "blur"}', "id='' is not a name"),
        ('{"id": "\\ud800", "type": "blur"}', "id='\\ud800' is not a name"),
        ('{"id": "a"}', "has none of them; give one of"),
        ('{"id": "a", "parameters": {}}', "has none of them; give one of"),
        ('{"id": "a", "type": "blur", "output": ""}', "has type and output; give one of"),
        ('{"id": "a", "tuples": [], "parameters": {}}', "parameters stand beside tuples; they go"),
        (GOOD.replace("parameters", "paramaters"), "unknown field 'paramaters'; the fields are: "),
        ('{"id": "a", "type": "blur", "id": "b"}', "the field 'id' is given twice; keep one"),
        ('{"id": "a", "type": null}', "type=None is not a string"),
        ('{"id": "a", "type": "blur", "parameters": [3]}', "parameters is not an object; write"),
        ('{"id": "a", "tuples": {}}', "tuples is not a list; write"),
        ('{"id": "a", "output": null}', "output=None is not a string; give the model's raw text"),
        ('{"id": "a", "type": "x", "restored": null}', "restored=None is not a path"),
        ('{"id": "a", "type": "x", "restored": "a\\u0000"}', "restored='a\\x00' is not a path"),
        ('{"id": "a", "type": "x", "maps": []}', "maps is not an object of paths; write"),
        ('{"id": "a", "type": "x", "maps": {"t": "t.png"}}', "maps has 't'; the keys with a map"),
        ('{"id": "a", "type": "x", "maps": {"transmission": 1}}', "maps.transmission=1 is not a"),
        ('{"id": "a", "type": "x", "latency_s": -1}', "latency_s=-1 is not a number of seconds"),
        ('{"id": "a", "type": "x", "latency_s": 1e999}', "latency_s=inf is not a number of"),
        ('{"id": "a", "type": "x", "usage": 5}', "usage is not an object of numbers"),
        ('{"id": "a", "type": "x", "usage": {"tokens": 5}}', "usage has 'tokens'; it may have: in"),
        ('{"id": "a", "type": "x", "usage": {"cost_usd": -1}}', "usage.cost_usd=-1 is not an am"),
        ('{"id": "a", "type": "x", "latency_s": false}', "latency_s=False is not a number of"),
        ('{"meta": {}}', "the meta line must be the first line, alone; move it there"),
    ],
)
def test_a_bad_line_is_named(file, line, reason) -> None:
    lines_of(file, GOOD.replace('"a"', '"z"'), "", line, GOOD)
    message = refused(file)
    assert message.startswith("line 3: ")
    assert reason in message


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ('{"meta": []}', 'the meta line is not {"meta": {…}} alone; put predictions below it'),
        ('{"meta": {}, "id": "a"}', 'the meta line is not {"meta": {…}} alone'),
        ('{"meta": {"delta": 0.3}}', "meta.delta: Δ=0.3 does not divide 1; 0.01, 0.05 and 0.1 do"),
        ('{"meta": {"delta": "0.01"}}', "meta.delta: Δ='0.01' does not divide 1"),
        ('{"meta": {"delta": []}}', "meta.delta: Δ=[] does not divide 1"),
        ('{"meta": {"delta": 0}}', "meta.delta: Δ=0 does not divide 1"),
        ('{"meta": {"key_ranges": [1]}}', "meta.key_ranges is not an object"),
        ('{"meta": {"key_ranges": {"tint": [0, 1]}}}', "meta.key_ranges has 'tint'; the keys are"),
        ('{"meta": {"key_ranges": {"sigma": [9, 1]}}}', "meta.key_ranges.sigma=[9, 1] is not"),
        (
            '{"meta": {"key_ranges": {"sigma": [1]}}}',
            "sigma=[1] is not [low, high]",
        ),
        ('{"meta": {"key_ranges": {"sigma": ["1", 2]}}}', "meta.key_ranges.sigma="),
        ('{"meta": {"a": ' + "[" * 50 + "]" * 50 + "}}", "meta is nested deeper than 20 levels"),
        ('{"meta": {"a": 1, "a": 2}}', "meta gives a name twice; keep one"),
        ('{"meta": {"a": "\\ud800"}}', "meta has '\\ud800', which is not text"),
        ('{"meta": {"a": [1e999]}}', "meta has a number beyond all bounds"),
    ],
)
def test_a_bad_meta_line_is_named(file, meta, reason) -> None:
    message = refused(lines_of(file, meta, GOOD))
    assert message.startswith("line 1: ")
    assert reason in message


def test_ids_given_twice(file) -> None:
    message = refused(lines_of(file, '{"meta": {}}', GOOD, "", GOOD))
    assert message == "line 4: the id 'a' was on line 2 already; keep one of them"


def test_ids_of_another_dataset(file) -> None:
    lines = [json.dumps({"id": f"x{index}", "type": "blur"}) for index in range(10_000)]
    meta = '{"meta": {"dataset": "other", "split": "train"}}'
    with pytest.raises(InputError) as caught:
        read(lines_of(file, meta, GOOD, *lines), ["a", "b"])
    assert str(caught.value) == (
        f"{file}: 10,000 of 10,001 ids are not in the dataset: 'x0' (line 3), 'x1' (line 4), "
        "'x2' (line 5), …; are they of another dataset or split? (the meta line says dataset "
        "'other', split 'train')"
    )
    with pytest.raises(InputError, match=r"1 of 1 ids are not in the dataset: 'a' \(line 1\); are"):
        read(lines_of(file, GOOD), ["b"])
    # Missing ones are for the score to count.
    assert read(lines_of(file, GOOD), ["a", "b"]).by_id.keys() == {"a"}


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("preds.jsonl", GOOD)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "has no predictions; each line is one, as {"),
        (b"\n \r\n\t\n", "has no predictions"),
        (b"\xef\xbb\xbf", "has no predictions"),
        (b'{"meta": {}}\n', "has no predictions"),
        (archive(), "line 1: not "),
        (
            gzip.compress(GOOD.encode(), mtime=0),
            "line 1: not UTF-8 text (byte 2); unpack an archive, or",
        ),
        (GOOD.encode("utf-16"), "line 1: not UTF-8 text (byte 1); unpack an archive, or save"),
        (GOOD.replace("a", "ä", 1).encode("latin-1"), "line 1: not UTF-8 text"),
        (np.random.default_rng(0).bytes(100_000), "line 1: not "),
        (bytes(1000), "line 1: not a JSON object ('\\x00"),
        (f"{GOOD}\n{GOOD}"[:-9].encode(), "line 2: cut off in the middle, at the end of the file"),
        (f'{GOOD}\n{{"id": "ä'.encode()[:-1], "line 2: cut off in the middle, at the end of the"),
        (f"{GOOD}\n".encode() + b'\xef\xbb\xbf{"id": "b"}\n', "line 2: not a JSON object"),
        # Old Macintosh line ends, a pretty-printed object, a list.
        (f"{GOOD}\r{GOOD}\r".encode(), "line 1: more than one JSON object"),
        (json.dumps(json.loads(GOOD), indent=1).encode(), "line 1: not JSON (Expecting property"),
        (f"[\n{GOOD},\n{GOOD}\n]".encode(), "line 1: not a JSON object ('['); each line is {"),
    ],
)
def test_a_file_that_is_no_preds_jsonl(file, data, reason) -> None:
    file.write_bytes(data)
    assert refused(file).startswith(reason)


def test_a_path_that_is_no_file(tmp_path) -> None:
    with pytest.raises(InputError, match=r"cannot read .* \(Is a directory\); give a file of pred"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"cannot read .*/no \(No such file or directory\); give"):
        read(tmp_path / "no")


@pytest.mark.parametrize(
    "text", [GOOD, f"{GOOD}\r\n", f"\ufeff{GOOD}\n", f"\n\n  {GOOD}  \n\n", f"\ufeff\r\n{GOOD}"]
)
def test_what_editors_do_to_a_file_is_no_error(file, text) -> None:
    file.write_bytes(text.encode())
    assert read(file).by_id["a"].degradations[0].values == {"sigma": 3.1}


def test_an_endless_line_is_not_read_into_memory(file) -> None:
    with file.open("wb") as handle:
        handle.write(f"{GOOD}\n".encode())
        # A gigabyte without a line break, most of it a hole in the file.
        handle.truncate(10**9)
    tracemalloc.start()
    message = refused(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message == "line 2: longer than 16 MB; each line is one prediction"
    assert peak < 3 * LONGEST_LINE


def test_a_line_of_just_sixteen_megabytes_is_read(file) -> None:
    head = '{"id": "a", "output": "'
    file.write_text(head + "x" * (LONGEST_LINE - len(head) - 3) + '"}\n')
    assert read(file).by_id["a"].failure == "longer than 1,000,000 characters"
    file.write_text(head + "x" * (LONGEST_LINE - len(head) - 2) + '"}\n')
    assert refused(file) == "line 1: longer than 16 MB; each line is one prediction"


def test_numpy_is_written_as_numbers(file) -> None:
    matrix = np.arange(9, dtype=np.float32).reshape(3, 3)
    record = {"gamma": np.float32(2.5), "camera_intrinsics": matrix, "gain": np.float64(0.07)}
    prediction = one(file, dump({"id": "a", "type": "low_light", "parameters": record}))
    intrinsics = tuple(map(float, range(9)))
    (night,) = prediction.degradations
    assert night.values == {"gamma": 2.5, "camera_intrinsics": intrinsics, "gain": 0.07}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": "a", "type": "blur", "parameters": {"sigma": nan}}, "the prediction 'a': Out of"),
        ({"id": "a", "type": "blur", "parameters": {"sigma": np.float32(inf)}}, "'a': Out of"),
        ({"id": "a", "type": "blur", "parameters": {"sigma": "3"}}, "'a': sigma='3' is not a numb"),
        ({"id": "a", "type": "blur", "confidence": 0.9}, "'a': unknown field 'confidence'"),
        ({"id": "a", "type": object()}, "'a': <object object at"),
        ({"type": "blur"}, "the prediction None: no id"),
        ({"meta": {"delta": 0.3}}, "meta.delta: Δ=0.3 does not divide 1"),
        ({"id": "a", "output": "x" * LONGEST_LINE}, "'a': longer than 16 MB"),
    ],
)
def test_what_would_not_be_read_is_not_written(record, reason) -> None:
    handle = io.StringIO()
    with pytest.raises(InputError) as caught:
        write_line(handle, record)
    assert reason in str(caught.value)
    assert not handle.getvalue()


# Lines that almost are predictions, so that a fuzz reaches past the JSON decoder.
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(["blur", "Fog", "noise", "none", *KEYS, "t", "A", "id", "meta", "delta"])
values = st.recursive(
    leaves | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        "id",
        "type",
        "parameters",
        "tuples",
        "output",
        "restored",
        "maps",
        "latency_s",
        "usage",
        "meta",
        "x",
    ]
)
almost = st.dictionaries(fields, values, max_size=4).map(json.dumps)
raw = st.binary(max_size=60) | (almost | st.text(max_size=60)).map(str.encode)


@given(st.lists(raw, max_size=4), st.sampled_from([b"\n", b"\r\n", b"\r", b""]))
@settings(max_examples=300, deadline=None)
def test_any_file_is_read_or_refused_in_one_line(tmp_path_factory, lines, end) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.jsonl"
    file.write_bytes(end.join(lines))
    message, predictions = "", []
    try:
        predictions = list(read(file).by_id.values())
    except InputError as error:
        message = str(error)
    # One line, of letters that any terminal can print.
    assert len(message.encode().splitlines()) == (0 if predictions else 1)
    for prediction in predictions:
        for degradation in prediction.degradations:
            own = {key.name for key in TYPES[degradation.type].keys}
            assert degradation.values.keys() <= own
