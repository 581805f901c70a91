"""One line of preds.jsonl: a JSON object as a prediction, or as the meta line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dubench.predictions.answer import MOST, Answer, from_parameters, from_tuples, is_number
from dubench.predictions.certainty import Range, ranges_of, type_probabilities_of
from dubench.predictions.grammar import DELTA, TAXONOMY, GrammarError, Grid, steps
from dubench.predictions.reading.free_text import understand
from dubench.text import Repeated, brief, is_text, pairs_of
from generators.errors import InputError
from generators.taxonomy import KEYS, Degradation

FORMS = ("type", "tuples", "output")
FIELDS = (
    "id", "type", "parameters", "tuples", "output",
    "type_probabilities", "ranges", "restored", "maps", "latency_s", "usage",
)  # fmt: skip
MAPS = tuple(key.name for key in KEYS.values() if key.kind == "map")
META_LEVELS = 20
USAGE = ("input_tokens", "output_tokens", "cost_usd")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer about one image.

    Attributes:
        id: the image's.
        line: where it stands in the file, counted from 1.
        degradations: as in `Answer`; empty where nothing is usable: an unknown type, or an output
            that could not be parsed.
        extra: what makes the set of keys wrong whatever else is right, as in `Answer`.
        failure: why `output` could not be parsed; None otherwise.
        type_probabilities: of every type of the taxonomy, 1 together; None where not given.
        ranges: key → its central 90 % range, of keys of any type; empty where not given.
        restored: path of the restored image, as written.
        maps: key → path of its map, as written.
        latency_s: seconds the model took, at least 0.
        usage: what the model took of USAGE, at least 0 each; empty where not given.
    """

    id: str
    line: int
    degradations: tuple[Degradation, ...]
    extra: tuple[str, ...] = ()
    failure: str | None = None
    type_probabilities: Mapping[str, float] | None = None
    ranges: Mapping[str, Range] = field(default_factory=dict)
    restored: str | None = None
    maps: Mapping[str, str] = field(default_factory=dict)
    latency_s: float | None = None
    usage: Mapping[str, float] = field(default_factory=dict)


def prediction_of(record: dict[str, Any], line: int, grid: Grid = TAXONOMY) -> Prediction:
    """Make a prediction of one line's object.

    Args:
        record: the decoded object.
        line: where it stands.
        grid: of the token grammar in `output`.

    Raises:
        InputError: a field is missing, unknown, repeated, or not what it must be; the message
            names the field, and leaves the line to the caller.
    """
    _check_fields(record)
    name = record.get("id")
    if not is_text(name):
        wrong = f"id={brief(name)} is not a name" if "id" in record else "no id"
        raise InputError(f'{wrong}; each prediction names its image: "id": "du-00000042"')
    answer, failure = _answer(record, grid)
    return Prediction(
        name, line, answer.degradations, answer.extra, failure,
        type_probabilities_of(record["type_probabilities"])
        if "type_probabilities" in record
        else None,
        ranges_of(record["ranges"]) if "ranges" in record else {},
        _restored(record), _maps(record), _latency(record), _usage(record),
    )  # fmt: skip


def _check_fields(record: dict[str, Any]) -> None:
    if isinstance(record, Repeated):
        raise InputError(f"the field {brief(record.repeated)} is given twice; keep one")
    for name in record:
        if name not in FIELDS:
            if name == "meta":
                raise InputError("the meta line must be the first line, alone; move it there")
            raise InputError(f"unknown field {brief(name)}; the fields are: {', '.join(FIELDS)}")
    forms = [name for name in FORMS if name in record]
    if len(forms) != 1:
        given = " and ".join(forms) or "none of them"
        raise InputError(f"has {given}; give one of type (with parameters), tuples or output")
    if "parameters" in record and forms != ["type"]:
        raise InputError(f"parameters stand beside {forms[0]}; they go with type")


def _answer(record: dict[str, Any], grid: Grid) -> tuple[Answer, str | None]:
    if "output" in record:
        text = record["output"]
        if not isinstance(text, str):
            raise InputError(f"output={brief(text)} is not a string; give the model's raw text")
        try:
            return understand(text, grid), None
        except ValueError as error:
            return Answer(()), " ".join(str(error).split())
    if "tuples" in record:
        if not isinstance(record["tuples"], list):
            raise InputError('tuples is not a list; write [["blur", "sigma", 3.1]]')
        return from_tuples(record["tuples"]), None
    type_name, parameters = record["type"], record.get("parameters", {})
    if not isinstance(type_name, str):
        raise InputError(f"type={brief(type_name)} is not a string; leave out what has no answer")
    if not isinstance(parameters, dict):
        raise InputError('parameters is not an object; write {"sigma": 3.1}')
    return from_parameters(type_name, pairs_of(parameters)), None


