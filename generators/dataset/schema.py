"""One sample as a row: the dataset's schema."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from generators import postprocess
from generators.images import encode_depth, encode_rgb, pixel_hash
from generators.randomness import five_digits
from generators.sample import Sample
from generators.taxonomy import TYPES, Key, Value

REVIEW = ("unreviewed", "accepted", "rejected")
IMAGES = ("degraded", "clean", "depth")

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_FLOATS = pa.list_(pa.float32())
_SHAPE = pa.list_(pa.int32())
_TUPLE = pa.struct(
    [("type", pa.string()), ("key", pa.string()), ("value", _FLOATS), ("shape", _SHAPE)]
)


@dataclass(frozen=True)
class Origin:
    """Where a sample comes from: everything a row says beside the sample itself."""

    id: str
    preset: str
    seed: int
    index: int
    attempt: int
    source: str
    source_id: str
    photograph: str  # SHA-256 of the file, or of the scene's pixels
    crop_box: tuple[int, int, int, int]  # x, y, width, height in pixels of the photograph
    source_scale: float  # pixels of the sample per pixel of the photograph
    depth_source: str | None
    review: str = REVIEW[0]


def flat_columns() -> dict[str, Key | None]:
    """The columns that repeat tuples and derived values: name → its key, None for a derived one."""
    columns: dict[str, Key | None] = {}
    for kind in TYPES.values():
        columns |= {key.name: key for key in kind.keys}
        columns |= dict.fromkeys(kind.derived)
    return columns


def schema() -> pa.Schema:
    """The Arrow schema, with the features that `datasets` reads from its metadata."""
    fields = [
        ("id", pa.string()),
        ("degraded", _IMAGE),
        ("clean", _IMAGE),
        ("type", pa.int64()),
        ("tuples", pa.list_(_TUPLE)),
        *((name, _FLOATS if key and key.kind == "vector" else pa.float32())
          for name, key in flat_columns().items()),
        ("depth", _IMAGE),
        ("severity", pa.string()),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("source_scale", pa.float32()),
        ("crop_box", pa.list_(pa.int32())),
        ("depth_source", pa.string()),
        ("recipe", pa.string()),
        ("degraded_sha256", pa.string()),
        ("review", pa.string()),
    ]  # fmt: skip
    made = pa.schema(fields)
    info = {"info": {"features": {field.name: _feature(field) for field in made}}}
    return made.with_metadata({"huggingface": json.dumps(info)})


def _feature(field: pa.Field) -> dict[str, Any]:
    """What `datasets` calls this column."""
    if field.name in IMAGES:
        return {"_type": "Image"}
    if field.name == "type":
        return {"names": list(TYPES), "_type": "ClassLabel"}
    return _plain_feature(field.type)


def _plain_feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        return {"feature": _plain_feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {child.name: _plain_feature(child.type) for child in kind}
    name = "float32" if pa.types.is_float32(kind) else str(kind)
    return {"dtype": name, "_type": "Value"}


def row(sample: Sample, origin: Origin, drawn: Iterable[str]) -> dict[str, Any]:
    """The row of `sample`, images encoded. `drawn` names what the preset draws for its type."""
    kind = TYPES[sample.type]
    keys = {key.name for key in kind.keys}
    nuisance = {*drawn, *postprocess.NAMES} & set(sample.values) - keys
    made: dict[str, Any] = {
        "id": origin.id,
        "degraded": _picture(encode_rgb(sample.degraded)),
        "clean": _picture(encode_rgb(sample.clean)),
        "type": list(TYPES).index(sample.type),
        "tuples": [
            {"type": sample.type, "key": key, "value": _entries(value), "shape": _shape(value)}
            for _, key, value in sample.tuples
        ],
        **dict.fromkeys(flat_columns()),
        **{name: sample.values[name] for name in (*keys, *kind.derived)},
        "depth": None if sample.depth is None else _picture(encode_depth(sample.depth)),
        "severity": severity(sample.type, sample.values),
        "source": origin.source,
        "source_id": origin.source_id,
        "source_scale": origin.source_scale,
        "crop_box": list(origin.crop_box),
        "depth_source": origin.depth_source,
        "recipe": json.dumps(
            {
                "preset": origin.preset,
                "seed": origin.seed,
                "index": origin.index,
                "attempt": origin.attempt,
                "photograph": origin.photograph,
                "crop_box": origin.crop_box,
                "derived": {
                    name: value
                    for name, value in sample.values.items()
                    if name not in keys | nuisance
                },
                "nuisance": {name: sample.values[name] for name in sorted(nuisance)},
            }
        ),
        "degraded_sha256": pixel_hash(sample.degraded),
        "review": origin.review,
    }
    return made


def values_of(made: Mapping[str, Any]) -> dict[str, Value]:
    """The values a row was rendered from: its tuples, derived values and nuisance."""
    recipe = json.loads(made["recipe"])
    values: dict[str, Value] = {}
    for triple in made["tuples"]:
        entries = tuple(five_digits(entry) for entry in triple["value"])
        values[triple["key"]] = entries if triple["shape"] else entries[0]
    return values | recipe["derived"] | recipe["nuisance"]


def severity(kind: str, values: Mapping[str, Value]) -> str | None:
    """`slight`, `moderate` or `severe`, by the taxonomy's bounds; None if there is no harm."""
    rule = TYPES[kind].severity
    if rule is None:
        return None
    value = values[rule.of]
    assert isinstance(value, float)
    return rule.grade(value)


def _picture(data: bytes) -> dict[str, bytes | None]:
    return {"bytes": data, "path": None}


def _entries(value: Value) -> list[float]:
    return list(value) if isinstance(value, tuple) else [value]


def _shape(value: Value) -> list[int]:
    return [len(value)] if isinstance(value, tuple) else []
