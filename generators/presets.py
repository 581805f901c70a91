"""The sampling distributions: a preset is a small TOML file that a user copies and changes."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from generators import distributions
from generators.errors import InputError
from generators.randomness import five_digits
from generators.taxonomy import KEYS, TYPES, DegradationType, Key, Value
from generators.typed_json import from_json

# Fields of [capture]: each amount, and how often it happens; the first two must be there.
POSTPROCESS = {
    "noise": "noise_share",
    "jpeg_quality": "jpeg_share",
    "sharpening": "sharpening_share",
}
POSTPROCESS_BOUNDS = {"noise": (0, 64), "jpeg_quality": (1, 100), "sharpening": (0, 300)}
RECORDED = {"noise": "capture_noise"}
"""What a row calls a field of [capture], where not by its own name."""

SUBSAMPLING, SUBSAMPLINGS = "jpeg_subsampling", (420, 422, 444)
"""JPEG's chroma: halved along both axes, along rows alone, or whole. 420 where nothing is said."""

PHOTOGRAPH = {"resizing": "resizing_share"}
RESIZING_BOUNDS = (0.25, 1.5)
GAINS, VARIANCES = ("red_gain", "blue_gain"), ("shot_noise", "read_noise")
"""Of low light, nuisance values that its physics divides by, and that it takes the root of."""

FOLDER = Path(__file__).parent / "data" / "presets"
MOST_WEIGHT = 100


@dataclass(frozen=True)
class Preset:
    """Which types a dataset holds, and how their values are drawn.

    Attributes:
        name: recorded with every row.
        types: names of degradation types.
        draws: per type, the distribution of each key and nuisance value, as in the TOML file.
        postprocess: the section [capture]: noise, sharpening and JPEG for every image alike; may be
            empty.
        photograph: the section [photograph]: by how much clean photographs are resized; may be
            empty.
        weights: how many times as many samples a type has; 1 where it is not named.
    """

    name: str
    types: tuple[str, ...]
    draws: Mapping[str, Mapping[str, Any]]
    postprocess: Mapping[str, Any] = field(default_factory=dict)
    photograph: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def cycle(self) -> tuple[str, ...]:
        """The types, each as often as its weight says: a split holds whole cycles."""
        return tuple(name for name in self.types for _ in range(self.weights.get(name, 1)))

    @cached_property
    def keys(self) -> dict[str, Key]:
        """Every key of the taxonomy by its name, with the range that it has here: the taxonomy's,
        or a wider one where more is drawn. Grids, schemas, prompts and checks go by it."""
        return {
            key.name: _widened(key, self.draws.get(entry.name, {}))
            for entry in TYPES.values()
            for key in entry.keys
        }

    @cached_property
    def own_ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges of `keys` that are not the taxonomy's: low and high by name."""
        ranges = {name: (key.low, key.high) for name, key in self.keys.items()}
        return {n: ends for n, ends in ranges.items() if ends != (KEYS[n].low, KEYS[n].high)}

    def draw(
        self, type_name: str, rng: np.random.Generator, given: Mapping[str, Value] | None = None
    ) -> dict[str, Value]:
        """Draw every value of a type in the file's order, rounded to five digits.

        A value in `given` replaces its draw, or joins them where the preset draws another in its
        place; the others stay what they would have been.
        """
        if type_name not in self.draws and TYPES[type_name].keys:
            raise InputError(f"preset {self.name} says nothing about {type_name}")
        values: dict[str, Value] = {}
        for name, distribution in self.draws.get(type_name, {}).items():
            drawn = distributions.draw(distribution, rng, values)
            values[name] = given[name] if given and name in given else _rounded(drawn)
        return values | dict(given or {})

    def draw_postprocess(self, rng: np.random.Generator) -> dict[str, Value]:
        """`capture_noise`, `jpeg_quality` and what else [capture] names, 0 where left out.

        Empty for a preset without that section.
        """
        section, values = self.postprocess, dict[str, Value]()
        for name, share in POSTPROCESS.items():
            if name not in section:
                continue
            happens = rng.random() < section[share]
            drawn = distributions.number(section[name], rng, {})
            amount = drawn if happens else 0.0
            whole = name != "noise"
            values[RECORDED.get(name, name)] = (
                float(round(amount)) if whole else five_digits(amount)
            )
        if SUBSAMPLING in section:
            values[SUBSAMPLING] = float(distributions.number(section[SUBSAMPLING], rng, {}))
        return values

    def draw_resizing(self, rng: np.random.Generator) -> float:
        """Pixels of a sample per pixel of its photograph that are aimed at; 1 where left as it is.

        A preset without the section [photograph] draws nothing.
        """
        if not self.photograph or rng.random() >= self.photograph["resizing_share"]:
            return 1.0
        return distributions.number(self.photograph["resizing"], rng, {})

    def to_json(self) -> dict[str, Any]:
        """The whole preset as plain data, for recipe.json."""
        return {
            "name": self.name,
            "types": list(self.types),
            "draws": dict(self.draws),
            "capture": dict(self.postprocess),
            **{
                n: dict(part)
                for n, part in (("photograph", self.photograph), ("weights", self.weights))
                if part
            },
        }

    @staticmethod
    def from_json(data: object, where: str) -> "Preset":
        """The reverse of `to_json`.

        Args:
            where: names the file, for messages.

        Raises:
            InputError: a field is missing, unknown or wrong; the message names it.
        """
        preset = from_json(_PresetJson, data, where)
        return _checked(preset, where)