def _restored(record: dict[str, Any]) -> str | None:
    path = record.get("restored")
    if "restored" in record and not is_text(path):
        raise InputError(f"restored={brief(path)} is not a path; leave it out if there is none")
    return path


def _maps(record: dict[str, Any]) -> dict[str, str]:
    maps = record.get("maps", {})
    if not isinstance(maps, dict) or isinstance(maps, Repeated):
        raise InputError('maps is not an object of paths; write {"transmission": "t.png"}')
    for name, path in maps.items():
        if name not in MAPS:
            raise InputError(f"maps has {brief(name)}; the keys with a map are: {', '.join(MAPS)}")
        if not is_text(path):
            raise InputError(f"maps.{name}={brief(path)} is not a path; leave it out")
    return maps


def _latency(record: dict[str, Any]) -> float | None:
    if "latency_s" not in record:
        return None
    seconds = record["latency_s"]
    if not _is_amount(seconds):
        raise InputError(f"latency_s={brief(seconds)} is not a number of seconds; leave it out")
    return float(seconds)


def _usage(record: dict[str, Any]) -> dict[str, float]:
    usage = record.get("usage", {})
    if not isinstance(usage, dict) or isinstance(usage, Repeated):
        raise InputError('usage is not an object of numbers; write {"input_tokens": 900}')
    for name, amount in usage.items():
        if name not in USAGE:
            raise InputError(f"usage has {brief(name)}; it may have: {', '.join(USAGE)}")
        if not _is_amount(amount):
            raise InputError(f"usage.{name}={brief(amount)} is not an amount; leave it out")
    return usage


def _is_amount(number: Any) -> bool:
    return is_number(number) and 0 <= number <= MOST


def meta_of(record: dict[str, Any]) -> tuple[dict[str, Any], Grid]:
    """The meta line's object, and the grid of the grammar that it names: see `grid_of`.

    Raises InputError where it is not an object alone, cannot be written down again, or as
    `grid_of`.
    """
    meta = record["meta"]
    if len(record) > 1 or not isinstance(meta, dict):
        raise InputError('the meta line is not {"meta": {…}} alone; put predictions below it')
    _check_meta(meta, META_LEVELS)
    return meta, grid_of(meta)


def grid_of(meta: Mapping[str, Any]) -> Grid:
    """The grid that `delta` and `key_ranges` of a meta line name; the taxonomy's where they do not.

    Raises InputError where 1/Δ is not whole, or a range is not of a key, or not low and high.
    """
    delta, ranges = meta.get("delta", DELTA), meta.get("key_ranges", {})
    try:
        steps(delta)
    except GrammarError as error:
        raise InputError(f"meta.delta: {error}") from None
    if not isinstance(ranges, Mapping):
        raise InputError('meta.key_ranges is not an object; write {"sigma": [0.6, 9]}')
    for name, ends in ranges.items():
        if name not in KEYS:
            raise InputError(f"meta.key_ranges has {brief(name)}; the keys are: {', '.join(KEYS)}")
        pair = ends if isinstance(ends, list | tuple) and len(ends) == 2 else ()
        numbers = [end for end in pair if type(end) in (int, float) and abs(end) <= MOST]
        if len(numbers) != 2 or not numbers[0] < numbers[1]:
            raise InputError(f"meta.key_ranges.{name}={brief(ends)} is not [low, high]")
    return Grid(float(delta), {name: (float(a), float(b)) for name, (a, b) in ranges.items()})


def _check_meta(value: Any, levels: int) -> None:
    """Scores and boards carry the meta line on: it must be plain."""
    if not levels:
        raise InputError(f"meta is nested deeper than {META_LEVELS} levels; make it flat")
    if isinstance(value, Repeated):
        raise InputError("meta gives a name twice; keep one")
    if isinstance(value, dict | list):
        for entry in [*value, *value.values()] if isinstance(value, dict) else value:
            _check_meta(entry, levels - 1)
    elif value and isinstance(value, str) and not is_text(value):
        raise InputError(f"meta has {brief(value)}, which is not text; write it in plain letters")
    elif isinstance(value, float) and abs(value) == float("inf"):
        raise InputError("meta has a number beyond all bounds; write it as a string")
