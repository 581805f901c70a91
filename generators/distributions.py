"""The distributions that a preset draws from; the head of `data/presets/du110k.toml` lists them.

Every distribution takes uniforms alone, so draws agree across machines.
"""

import math
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from generators.errors import InputError
from generators.taxonomy import Value, scalar

Spec = Mapping[str, Any]
"""One distribution as the TOML file has it."""

_STANDARD = NormalDist()


def check(spec: Any, section: Mapping[str, Any], where: str) -> None:
    """Raise InputError unless `spec`, the entry `where` of `section`, is a distribution whose power
    laws follow numbers above 0."""
    earlier = list(section)[: list(section).index(where.rsplit(".", 1)[1])]
    if not _good(spec, earlier):
        raise InputError(
            f"{where} is not a distribution; write for example "
            "{ normal = [5, 2], range = [1, 9] }, { uniform = [1, 9] } or { choice = [2, 3, 4] }"
        )
    for base in _bases(spec):
        if not positive(section[base]):
            raise InputError(f"{where}: a power law needs numbers above 0; {base} has others")


def draw(spec: Spec, rng: np.random.Generator, earlier: Mapping[str, Value]) -> float | list[float]:
    """One draw.

    Args:
        earlier: what was drawn before it in its section.
    """
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
    if "product" in spec:
        return math.prod(number(part, rng, earlier) for part in spec["product"])
    if "sum" in spec:
        return sum(number(part, rng, earlier) for part in spec["sum"])
    law = spec["power_law"]
    base = scalar(earlier, law["of"])
    residual = law["sd"] * _STANDARD.inv_cdf(min(max(rng.random(), 1e-16), 1 - 1e-16))
    return math.exp(law["slope"] * math.log(base) + law["intercept"] + residual)


def number(spec: Spec, rng: np.random.Generator, earlier: Mapping[str, Value]) -> float:
    """One draw of a distribution of numbers; raises TypeError for one of lists."""
    drawn = draw(spec, rng, earlier)
    if isinstance(drawn, list):
        raise TypeError("a vector was drawn where a number was expected")
    return drawn


def bounds(spec: Spec) -> tuple[float, float] | None:
    """The least and the largest number that can be drawn; None where there are no bounds."""
    for name in ("range", "uniform", "log_uniform"):
        if name in spec:
            low, high = spec[name]
            return low, high
    if "choice" in spec or "mixture" in spec:
        flat = np.ravel(spec.get("choice") or spec["mixture"])
        return float(flat.min()), float(flat.max())
    if "power_law" in spec:
        return None
    parts = [bounds(part) for part in spec.get("product") or spec["sum"]]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if "sum" in spec:
        return sum(low for low, _ in known), sum(high for _, high in known)
    ends = [1.0, 1.0]
    for low, high in known:
        corners = [end * factor for end in ends for factor in (low, high)]
        ends = [min(corners), max(corners)]
    return ends[0], ends[1]


def positive(spec: Spec, *, or_zero: bool = False) -> bool:
    """Whether only numbers above 0 are drawn, or of at least 0; False for lists."""
    if not _scalar(spec):
        return False
    if "power_law" in spec:
        return True
    ends = bounds(spec)
    if ends is not None:
        return ends[0] > 0 or (or_zero and ends[0] == 0)
    if "product" in spec:
        return all(positive(part, or_zero=or_zero) for part in spec["product"])
    some = any(positive(part) for part in spec["sum"])
    return all(positive(part, or_zero=True) for part in spec["sum"]) and (some or or_zero)


def _bases(spec: Spec) -> Iterator[str]:
    """Names of what the power laws of a distribution follow."""
    if "power_law" in spec:
        yield spec["power_law"]["of"]
    for part in spec.get("product") or spec.get("sum") or ():
        yield from _bases(part)


def _good(spec: Any, earlier: list[str]) -> bool:
    """Whether `spec` is one of the distributions; `earlier` are names a power law may follow."""
    match spec:
        case {"normal": normal, "range": ends, **rest} if not rest:
            ordered = _numbers(normal, 2) and normal[1] > 0 and _numbers(ends, 2)
            return ordered and bool(ends[0] < ends[1])
        case {"uniform": ends, **rest} if not rest:
            return _numbers(ends, 2) and bool(ends[0] <= ends[1])
        case {"log_uniform": ends, **rest} if not rest:
            return _numbers(ends, 2) and bool(0 < ends[0] <= ends[1])
        case {"choice": [first, *_] as options, **rest} if not rest:
            width = len(first) if isinstance(first, list) else 1
            return all(_numbers(o if isinstance(o, list) else [o], width) for o in options)
        case {"mixture": [[*first], *_] as options, **rest} if not rest:
            return all(_numbers(option, len(first)) for option in options)
        case {"product": [_, _, *_] as parts, **rest} if not rest:
            return all(_good(part, earlier) and _scalar(part) for part in parts)
        case {"sum": [_, _, *_] as parts, **rest} if not rest:
            return all(_good(part, earlier) and _scalar(part) for part in parts)
        case {"power_law": {"of": of, "slope": a, "intercept": b, "sd": s}, **rest} if not rest:
            return of in earlier and _numbers([a, b, s], 3) and bool(s >= 0)
        case _:
            return False


def _scalar(spec: Spec) -> bool:
    """Whether a distribution is of numbers, not of lists."""
    return "mixture" not in spec and not isinstance(spec.get("choice", [0])[0], list)


def _numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(v, int | float) and math.isfinite(v) for v in value)
    )
