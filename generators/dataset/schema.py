"""One sample as a row: the dataset's schema."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from generators.errors import InputError
from generators.images import decode_depth, decode_rgb, encode_depth, encode_rgb, pixel_hash
from generators.physics import Values
from generators.postprocess import NAMES as POSTPROCESS
from generators.randomness import five_digits
from generators.sample import Sample, needs_depth
from generators.taxonomy import SEVERITIES, TYPES, Degradation, Key, Value, scalar

REVIEW = UNREVIEWED, ACCEPTED, REJECTED = "unreviewed", "accepted", "rejected"
IMAGES = ("degraded", "clean", "depth")

Row = dict[str, Any]
"""One row of a shard as pyarrow reads and writes it: column → value."""

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_FLOATS = pa.list_(pa.float32())
_SHAPE = pa.list_(pa.int32())
_TUPLE = pa.struct(
    [("type", pa.string()), ("key", pa.string()), ("value", _FLOATS), ("shape", _SHAPE)]
)


@dataclass(frozen=True)
class Provenance:
    """The column `recipe`: what makes a row again, beside its tuples.

    Attributes:
        preset, seed, index, attempt: what the sample was drawn from.
        photograph: SHA-256 of the file, or of the scene's pixels.
        crop_box: x, y, width, height in pixels of the photograph.
        depth_hash: of the photograph's depth map, where one was given; empty for none.
        derived: per type, the values that follow from the drawn ones.
        nuisance: per type, the values drawn beside its keys.
        postprocess: noise and JPEG; empty for a preset without.
    """

    preset: str
    seed: int
    index: int
    attempt: int
    photograph: str
    crop_box: tuple[int, int, int, int]
    depth_hash: str
    derived: Mapping[str, Values]
    nuisance: Mapping[str, Values]
    postprocess: Values

    @property
    def key(self) -> tuple[int, int, int]:
        """(seed, index, attempt), which the sample's random streams follow from."""
        return self.seed, self.index, self.attempt

    def to_json(self) -> str:
        """JSON: values by name; by type and name where an image has several degradations."""
        derived, nuisance = (
            next(iter(part.values())) if len(part) == 1 else part
            for part in (self.derived, self.nuisance)
        )
        after = sorted((dict(nuisance) | dict(self.postprocess)).items())
        given_depth = {"depth_hash": self.depth_hash} if self.depth_hash else {}
        return json.dumps(
            {
                "preset": self.preset,
                "seed": self.seed,
                "index": self.index,
                "attempt": self.attempt,
                "photograph": self.photograph,
                "crop_box": self.crop_box,
                **given_depth,
                "derived": derived,
                "nuisance": dict(after),
            }
        )

    @staticmethod
    def from_json(text: str, type_names: Sequence[str]) -> "Provenance":
        """What `to_json` wrote of an image with degradations of these types.

        Raises:
            KeyError, TypeError, ValueError: a field is missing, or not what it must be.
        """
        data = json.loads(text)
        after = dict(data["nuisance"])
        nuisance = {k: v for k, v in after.items() if k not in POSTPROCESS}
        postprocess = {k: v for k, v in after.items() if k in POSTPROCESS}
        derived = data["derived"]
        if len(type_names) == 1:
            derived, nuisance = {type_names[0]: derived}, {type_names[0]: nuisance}
        return Provenance(
            data["preset"], data["seed"], data["index"], data["attempt"], data["photograph"],
            tuple(data["crop_box"]), data.get("depth_hash", ""), derived, nuisance, postprocess,
        )  # fmt: skip


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
    depth_hash: str = ""  # of the photograph's depth map, where one was given
    group: str = ""  # the scene or person of the photograph, where the source says; else empty
    review: str = UNREVIEWED


def flat_columns() -> dict[str, Key | None]:
    """The columns that repeat tuples and derived values: name → its key, None for a derived one."""
    columns: dict[str, Key | None] = {}
    for degradation in TYPES.values():
        columns |= {key.name: key for key in degradation.keys}
        columns |= dict.fromkeys(degradation.derived)
    return columns


