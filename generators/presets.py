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

# Fields of [capture]: each amount, and how often it happens.
POSTPROCESS = {"noise": "noise_share", "jpeg_quality": "jpeg_share"}
POSTPROCESS_BOUNDS = {"noise": (0, 64), "jpeg_quality": (1, 100)}
FOLDER = Path(__file__).parent / "data" / "presets"
MOST_WEIGHT = 100


@dataclass(frozen=True)
class Preset:
    """Which types a dataset holds, and how their values are drawn.

    Attributes:
        name: recorded with every row.
        types: names of degradation types.
        draws: per type, the distribution of each key and nuisance value, as in the TOML file.
        postprocess: the section [capture]: noise and JPEG for every image alike; may be empty.
        weights: how many times as many samples a type has; 1 where it is not named.
    """

    name: str
    types: tuple[str, ...]
    draws: Mapping[str, Mapping[str, Any]]
    postprocess: Mapping[str, Any] = field(default_factory=dict)
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
        """`capture_noise` and `jpeg_quality`, 0 where left out; empty for a preset without."""
        if not self.postprocess:
            return {}
        drawn = []
        for value, share in POSTPROCESS.items():
            happens = rng.random() < self.postprocess[share]
            amount = distributions.number(self.postprocess[value], rng, {})
            drawn.append(amount if happens else 0.0)
        noise, quality = drawn
        return {"capture_noise": five_digits(noise), "jpeg_quality": float(round(quality))}

    def to_json(self) -> dict[str, Any]:
        """The whole preset as plain data, for recipe.json."""
        return {
            "name": self.name,
            "types": list(self.types),
            "draws": dict(self.draws),
            "capture": dict(self.postprocess),
            **({"weights": dict(self.weights)} if self.weights else {}),
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
        types = list(preset.types)
        return _checked(preset.name, types, preset.draws, preset.capture, preset.weights, where)


@dataclass(frozen=True)
class _PresetJson:
    """The preset's fields by their names in recipe.json."""

    name: str
    types: tuple[str, ...]
    draws: Mapping[str, Any]
    capture: Mapping[str, Any]
    weights: Mapping[str, Any] = field(default_factory=dict)


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
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None
    base = data.pop("extends", None)
    if base is not None and not (FOLDER / f"{base}.toml").is_file():
        raise InputError(f"{path}: extends = {base!r}: only a bundled preset can be extended")
    inherited = load(base).to_json() if base else {"types": None, "draws": {}, "capture": {}}
    weights = data.pop("weights", inherited.get("weights", {}))
    types = data.pop("types", inherited["types"])
    title = data.pop("name", path.stem)
    capture = data.pop("capture", inherited["capture"])
    return _checked(title, types, inherited["draws"] | data, capture, weights, str(path))


def _checked(name: Any, types: Any, draws: Any, capture: Any, weights: Any, where: str) -> Preset:
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
    _check_postprocess(capture, f"{where}: capture")
    _check_weights(weights, types, f"{where}: weights")
    return Preset(name, tuple(types), json.loads(json.dumps(draws)), capture, dict(weights))


def _check_weights(weights: Any, types: list[str], where: str) -> None:
    if not isinstance(weights, Mapping):
        raise InputError(f"{where} must be whole numbers by type, for example {{ none = 2 }}")
    for name, weight in weights.items():
        if name not in types:
            raise InputError(f"{where}: {name} is not one of the types: {', '.join(types)}")
        if type(weight) is not int or not 1 <= weight <= MOST_WEIGHT:
            raise InputError(f"{where}.{name} must be a whole number from 1 to {MOST_WEIGHT}")


def _check_postprocess(capture: Any, where: str) -> None:
    """Raise InputError unless `capture` is empty or has all four fields, within bounds."""
    if not isinstance(capture, dict):
        raise InputError(f"{where} must be a section")
    if not capture:
        return
    wanted = {*POSTPROCESS, *POSTPROCESS.values()}
    if set(capture) != wanted:
        wrong = ", ".join(sorted(set(capture) ^ wanted))
        raise InputError(f"{where}: missing or unknown: {wrong}")
    for value, share in POSTPROCESS.items():
        distributions.check(capture[value], capture, f"{where}.{value}")
        bounds = distributions.bounds(capture[value])
        low, high = POSTPROCESS_BOUNDS[value]
        if not bounds or not low <= bounds[0] <= bounds[1] <= high:
            raise InputError(f"{where}.{value} must lie within {low} and {high}")
        if not isinstance(capture[share], int | float) or not 0 <= capture[share] <= 1:
            raise InputError(f"{where}.{share} must be a share from 0 to 1")


def _check_range(
    degradation: DegradationType, field: str, spec: Mapping[str, Any], where: str
) -> None:
    """Raise InputError if a key's distribution can leave the widest range a preset may give it."""
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
