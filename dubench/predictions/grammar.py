"""The token grammar: degradations as `[T-type][K-key][V-x.xx]…`, text only.

A value is normalised to its key's range, the taxonomy's or a preset's own, and stands on a grid of
step Δ over [0, 1]; a vector has one V per entry. "Understanding Degradation with Vision Language
Model" (arXiv 2602.04565) predicts (type, key, value) as such discrete tokens.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from dubench.predictions.reading.names import find_key, find_type
from dubench.text import brief
from generators.taxonomy import KEYS, TYPES, Degradation, DegradationType, Key, Value

DELTA = 0.01
_FINEST = 1_000_000

# Unclosed and overlong tokens match too, and are refused.
_TOKEN = re.compile(r"\[([TKV])-([^\[\]]{0,60})(\]?)")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class GrammarError(ValueError):
    """A text is not of the grammar, or a value cannot be written in it; one short reason."""


@dataclass(frozen=True)
class Grid:
    """What the numbers of [V-…] stand for.

    Attributes:
        delta: the grid's step; 1/Δ must be whole.
        ranges: low and high of the keys whose range is not the taxonomy's: `Preset.own_ranges` of
            what the model was trained on.
    """

    delta: float = DELTA
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def ends(self, key: Key) -> tuple[float, float]:
        """What 0 and 1 stand for."""
        return self.ranges.get(key.name, (key.low, key.high))


TAXONOMY = Grid()
"""The grid of the taxonomy's ranges, Δ = 0.01."""


def steps(delta: float) -> int:
    """How many steps of Δ make 1; raises GrammarError where that is not a whole number."""
    if isinstance(delta, int | float) and not isinstance(delta, bool) and 0 < delta <= 1:
        count = _per_one(float(delta))
        if count.denominator == 1 and count <= _FINEST:
            return int(count)
    raise GrammarError(f"Δ={brief(delta)} does not divide 1; 0.01, 0.05 and 0.1 do")


@lru_cache(maxsize=16)
def _per_one(delta: float) -> Fraction:
    """1/Δ, of the decimal number that Δ is written as."""
    return 1 / Fraction(repr(delta))


def has_tokens(text: str) -> bool:
    """Whether any token of the grammar begins somewhere in a text."""
    return _TOKEN.search(text) is not None


def encode(degradations: Sequence[Degradation], grid: Grid = TAXONOMY) -> str:
    """Write degradations as tokens, keys in the taxonomy's order.

    Args:
        degradations: one per type; an undegraded image has one of type `none`. Of the values, the
            keys of the type are written, and may be missing; derived values are passed over.
        grid: what they are written on.

    Raises:
        GrammarError: no degradation, an unknown or repeated type, another type's key, a wrong
            number of entries, or a value farther outside its key's range than half a step.
    """
    if not degradations:
        raise GrammarError("no degradation; of an undegraded image the type is none")
    steps(grid.delta)
    tokens: list[str] = []
    types: set[str] = set()
    for one in degradations:
        if one.type not in TYPES:
            raise GrammarError(f"unknown type {brief(one.type)}")
        if one.type in types:
            raise GrammarError(f"{one.type} is given twice")
        types.add(one.type)
        keys = TYPES[one.type].keys
        foreign = {name for name in one.values if name in KEYS} - {key.name for key in keys}
        if foreign:
            raise GrammarError(f"{one.type} has no key {brief(min(foreign))}")
        tokens.append(f"[T-{one.type}]")
        for key in keys:
            if key.name in one.values:
                tokens.append(f"[K-{key.name}]")
                tokens += (f"[V-{text}]" for text in _write(key, one.values[key.name], grid))
    return "".join(tokens)


def _write(key: Key, value: Value, grid: Grid) -> list[str]:
    entries = tuple(value) if isinstance(value, tuple | list) else (value,)
    if len(entries) != key.size:
        raise GrammarError(f"{key.name} has {len(entries)} entries, not {key.size}")
    return [_write_entry(key, entry, grid) for entry in entries]


def _write_entry(key: Key, entry: float, grid: Grid) -> str:
    (low, high), count = grid.ends(key), steps(grid.delta)
    position = (entry - low) / (high - low) * count
    if not -0.5 <= position <= count + 0.5:
        raise GrammarError(f"{key.name}={entry:g} is outside [{low:g}, {high:g}]")
    step = min(max(round(position), 0), count)
    return f"{step / count:.{decimals(count)}f}"


def decimals(count: int) -> int:
    """How many decimals write every multiple of 1/`count` exactly."""
    return next(places for places in range(21) if 10**places % count == 0)


def decode(text: str, grid: Grid = TAXONOMY) -> tuple[Degradation, ...]:
    """Read the tokens in a text, whatever prose stands around and between them.

    Common names are understood, as everywhere. Keys may be missing, as from any answer.

    Returns:
        A degradation per [T-…], in their order, each with the keys that follow it; values lie
        within the grid's ranges, and are whole where only whole numbers make sense.

    Raises:
        GrammarError: no type, an unknown type or key, one given twice, a wrong number of values,
            or a value that is off the grid or out of [0, 1].
    """
    steps(grid.delta)
    entries: dict[str, dict[str, list[float]]] = {}
    type_: DegradationType | None = None
    key: Key | None = None
    for letter, body, closed in _TOKEN.findall(text):
        if not closed:
            raise GrammarError(f"the token {brief(f'[{letter}-{body}')} is not closed")
        if letter == "T":
            type_, key = _type(body), None
            if type_.name in entries:
                raise GrammarError(f"{type_.name} is given twice")
            entries[type_.name] = {}
        elif type_ is None:
            raise GrammarError(f"[{letter}-…] before any [T-…]")
        elif letter == "K":
            key = _key(type_, body)
            if key.name in entries[type_.name]:
                raise GrammarError(f"{key.name} is given twice")
            entries[type_.name][key.name] = []
        elif key is None:
            raise GrammarError("[V-…] before any [K-…]")
        else:
            entries[type_.name][key.name].append(_read_entry(key, body, grid))
    if not entries:
        raise GrammarError("no [T-…]")
    return tuple(
        Degradation(name, {key: _value(KEYS[key], numbers) for key, numbers in by_key.items()})
        for name, by_key in entries.items()
    )


def _type(name: str) -> DegradationType:
    known = find_type(name)
    if known is None:
        raise GrammarError(f"unknown type {brief(name)}")
    return TYPES[known]


def _key(type_: DegradationType, name: str) -> Key:
    known = find_key(name, type_.name)
    for key in type_.keys:
        if key.name == known:
            return key
    raise GrammarError(f"{type_.name} has no key {brief(name)}")


def _read_entry(key: Key, text: str, grid: Grid) -> float:
    (low, high), count = grid.ends(key), steps(grid.delta)
    entry = min(low + _step(text, count) / count * (high - low), high)
    return float(round(entry)) if key.integer else entry


@lru_cache(maxsize=4096)
def _step(text: str, count: int) -> int:
    """The grid's step that a token names. Few occur, and exact fractions are slow."""
    if not _NUMBER.fullmatch(text):
        raise GrammarError(f"[V-{text}] is not a decimal number")
    step = Fraction(text) * count
    if not 0 <= step <= count:
        raise GrammarError(f"[V-{text}] is outside [0, 1]")
    if step.denominator != 1:
        raise GrammarError(f"[V-{text}] is off the grid of {1 / count:g}")
    return int(step)


def _value(key: Key, entries: list[float]) -> Value:
    if len(entries) != key.size:
        raise GrammarError(f"{key.name} has {len(entries)} [V-…], not {key.size}")
    return tuple(entries) if key.kind == "vector" else entries[0]
