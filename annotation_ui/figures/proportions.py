"""A share of counted things, and how sure it is."""

from dataclasses import dataclass

from dubench.scoring.intervals import wilson


@dataclass(frozen=True)
class Share:
    """`count` of `n`: the share in [0, 1] and Wilson's 95 % interval, None where n is 0."""

    count: int
    n: int
    value: float | None
    interval: tuple[float, float] | None


def share(count: int, n: int) -> Share:
    """`count` of `n` as a Share."""
    return Share(count, n, count / n, wilson(count, n)) if n else Share(count, n, None, None)
