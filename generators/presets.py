"""The sampling distributions: a preset is a small TOML file that a user copies and changes."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from generators.errors import InputError
from generators.randomness import five_digits
from generators.taxonomy import TYPES, DegradationType, Value, scalar
from generators.typed_json import from_json

# Fields of [capture]: each amount, and how often it happens.
POSTPROCESS = {"noise": "noise_share", "jpeg_quality": "jpeg_share"}
POSTPROCESS_BOUNDS = {"noise": (0, 64), "jpeg_quality": (1, 100)}
FOLDER = Path(__file__).parent / "data" / "presets"
_STANDARD = NormalDist()


@dataclass(frozen=True)
class Preset:
    """Which types a dataset holds, in equal numbers, and how their values are drawn.

    Attributes:
        name: recorded with every row.
        types: names of degradation types.
        draws: per type, the distribution of each key and nuisance value, as in the TOML file.
        postprocess: the section [capture]: noise and JPEG for every image alike; may be empty.
    """

    name: str
    types: tuple[str, ...]
    draws: Mapping[str, Mapping[str, Any]]
    postprocess: Mapping[str, Any] = field(default_factory=dict)

    def draw(
        self, type_name: str, rng: np.random.Generator, given: Mapping[str, Value] | None = None
    ) -> dict[str, Value]:
        """Draw every value of a type in the file's order, rounded to five digits.

        A value in `given` replaces its draw; the others stay what they would have been.
        """
        if type_name not in self.draws and TYPES[type_name].keys:
            raise InputError(f"preset {self.name} says nothing about {type_name}")
        values: dict[str, Value] = {}
        for name, distribution in self.draws.get(type_name, {}).items():
            drawn = _draw(distribution, rng, values)
            values[name] = given[name] if given and name in given else _rounded(drawn)
        return values

    def draw_postprocess(self, rng: np.random.Generator) -> dict[str, Value]:
        """`capture_noise` and `jpeg_quality`, 0 where left out; empty for a preset without."""
        if not self.postprocess:
            return {}
        drawn = []
        for value, share in POSTPROCESS.items():
            happens = rng.random() < self.postprocess[share]
            amount = _number(_draw(self.postprocess[value], rng, {}))
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
        return _checked(preset.name, list(preset.types), preset.draws, preset.capture, where)


@dataclass(frozen=True)
class _PresetJson:
    """The preset's fields by their names in recipe.json."""

    name: str
    types: tuple[str, ...]
    draws: Mapping[str, Any]
    capture: Mapping[str, Any]


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
    types = data.pop("types", inherited["types"])
    title = data.pop("name", path.stem)
    capture = data.pop("capture", inherited["capture"])
    return _checked(title, types, inherited["draws"] | data, capture, str(path))


def _checked(name: Any, types: Any, draws: Any, capture: Any, where: str) -> Preset:
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
            if needed not in section:
                raise InputError(f"{where}: [{type_name}] lacks {needed}")
    for type_name, section in draws.items():
        if type_name not in TYPES or not isinstance(section, dict):
            raise InputError(f"{where}: unknown section [{type_name}]; known: {', '.join(TYPES)}")
        for entry, distribution in section.items():
            _check_distribution(distribution, section, f"{where}: {type_name}.{entry}")
            _check_range(TYPES[type_name], entry, distribution, f"{where}: {type_name}.{entry}")
    _check_postprocess(capture, f"{where}: capture")
    return Preset(name, tuple(types), json.loads(json.dumps(draws)), capture)


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
        _check_distribution(capture[value], capture, f"{where}.{value}")
        bounds = capture[value].get("uniform") or capture[value].get("range")
        low, high = POSTPROCESS_BOUNDS[value]
        if not bounds or not low <= bounds[0] <= bounds[1] <= high:
            raise InputError(f"{where}.{value} must lie within {low} and {high}")
        if not isinstance(capture[share], int | float) or not 0 <= capture[share] <= 1:
            raise InputError(f"{where}.{share} must be a share from 0 to 1")


def _numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(v, int | float) and math.isfinite(v) for v in value)
    )


