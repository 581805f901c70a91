"""What a degradation is: the one registry of types, keys, kinds of value, units and ranges.

Everything else (columns, scores, prompts, grammar, checks) reads this file. See "Understanding
Degradation with Vision Language Model" (arXiv 2602.04565), equation 1, for the (type, key, value)
hierarchy and docs/physics.md for where the ranges come from.
"""

from dataclasses import dataclass
from typing import Any, Literal

from generators.errors import InputError

Value = float | tuple[float, ...]
Kind = Literal["scalar", "vector", "map"]


@dataclass(frozen=True)
class Key:
    """One physical parameter of a degradation.

    Attributes:
        name: its name in tuples, columns and presets.
        kind: `scalar`, `vector` (of `size` numbers), or `map` (H×W, reported as its mean).
        unit: what the number counts.
        low, high: the closed range of every entry.
        meaning: a short phrase for prompts, cards and pages.
        size: entries of a vector; 1 otherwise.
        integer: whether only whole numbers make sense.
        aliases: other names understood in free text.
    """

    name: str
    kind: Kind
    unit: str
    low: float
    high: float
    meaning: str
    size: int = 1
    integer: bool = False
    aliases: tuple[str, ...] = ()

    def check(self, value: object) -> Value:
        """Return `value` as a float (or a tuple of `size` floats), or raise InputError."""
        wanted = f"{self.size} numbers" if self.kind == "vector" else "a number"
        entries: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
        if len(entries) != self.size or not all(_is_number(entry) for entry in entries):
            raise InputError(f"{self.name}={value!r} is not {wanted}")
        floats = tuple(float(entry) for entry in entries)
        for entry in floats:
            if not self.low <= entry <= self.high:
                raise InputError(
                    f"{self.name}={entry:g} is outside [{self.low:g}, {self.high:g}] ({self.unit})"
                )
            if self.integer and entry != round(entry):
                raise InputError(f"{self.name}={entry:g} is not a whole number")
        return floats if self.kind == "vector" else floats[0]


@dataclass(frozen=True)
class Severity:
    """When a degradation of a type is slight, moderate or severe.

    `of` names the value judged (a key, or a derived value that the type's physics records);
    the bounds part slight from moderate and moderate from severe, in the direction of harm.
    """

    of: str
    moderate: float
    severe: float

    def grade(self, value: float) -> str:
        """Name the severity at `value`. A bound itself belongs to the milder side for values that
        harm by falling (transmission ≥ 0.50 is slight), to the harsher one otherwise."""
        falls = self.severe < self.moderate
        if falls:
            worse = [value < self.moderate, value < self.severe]
        else:
            worse = [value >= self.moderate, value >= self.severe]
        return SEVERITIES[sum(worse)]


SEVERITIES = ("slight", "moderate", "severe")


@dataclass(frozen=True)
class DegradationType:
    """One type of degradation, its keys, and the names people use for it.

    `derived` names values that follow from the drawn ones and get a column of their own;
    `nuisance` what the physics needs beside the keys: drawn and recorded, not asked for.
    """

    name: str
    meaning: str
    keys: tuple[Key, ...]
    severity: Severity | None
    aliases: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    needs_depth: bool = False
    nuisance: tuple[str, ...] = ()

    def key(self, name: str) -> Key:
        """The key called `name`; raises InputError with the known names."""
        for key in self.keys:
            if key.name == name:
                return key
        known = ", ".join(key.name for key in self.keys)
        raise InputError(f"{self.name} has no key {name!r}; its keys are: {known}")


HAZE = DegradationType(
    "haze",
    "scattering by fog, haze or smoke: I = J·t + A·(1 − t), t = exp(−β·d)",
    (
        Key(
            "atmospheric_light", "scalar", "intensity", 0.25, 1.0, "brightness of the veil",
            aliases=("a", "airlight", "atmospheric light", "ambient light"),
        ),
        Key(
            "transmission", "map", "fraction, mean over the image", 0.0, 1.0,
            "share of the scene's light that arrives",
            aliases=("t", "trans", "transmission map", "transmittance"),
        ),
    ),
    Severity("transmission", 0.50, 0.35),
    derived=("beta",),
    aliases=("fog", "foggy", "hazy", "mist", "smoke", "smog"),
    needs_depth=True,
)  # fmt: skip

LOW_LIGHT = DegradationType(
    "low_light",
    "too little light: a camera pipeline run backwards, darkened, and run forwards",
    (
        Key(
            "gamma", "scalar", "exponent", 2.0, 3.5, "exponent of the display curve",
            aliases=("gamma correction", "γ"),
        ),
        Key(
            "gain", "scalar", "factor on linear radiance", 0.05, 0.1, "share of the light kept",
            aliases=("digital gain", "exposure", "darkness"),
        ),
        Key(
            "camera_intrinsics", "vector", "matrix entry", -1.0, 2.0,
            "3×3 XYZ→camera colour matrix, row-major", size=9,
            aliases=("intrinsics", "camera intrinsics", "ccm", "color matrix", "colour matrix"),
        ),
    ),
    Severity("darkening", 0.44, 0.36),
    derived=("darkening",),
    aliases=("night", "dark", "low-light", "underexposed", "underexposure", "lowlight", "dim"),
    nuisance=("red_gain", "blue_gain", "shot_noise", "read_noise"),
)  # fmt: skip

BLUR = DegradationType(
    "blur",
    "Gaussian blur, as of a defocused lens",
    (
        Key(
            "sigma", "scalar", "pixels", 1.0, 9.0, "standard deviation of the kernel",
            aliases=("std", "standard deviation", "kernel sigma", "σ"),
        ),
    ),
    Severity("sigma", 3.5, 6.0),
    aliases=("gaussian blur", "defocus", "defocus blur", "blurry", "out of focus", "blurred"),
)  # fmt: skip

LOW_RESOLUTION = DegradationType(
    "low_resolution",
    "too few pixels: anti-aliased bicubic down, bicubic back up",
    (
        Key(
            "scale", "scalar", "integer factor", 2.0, 4.0, "factor lost per axis", integer=True,
            aliases=("scale factor", "downsampling factor", "factor"),
        ),
    ),
    Severity("scale", 3.0, 4.0),
    aliases=("low-res", "low res", "lowres", "low resolution", "downsampled", "pixelated"),
)  # fmt: skip

NONE = DegradationType(
    "none",
    "no degradation: a photograph as a camera delivers it",
    (),
    None,
    aliases=("no degradation", "undegraded", "clean", "normal", "pristine"),
)

TYPES: dict[str, DegradationType] = {
    kind.name: kind for kind in (HAZE, LOW_LIGHT, BLUR, LOW_RESOLUTION, NONE)
}

KEYS: dict[str, Key] = {key.name: key for kind in TYPES.values() for key in kind.keys}


def degradation_type(name: str) -> DegradationType:
    """The type called `name`; raises InputError with the known names."""
    if name not in TYPES:
        raise InputError(f"unknown type {name!r}; the types are: {', '.join(TYPES)}")
    return TYPES[name]


def _is_number(entry: object) -> bool:
    return isinstance(entry, int | float) and not isinstance(entry, bool) and entry == entry
