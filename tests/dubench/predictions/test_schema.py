"""The JSON Schema and the reader agree on what a well-formed line is."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dubench.predictions.file import read
from dubench.predictions.schema import schema
from generators import presets
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

from .test_file import GOOD

VALIDATOR = Draft202012Validator(schema())

number = st.sampled_from([0, 1, 3.5, -1, 1e9, -1e9, 1.1e9, -(10**10)])
odd = st.sampled_from([None, True, "3", {}, [], [1, "2"]])
value = (
    number
    | odd
    | st.lists(number, min_size=1, max_size=1)
    | st.lists(number, min_size=8, max_size=10)
    | st.lists(st.lists(number, min_size=3, max_size=3), min_size=2, max_size=3)
    | st.lists(st.lists(number, max_size=3), min_size=1, max_size=3)
)
# Of common names the schema says nothing: it leaves them to the reader.
key = st.sampled_from([*KEYS, "radius", ""])
type_ = st.sampled_from([*TYPES, "noise", ""])
entry = st.fixed_dictionaries(
    {"type": type_, "key": key, "value": value},
    optional={"shape": st.lists(st.just(3), max_size=2), "unit": st.just("px")},
)
triple = st.tuples(type_, key, value).map(list) | st.lists(type_ | key | value, max_size=4) | entry
path = st.sampled_from(["a.png", ""]) | odd
# Nor does it say that probabilities sum to 1, or that low is below high.
pair = st.tuples(number, number).map(sorted) | odd
ranges = st.dictionaries(
    st.sampled_from(list(KEYS)), pair | st.lists(pair, min_size=8, max_size=10)
)
ends = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted) | odd
key_ranges = st.dictionaries(st.sampled_from([*KEYS, "radius"]), ends)
shares = st.sampled_from([0, 1, 1.5, -0.1]) | odd
probabilities = st.fixed_dictionaries(
    {"haze": st.just(1)},
    optional={"none": shares.filter(lambda share: share != 1), "blur": st.just(0)},
)
usage = st.dictionaries(st.sampled_from(["input_tokens", "cost_usd", "seconds"]), number)
fields = {
    "type": type_ | odd,
    "parameters": st.dictionaries(key, value, max_size=3) | odd,
    "tuples": st.lists(triple, max_size=3) | odd,
    "output": st.sampled_from(["", "[T-blur]", '{"type": "blur"}']) | odd,
    "type_probabilities": probabilities | odd,
    "ranges": ranges | odd,
    "restored": path,
    "maps": st.dictionaries(st.sampled_from(["transmission", "gamma"]), path, max_size=2) | odd,
    "latency_s": number | odd,
    "usage": usage | odd,
    "confidence": number,
}
delta = st.sampled_from([0.01, 0.05, 1, 0, -1, 2, "0.1", None])
meta = (
    st.dictionaries(st.sampled_from(["model", "x"]), value, max_size=2)
    | st.fixed_dictionaries({"delta": delta})
    | st.fixed_dictionaries({"key_ranges": key_ranges | odd})
)
# One form, and of the rest a few, so that many of the lines are good ones.
form = st.sampled_from([("type",), ("type", "parameters"), ("tuples",), ("output",), ()])
line = form.flatmap(
    lambda form: st.fixed_dictionaries(
        {name: fields[name] for name in form},
        optional={"id": st.sampled_from(["a", "b", "", None])}
        | {name: some for name, some in fields.items() if name not in form},
    )
)
good = st.fixed_dictionaries(
    {"id": st.just("a"), "type": st.sampled_from(list(TYPES))},
    optional={
        "parameters": st.dictionaries(key, value, max_size=2),
        "type_probabilities": probabilities,
        "ranges": ranges,
        "latency_s": number,
        "usage": usage,
    },
)
tuples = st.fixed_dictionaries({"id": st.just("a"), "tuples": st.lists(triple, max_size=2)})
records = line | good | tuples | st.fixed_dictionaries({"meta": meta | odd})


def accepted(path: Path, record: object) -> bool:
    text = json.dumps(record)
    path.write_text(f"{text}\n" + (GOOD if "meta" in record else ""))
    try:
        read(path)
    except InputError:
        return False
    return True


@given(records)
@settings(max_examples=300, deadline=None)
def test_schema_and_reader_agree(tmp_path_factory, record) -> None:
    file = tmp_path_factory.getbasetemp() / "schema.jsonl"
    assert VALIDATOR.is_valid(record) == accepted(file, record), record


def test_it_is_a_schema_and_names_every_key() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()
    assert set(schema()["$defs"]) == set(KEYS)


def test_the_examples_of_the_page_are_valid(tmp_path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "predictions.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith('{"')]
    assert len(lines) >= 4
    for text in lines:
        assert VALIDATOR.is_valid(json.loads(text)), text
    file = tmp_path / "preds.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    assert all(one.degradations and not one.extra for one in read(file).by_id.values())


def test_descriptions_give_a_presets_ranges() -> None:
    wide = schema(presets.load("du110k-real").keys)
    assert "0.6 to 9" in wide["$defs"]["sigma"]["description"]
    assert "1 to 9" in schema()["$defs"]["sigma"]["description"]