def _check_distribution(spec: Any, section: Mapping[str, Any], where: str) -> None:
    """Raise InputError unless `spec` is one of the distributions the file's head names."""
    match spec:
        case {"normal": normal, "range": bounds, **rest} if not rest:
            good = _numbers(normal, 2) and normal[1] > 0 and _numbers(bounds, 2)
            good = good and bounds[0] < bounds[1]
        case {"uniform": bounds, **rest} if not rest:
            good = _numbers(bounds, 2) and bounds[0] <= bounds[1]
        case {"log_uniform": bounds, **rest} if not rest:
            good = _numbers(bounds, 2) and 0 < bounds[0] <= bounds[1]
        case {"choice": [first, *_] as options, **rest} if not rest:
            width = len(first) if isinstance(first, list) else 1
            good = all(_numbers(o if isinstance(o, list) else [o], width) for o in options)
        case {"mixture": [[*first], *_] as options, **rest} if not rest:
            good = all(_numbers(option, len(first)) for option in options)
        case {"power_law": {"of": of, "slope": a, "intercept": b, "sd": s}, **rest} if not rest:
            earlier = list(section)[: list(section).index(where.rsplit(".", 1)[1])]
            good = of in earlier and _numbers([a, b, s], 3) and s >= 0
        case _:
            good = False
    if not good:
        raise InputError(
            f"{where} is not a distribution; write for example "
            "{ normal = [5, 2], range = [1, 9] }, { uniform = [1, 9] } or { choice = [2, 3, 4] }"
        )


def _check_range(
    degradation: DegradationType, field: str, spec: Mapping[str, Any], where: str
) -> None:
    """Raise InputError if a key's distribution can leave the taxonomy's range."""
    key = next((key for key in degradation.keys if key.name == field), None)
    if key is None:
        return
    if "power_law" in spec:
        raise InputError(f"{where}: a power law has no bounds; give {field} a range")
    ends = spec.get("range") or spec.get("uniform") or spec.get("log_uniform")
    try:
        for value in ends or spec.get("choice") or spec["mixture"]:
            key.check(value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _draw(
    spec: Mapping[str, Any], rng: np.random.Generator, earlier: Mapping[str, Value]
) -> float | list[float]:
    """One draw. Every distribution takes uniforms alone, so draws agree across machines."""
    if "normal" in spec:
        # Inverse transform of a normal restricted to the range.
        (mean, sd), (low, high) = spec["normal"], spec["range"]
        floor, ceiling = (_STANDARD.cdf((end - mean) / sd) for end in (low, high))
        u = floor + rng.random() * (ceiling - floor)
        inside = mean + sd * _STANDARD.inv_cdf(min(max(u, 1e-16), 1 - 1e-16))
        return min(max(inside, low), high)
    if "uniform" in spec:
        low, high = spec["uniform"]
        return low + rng.random() * (high - low)
    if "log_uniform" in spec:
        low, high = map(math.log, spec["log_uniform"])
        return math.exp(low + rng.random() * (high - low))
    if "choice" in spec:
        options = spec["choice"]
        return options[int(rng.random() * len(options))]
    if "mixture" in spec:
        # Uniform on the simplex: exponential spacings.
        parts = [-math.log(1 - rng.random()) for _ in spec["mixture"]]
        columns = zip(*spec["mixture"], strict=True)
        return [sum(map(float.__mul__, parts, map(float, c))) / sum(parts) for c in columns]
    law = spec["power_law"]
    base = scalar(earlier, law["of"])
    residual = law["sd"] * _STANDARD.inv_cdf(min(max(rng.random(), 1e-16), 1 - 1e-16))
    return math.exp(law["slope"] * math.log(base) + law["intercept"] + residual)


def _number(drawn: float | list[float]) -> float:
    if isinstance(drawn, list):
        raise TypeError("a vector was drawn where a number was expected")
    return drawn


def _rounded(value: float | list[float]) -> Value:
    return tuple(map(five_digits, value)) if isinstance(value, list) else five_digits(value)