@dataclass(frozen=True)
class _PresetJson:
    """The preset's fields by their names in recipe.json."""

    name: Any
    types: Any
    draws: Mapping[str, Any]
    capture: Any
    photograph: Any = field(default_factory=dict)
    weights: Any = field(default_factory=dict)


def load(name: str) -> Preset:
    """The bundled preset called `name`, or the one in the TOML file at that path.

    Raises:
        InputError: no such preset or file, or a field of it is wrong (named in the message).
    """
    bundled = FOLDER / f"{name}.toml"
    path = bundled if bundled.is_file() else Path(name)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.toml")))
        raise InputError(
            f"unknown preset {name!r}; use one of: {known}, or the path of your own .toml file"
        )
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None
    base = data.pop("extends", None)
    if base is not None and not (FOLDER / f"{base}.toml").is_file():
        raise InputError(f"{path}: extends = {base!r}: only a bundled preset can be extended")
    inherited = load(base).to_json() if base else {"types": None, "draws": {}, "capture": {}}
    fields = {
        name: data.pop(name, inherited.get(name, {}))
        for name in ("types", "capture", "photograph", "weights")
    }
    name = data.pop("name", path.stem)
    draws = inherited["draws"] | {
        section: _merged(section, inherited["draws"].get(section, {}), mine)
        for section, mine in data.items()
    }
    return _checked(_PresetJson(name, draws=draws, **fields), str(path))


def _merged(type_name: str, base: Mapping[str, Any], mine: Any) -> Any:
    """A section that says what `mine` says, and the rest of what `base` says."""
    if not isinstance(mine, dict) or type_name not in TYPES:
        return mine  # refused later, by name
    stand_ins = TYPES[type_name].stand_ins
    kept = {name: spec for name, spec in base.items() if stand_ins.get(name) not in mine}
    return kept | mine


def _checked(given: _PresetJson, where: str) -> Preset:
    """The preset of these fields; raises InputError where one is wrong."""
    name, draws = given.name, given.draws
    types = list(given.types) if isinstance(given.types, list | tuple) else given.types
    if not isinstance(name, str) or not name:
        raise InputError(f"{where}: name must be a word")
    known_types = isinstance(types, list) and all(name in list(TYPES) for name in types)
    if not known_types or not types or len(set(types)) != len(types):
        raise InputError(f"{where}: types must be a list of different types: {', '.join(TYPES)}")
    for type_name in types:
        known = TYPES[type_name]
        section = draws.get(type_name, {} if not known.keys else None)
        if not isinstance(section, dict):
            raise InputError(f"{where}: the section [{type_name}] is missing")
        for needed in (*(key.name for key in known.keys), *known.nuisance):
            if needed not in section and known.stand_ins.get(needed) not in section:
                raise InputError(f"{where}: [{type_name}] lacks {needed}")
    for type_name, section in draws.items():
        if type_name not in TYPES or not isinstance(section, dict):
            raise InputError(f"{where}: unknown section [{type_name}]; known: {', '.join(TYPES)}")
        for entry, distribution in section.items():
            distributions.check(distribution, section, f"{where}: {type_name}.{entry}")
            _check_range(TYPES[type_name], entry, distribution, f"{where}: {type_name}.{entry}")
    _check_postprocess(given.capture, f"{where}: capture")
    _check_photograph(given.photograph, f"{where}: photograph")
    _check_weights(given.weights, types, f"{where}: weights")
    return Preset(
        name, tuple(types), json.loads(json.dumps(draws)), given.capture, given.photograph,
        dict(given.weights),
    )  # fmt: skip