def another_schema(there: pa.Schema) -> str | None:
    """Which column of a file is of another type than in `schema`, or None."""
    wanted = schema()
    for field in there:
        if field.name in wanted.names and field.type != wanted.field(field.name).type:
            return f"its column {field.name} is {field.type}, not {wanted.field(field.name).type}"
    return None


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
        ("group", pa.string()),
        ("source_scale", pa.float32()),
        ("crop_box", pa.list_(pa.int32())),
        ("depth_source", pa.string()),
        ("recipe", pa.string()),
        ("degraded_sha256", pa.string()),
        ("review", pa.string()),
    ]  # fmt: skip
    columns = pa.schema(fields)
    info = {"info": {"features": {field.name: _feature(field) for field in columns}}}
    return columns.with_metadata({"huggingface": json.dumps(info)})


def _feature(field: pa.Field) -> dict[str, Any]:
    """What `datasets` calls this column."""
    if field.name in IMAGES:
        return {"_type": "Image"}
    if field.name == "type":
        return {"names": list(TYPES), "_type": "ClassLabel"}
    return _plain_feature(field.type)


def _plain_feature(arrow_type: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(arrow_type):
        return {"feature": _plain_feature(arrow_type.value_type), "_type": "List"}
    if pa.types.is_struct(arrow_type):
        return {child.name: _plain_feature(child.type) for child in arrow_type}
    name = "float32" if pa.types.is_float32(arrow_type) else str(arrow_type)
    return {"dtype": name, "_type": "Value"}


def encode_row(sample: Sample, origin: Origin, draws: Mapping[str, Collection[str]]) -> Row:
    """The row of `sample`, images encoded.

    Args:
        draws: per type, the names of what the preset draws for it.
    """
    types = [one.type for one in sample.degradations]
    flat = {name: v for one in sample.degradations for name, v in _columns_of(one).items()}
    return {
        "id": origin.id,
        "degraded": _image(encode_rgb(sample.degraded)),
        "clean": _image(encode_rgb(sample.clean)),
        "type": list(TYPES).index(types[0]) if len(types) == 1 else None,
        "tuples": [
            {"type": name, "key": key, "value": _entries(value), "shape": _shape(value)}
            for name, key, value in sample.tuples
        ],
        **dict.fromkeys(flat_columns()),
        **flat,
        "depth": None if sample.depth is None else _image(encode_depth(sample.depth)),
        "severity": severity(sample.degradations),
        "source": origin.source,
        "source_id": origin.source_id,
        "group": origin.group or None,
        "source_scale": origin.source_scale,
        "crop_box": list(origin.crop_box),
        "depth_source": origin.depth_source,
        "recipe": _provenance(sample, origin, draws).to_json(),
        "degraded_sha256": pixel_hash(sample.degraded),
        "review": origin.review,
    }


def _columns_of(one: Degradation) -> Values:
    """The values of a degradation that have columns of their own."""
    return {**one.parameters, **{name: one.values[name] for name in TYPES[one.type].derived}}


def _provenance(sample: Sample, origin: Origin, draws: Mapping[str, Collection[str]]) -> Provenance:
    derived: dict[str, Values] = {}
    nuisance: dict[str, Values] = {}
    for one in sample.degradations:
        rest = {k: v for k, v in one.values.items() if k not in one.parameters}
        drawn = draws.get(one.type, ())
        derived[one.type] = {name: value for name, value in rest.items() if name not in drawn}
        nuisance[one.type] = {name: value for name, value in rest.items() if name in drawn}
    return Provenance(
        origin.preset, origin.seed, origin.index, origin.attempt, origin.photograph,
        origin.crop_box, origin.depth_hash, derived, nuisance, sample.postprocess,
    )  # fmt: skip


def types_of(record: Row) -> tuple[str, ...]:
    """Names of the types of a row's degradations, in the order of its tuples.

    Raises:
        KeyError, IndexError, TypeError: the row lacks columns, or its type is no known one.
    """
    in_tuples = tuple(dict.fromkeys(triple["type"] for triple in record["tuples"]))
    # A type without keys has no tuples; an image with several degradations has no one type.
    return in_tuples if record["type"] is None else (list(TYPES)[record["type"]],)


def provenance_of(record: Row) -> Provenance:
    """The column `recipe` of a row, which also has `type` and `tuples`.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the row is malformed.
    """
    return Provenance.from_json(record["recipe"], types_of(record))


def degradations_of(record: Row, provenance: Provenance) -> tuple[Degradation, ...]:
    """What a row was rendered from: its tuples, derived values and nuisance; no image is read.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the row is malformed.
    """
    values: dict[str, dict[str, Value]] = {name: {} for name in types_of(record)}
    for triple in record["tuples"]:
        entries = tuple(five_digits(entry) for entry in triple["value"])
        values[triple["type"]][triple["key"]] = entries if triple["shape"] else entries[0]
    return tuple(
        Degradation(name, {**given, **provenance.derived[name], **provenance.nuisance[name]})
        for name, given in values.items()
    )


class RowError(ValueError):
    """A row holds no sample; the message says why, but not which row it is."""


def decode_row(record: Row) -> tuple[Sample, Provenance]:
    """The sample that a row holds, images decoded, and what it was made from.

    Raises:
        RowError: an image or the depth map cannot be decoded, or the row is malformed.
    """
    try:
        types, provenance = types_of(record), provenance_of(record)
        degradations = degradations_of(record, provenance)
        clean, degraded = (decode_rgb(record[column]["bytes"]) for column in ("clean", "degraded"))
        stored_depth = record["depth"]["bytes"] if needs_depth(types) and record["depth"] else b""
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise RowError(f"malformed ({type(error).__name__}: {error})") from None
    if clean is None or degraded is None:
        broken = "clean" if clean is None else "degraded"
        raise RowError(f"clean and degraded are not two images: {broken} is not an RGB image")
    if clean.shape != degraded.shape:
        raise RowError("clean and degraded are not two images of one size")
    depth = decode_depth(stored_depth) if needs_depth(types) else None
    if needs_depth(types) and (depth is None or depth.shape != clean.shape[:2]):
        raise RowError("depth is not a 16-bit image of the clean one's size")
    for one in degradations:
        lost = {key.name for key in TYPES[one.type].keys} - set(one.values)
        if lost:
            raise RowError(f"no tuple of {', '.join(sorted(lost))}")
    return Sample(degradations, clean, degraded, depth, provenance.postprocess), provenance


def sample_of(record: Row, where: str) -> tuple[Sample, Provenance]:
    """The sample that a row of a finished dataset holds, and what it was made from.

    Args:
        where: names the file, for messages.

    Raises:
        InputError: as `decode_row`; the message names the row.
    """
    try:
        return decode_row(record)
    except RowError as error:
        raise InputError(
            f"{where}: row {record.get('id')}: {error}; run dubench verify on the dataset"
        ) from None


def severity(degradations: Sequence[Degradation]) -> str | None:
    """`slight`, `moderate` or `severe`, by the taxonomy's bounds; None if there is no harm.

    Of several degradations, that of the worst.
    """
    grades = [
        rule.grade(scalar(one.values, rule.of))
        for one in degradations
        if (rule := TYPES[one.type].severity) is not None
    ]
    return max(grades, key=SEVERITIES.index, default=None)


def _image(data: bytes) -> dict[str, bytes | None]:
    return {"bytes": data, "path": None}


def _entries(value: Value) -> list[float]:
    return list(value) if isinstance(value, tuple) else [value]


def _shape(value: Value) -> list[int]:
    return [len(value)] if isinstance(value, tuple) else []
