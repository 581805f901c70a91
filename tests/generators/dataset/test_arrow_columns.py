"""Tables from Arrow's own buffers are those that `pa.Table.from_pylist` makes."""

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.dataset.arrow_columns import table

SCHEMA = pa.schema(
    [
        ("word", pa.string()),
        ("number", pa.float32()),
        ("count", pa.int64()),
        ("box", pa.list_(pa.int32())),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("tuples", pa.list_(pa.struct([("key", pa.string()), ("value", pa.list_(pa.float32()))]))),
    ]
)
WORDS = st.none() | st.text(max_size=4)
NUMBERS = st.none() | st.floats(width=32, allow_nan=False)
TUPLE = st.fixed_dictionaries({"key": WORDS, "value": st.none() | st.lists(NUMBERS, max_size=3)})
IMAGE = st.fixed_dictionaries(
    {"bytes": st.none() | st.binary(max_size=5)}, optional={"path": WORDS}
)
ROW = st.fixed_dictionaries(
    {},
    optional={
        "word": WORDS,
        "number": NUMBERS,
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "box": st.none() | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
        "image": st.none() | IMAGE,
        "tuples": st.none() | st.lists(st.none() | TUPLE, max_size=3),
    },
)


@given(st.lists(ROW, max_size=20))
def test_it_is_pyarrows_own_table(rows: list[dict[str, object]]) -> None:
    made = table(rows, SCHEMA)
    made.validate(full=True)
    assert made.equals(pa.Table.from_pylist(rows, SCHEMA))


@pytest.mark.parametrize("row", [{"count": 1.5}, {"box": ["1"]}, {"number": "1"}])
def test_a_value_of_another_type_raises(row: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        table([row], SCHEMA)


def test_a_worker_does_not_import_pandas() -> None:
    script = (
        "import sys, generators.build.produce; from generators.dataset.parquet import _leaves; "
        "from generators.dataset.arrow_columns import table; "
        "from generators.dataset.schema import schema; _leaves(); table([{}], schema()); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
