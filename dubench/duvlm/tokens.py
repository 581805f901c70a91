"""What DU-VLM writes, piece by piece: a rationale that names type and severity, then the grammar.

    Haze, severe. [T-haze][K-atmospheric_light][V-0.62][K-transmission][V-0.31]

The type's name comes first, so that its distribution can be read off one token.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dubench.predictions.grammar import DELTA, Grid, decimals, steps
from dubench.text import words
from generators.taxonomy import KEYS, SEVERITIES, TYPES, Key

PAD, BEGIN, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
NAMES = {name: "No degradation" if name == "none" else words(name).capitalize() for name in TYPES}
"""How the rationale calls each type."""
NOTHING = ". "
GRADES = (*(f", {severity}. " for severity in SEVERITIES), NOTHING)
"""How the rationale goes on: the severity, or nothing for undegraded photographs."""


@dataclass(frozen=True)
class Answer:
    """What is written about a type, as pieces; `None` stands for a value or the severity.

    Attributes:
        pieces: in order, the last ends the answer.
        grade: place of the severity; None without a rationale.
        values: places of the values, in the order of `entries`.
        entries: (key, number of its entry) of each value.
    """

    pieces: tuple[str | None, ...]
    grade: int | None
    values: tuple[int, ...]
    entries: tuple[tuple[Key, int], ...]


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of all answers on one grid.

    Attributes:
        grid: what the values stand on.
        rationale: whether type and severity are named in words before the grammar.
    """

    grid: Grid = field(default_factory=Grid)
    rationale: bool = True

    @property
    def values(self) -> tuple[str, ...]:
        """[V-…] of every step of the grid, ascending."""
        count = steps(self.grid.delta)
        return tuple(f"[V-{i / count:.{decimals(count)}f}]" for i in range(count + 1))

    @property
    def new(self) -> tuple[str, ...]:
        """The pieces that a tokenizer of another model lacks."""
        types = (f"[T-{name}]" for name in TYPES)
        return (*types, *(f"[K-{name}]" for name in KEYS), *self.values)

    @property
    def pieces(self) -> tuple[str, ...]:
        """All pieces."""
        return (*NAMES.values(), *GRADES, *self.new)

    def opening(self, type_name: str) -> str:
        """The piece that names a type first."""
        return NAMES[type_name] if self.rationale else f"[T-{type_name}]"

    def answer(self, type_name: str) -> Answer:
        """What is written about a type."""
        rationale = [NAMES[type_name], None] if self.rationale else []
        pieces: list[str | None] = [*rationale, f"[T-{type_name}]"]
        places: list[int] = []
        entries: list[tuple[Key, int]] = []
        for key in TYPES[type_name].keys:
            pieces.append(f"[K-{key.name}]")
            for i in range(key.size):
                places.append(len(pieces))
                entries.append((key, i))
                pieces.append(None)
        pieces.append(END)
        grade = 1 if self.rationale else None
        return Answer(tuple(pieces), grade, tuple(places), tuple(entries))

    def places(self, key: Key) -> NDArray[np.float64]:
        """The values in the key's unit that the steps stand for."""
        low, high = self.grid.ends(key)
        count = steps(self.grid.delta)
        return low + (high - low) * np.arange(count + 1) / count


NANO = Vocabulary(Grid(DELTA))
"""The vocabulary of the bundled model."""