def _check_weights(weights: Any, types: list[str], where: str) -> None:
    if not isinstance(weights, Mapping):
        raise InputError(f"{where} must be whole numbers by type, for example {{ none = 2 }}")
    for name, weight in weights.items():
        if name not in types:
            raise InputError(f"{where}: {name} is not one of the types: {', '.join(types)}")
        if type(weight) is not int or not 1 <= weight <= MOST_WEIGHT:
            raise InputError(f"{where}.{name} must be a whole number from 1 to {MOST_WEIGHT}")


def _check_postprocess(capture: Any, where: str) -> None:
    """Raise InputError unless `capture` is empty or has its fields, within bounds."""
    if not isinstance(capture, dict):
        raise InputError(f"{where} must be a section")
    if not capture:
        return
    there = {"noise", "jpeg_quality"} | (capture.keys() & POSTPROCESS.keys())
    wanted = there | {POSTPROCESS[name] for name in there} | (capture.keys() & {SUBSAMPLING})
    if set(capture) != wanted:
        wrong = ", ".join(sorted(set(capture) ^ wanted))
        raise InputError(f"{where}: missing or unknown: {wrong}")
    for name in POSTPROCESS:
        if name in there:
            _check_amount(capture, name, POSTPROCESS[name], POSTPROCESS_BOUNDS[name], where)
    if SUBSAMPLING in capture:
        distributions.check(capture[SUBSAMPLING], capture, f"{where}.{SUBSAMPLING}")
        if not set(capture[SUBSAMPLING].get("choice", [0])) <= set(SUBSAMPLINGS):
            known = ", ".join(map(str, SUBSAMPLINGS))
            raise InputError(f"{where}.{SUBSAMPLING} must be a choice of {known}")


def _check_photograph(section: Any, where: str) -> None:
    """Raise InputError unless `section` is empty or says how photographs are resized."""
    if not isinstance(section, dict):
        raise InputError(f"{where} must be a section")
    if not section:
        return
    wanted = {*PHOTOGRAPH, *PHOTOGRAPH.values()}
    if set(section) != wanted:
        wrong = ", ".join(sorted(set(section) ^ wanted))
        raise InputError(f"{where}: missing or unknown: {wrong}")
    for name, share in PHOTOGRAPH.items():
        _check_amount(section, name, share, RESIZING_BOUNDS, where)


def _check_amount(
    section: Mapping[str, Any], name: str, share: str, ends: tuple[float, float], where: str
) -> None:
    """Raise InputError unless `name` is drawn within `ends`, as often as `share` says."""
    distributions.check(section[name], section, f"{where}.{name}")
    bounds = distributions.bounds(section[name])
    low, high = ends
    if not bounds or not low <= bounds[0] <= bounds[1] <= high:
        raise InputError(f"{where}.{name} must lie within {low} and {high}")
    if not isinstance(section[share], int | float) or not 0 <= section[share] <= 1:
        raise InputError(f"{where}.{share} must be a share from 0 to 1")


def _check_range(
    degradation: DegradationType, field: str, spec: Mapping[str, Any], where: str
) -> None:
    """Raise InputError if a key's distribution can leave the widest range a preset may give it, or
    that of a gain or variance the numbers that it can be."""
    if field in GAINS and not distributions.positive(spec):
        raise InputError(f"{where} must be numbers above 0")
    if field in VARIANCES and not distributions.positive(spec, or_zero=True):
        raise InputError(f"{where} must be numbers of at least 0")
    key = next((key for key in degradation.keys if key.name == field), None)
    if key is None:
        return
    ends = distributions.bounds(spec)
    if ends is None:
        raise InputError(f"{where}: a power law has no bounds; give {field} a range")
    low, high = key.widest or (key.low, key.high)
    widest = replace(key, low=low, high=high)
    try:
        for value in spec.get("choice") or spec.get("mixture") or ends:
            widest.check(value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _widened(key: Key, section: Mapping[str, Any]) -> Key:
    """`key` with a range that holds all that a preset's section draws for it."""
    ends = distributions.bounds(section[key.name]) if key.name in section else None
    if ends is None:
        return key
    return replace(key, low=min(key.low, ends[0]), high=max(key.high, ends[1]))


def _rounded(value: float | list[float]) -> Value:
    return tuple(map(five_digits, value)) if isinstance(value, list) else five_digits(value)
