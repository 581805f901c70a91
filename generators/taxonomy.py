"""What a degradation is: the one registry of types, keys, kinds of value, units and ranges.

Everything else (columns, scores, prompts, grammar, checks) reads this file. See "Understanding
Degradation with Vision Language Model" (arXiv 2602.04565), equation 1, for the (type, key, value)
hierarchy and docs/physics.md for where the ranges come from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from generators.errors import InputError

Value = float | tuple[float, ...]
Kind = Literal["scalar", "vector", "map"]
Stage = Literal["radiance", "particles", "atmosphere", "optics", "sampling"]

STAGES: tuple[Stage, ...] = ("radiance", "particles", "atmosphere", "optics", "sampling")
"""Where on its way from the scene to the file light meets a degradation, in the light's order: the
order in which several degradations of one image are applied. Noise and codec follow for all types
alike, in `postprocess`."""


@dataclass(frozen=True)
class Key:
    """One physical parameter of a degradation.

    Attributes:
        name: its name in tuples, columns and presets.
        kind: `scalar`, `vector` (of `size` numbers), or `map` (H×W, reported as its mean).
        unit: what the number counts.
        low, high: the closed range of every entry; a preset may widen it, see `widest`.
        meaning: a short phrase for prompts, cards and pages.
        size: entries of a vector; 1 otherwise.
        integer: whether only whole numbers make sense.
        aliases: other names understood in free text.
        widest: the closed range within which a preset may widen `low` and `high`; None: not at all.
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
    widest: tuple[float, float] | None = None

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

    Attributes:
        name: its name in tuples, presets and predictions.
        meaning: a short phrase for prompts, cards and pages.
        stage: where it happens, see `STAGES`.
        keys: its parameters, in the order of tuples.
        severity: how its harm is graded; None where there is no harm.
        aliases: other names understood in free text.
        spellings: further words for it in answers, which are understood but not asked for.
        derived: values that follow from the drawn ones and get a column of their own.
        nuisance: what the physics needs beside the keys: drawn and recorded, not asked for.
        stand_ins: key → the derived value that a preset may draw in its place.
        needs_depth: whether its model takes a depth map.
        needs_noise: whether its model takes the sensor's noise.
    """

    name: str
    meaning: str
    stage: Stage
    keys: tuple[Key, ...]
    severity: Severity | None
    aliases: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    nuisance: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    needs_depth: bool = False
    needs_noise: bool = False

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
    "atmosphere",
    (
        Key(
            "atmospheric_light", "scalar", "intensity", 0.25, 1.0, "brightness of the veil",
            aliases=(
                "a", "airlight", "atmospheric light", "ambient light", "air light",
                "atmospheric light intensity", "atmosphere light", "大气光",
            ),
        ),
        Key(
            "transmission", "map", "fraction, mean over the image", 0.0, 1.0,
            "share of the scene's light that arrives",
            aliases=(
                "t", "trans", "transmission map", "transmittance", "transmission rate",
                "transmission coefficient", "透射率",
            ),
        ),
    ),
    Severity("transmission", 0.50, 0.35),
    derived=("beta",),
    stand_ins={"transmission": "beta"},
    aliases=("fog", "foggy", "hazy", "mist", "smoke", "smog"),
    spellings=(
        "misty", "smoky", "haziness", "fogging", "atmospheric scattering", "veil", "雾", "雾霾",
        "雾化", "有雾",
    ),
    needs_depth=True,
)  # fmt: skip

LOW_LIGHT = DegradationType(
    "low_light",
    "too little light: a camera pipeline run backwards, darkened, and run forwards",
    "radiance",
    (
        Key(
            "gamma", "scalar", "exponent", 2.0, 3.5, "exponent of the display curve",
            aliases=("gamma correction", "γ", "gamma exponent"), widest=(1.0, 5.0),
        ),
        Key(
            "gain", "scalar", "factor on linear radiance", 0.05, 0.1, "share of the light kept",
            aliases=("digital gain", "exposure", "darkness", "gain factor", "light gain"),
            widest=(0.001, 1.0),
        ),
        Key(
            "camera_intrinsics", "vector", "matrix entry", -1.0, 2.0,
            "3×3 XYZ→camera colour matrix, row-major", size=9,
            aliases=(
                "intrinsics", "camera intrinsics", "ccm", "color matrix", "colour matrix",
                "camera matrix", "color correction matrix", "colour correction matrix",
                "camera color matrix", "camera colour matrix", "camera intrinsic matrix",
            ),
        ),
    ),
    Severity("darkening", 0.44, 0.36),
    derived=("darkening",),
    aliases=("night", "dark", "low-light", "underexposed", "underexposure", "lowlight", "dim"),
    spellings=(
        "nighttime", "darkness", "darkening", "darkened", "insufficient light", "poor lighting",
        "low lighting", "dim lighting", "low illumination", "poor illumination", "low exposure",
        "low brightness", "low luminance", "under exposed", "低光", "低光照", "低照度", "暗光",
        "夜间",
    ),
    nuisance=("red_gain", "blue_gain", "shot_noise", "read_noise"),
    needs_noise=True,
)  # fmt: skip

BLUR = DegradationType(
    "blur",
    "Gaussian blur, as of a defocused lens",
    "optics",
    (
        Key(
            "sigma", "scalar", "pixels", 1.0, 9.0, "standard deviation of the kernel",
            aliases=("std", "standard deviation", "kernel sigma", "σ", "std dev", "sd"),
            widest=(0.3, 20.0),
        ),
    ),
    Severity("sigma", 3.5, 6.0),
    aliases=("gaussian blur", "defocus", "defocus blur", "blurry", "out of focus", "blurred"),
    spellings=(
        "blurring", "blurriness", "gaussian blurring", "gaussian smoothing", "out of focus blur",
        "lens blur", "gaussian defocus blur", "defocused", "gaussian defocus", "模糊", "高斯模糊",
        "散焦模糊",
    ),
)  # fmt: skip

LOW_RESOLUTION = DegradationType(
    "low_resolution",
    "too few pixels: anti-aliased bicubic down, bicubic back up",
    "sampling",
    (
        Key(
            "scale", "scalar", "integer factor", 2.0, 4.0, "factor lost per axis", integer=True,
            aliases=(
                "scale factor", "downsampling factor", "factor", "scaling factor", "scaling",
                "downscale factor", "downscaling factor", "downsample factor", "resize factor",
                "upsampling factor", "upscaling factor", "upscale factor", "reduction factor",
            ),
            widest=(2.0, 8.0),
        ),
    ),
    Severity("scale", 3.0, 4.0),
    aliases=("low-res", "low res", "lowres", "low resolution", "downsampled", "pixelated"),
    spellings=(
        "downsampling", "downscaling", "downscaled", "down sampled", "subsampling", "subsampled",
        "pixelation", "resolution loss", "loss of resolution", "reduced resolution",
        "resolution reduction", "resolution degradation", "bicubic downsampling",
        "bicubic downscaling", "低分辨率", "下采样",
    ),
)  # fmt: skip

NONE = DegradationType(
    "none",
    "no degradation: a photograph as a camera delivers it",
    "radiance",
    (),
    None,
    aliases=("no degradation", "undegraded", "clean", "normal", "pristine"),
    spellings=(
        "no degradations",
        "no visible degradation",
        "no apparent degradation",
        "no obvious degradation",
        "no significant degradation",
        "no noticeable degradation",
        "no degradation detected",
        "not degraded",
        "non degraded",
        "no distortion",
        "unaltered",
        "无",
        "无退化",
    ),
)

TYPES: dict[str, DegradationType] = {
    entry.name: entry for entry in (HAZE, LOW_LIGHT, BLUR, LOW_RESOLUTION, NONE)
}

KEYS: dict[str, Key] = {key.name: key for entry in TYPES.values() for key in entry.keys}


@dataclass(frozen=True, slots=True)
class Degradation:
    """One degradation of an image: a type, and its values by name.

    Attributes:
        type: a name of the taxonomy.
        values: of its keys; of one that was generated, also derived and nuisance values.
    """

    type: str
    values: Mapping[str, Value]

    @property
    def parameters(self) -> dict[str, Value]:
        """The values of the type's keys that are there, in the taxonomy's order."""
        return {
            key.name: self.values[key.name]
            for key in TYPES[self.type].keys
            if key.name in self.values
        }

    @property
    def tuples(self) -> list[tuple[str, str, Value]]:
        """The (type, key, value) triples of the paper's equation 1."""
        return [(self.type, key, value) for key, value in self.parameters.items()]


def in_order(type_names: Iterable[str]) -> tuple[str, ...]:
    """Names of types in the order in which the physics applies them: see `STAGES`."""
    return tuple(sorted(type_names, key=lambda name: STAGES.index(TYPES[name].stage)))


def scalar(values: Mapping[str, Value], name: str) -> float:
    """The value called `name`, which is one number; raises TypeError for a vector."""
    value = values[name]
    if isinstance(value, tuple):
        raise TypeError(f"{name} is a vector of {len(value)} entries, not a scalar")
    return value


def degradation_type(name: str) -> DegradationType:
    """The type called `name`; raises InputError with the known names."""
    if name not in TYPES:
        raise InputError(f"unknown type {name!r}; the types are: {', '.join(TYPES)}")
    return TYPES[name]


def _is_number(entry: object) -> bool:
    return isinstance(entry, int | float) and not isinstance(entry, bool) and entry == entry
