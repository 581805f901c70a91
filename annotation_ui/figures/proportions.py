"""A share of counted things, and how sure it is."""

from dubench.scoring.intervals import wilson
from generators.dataset.review_figures import Proportion


def proportion(count: int, n: int) -> Proportion:
    """`count` of `n`, with Wilson's 95 % interval."""
    if not n:
        return Proportion(count, n, None, None)
    return Proportion(count, n, count / n, wilson(count, n))
