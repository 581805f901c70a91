"""How sure the networks are: ranges of a distribution over a list of values, and calibration.

A network's distribution is too sure of itself on photographs it has not seen. So the type's is
softened by a temperature (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). Pale
photographs that it has not seen look hazy to it, so that `none` gets an offset too (Alexandari,
Kundaje and Shrikumar, "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label
Shift Adaptation", ICML 2020). And a key's range does not lie between its 5 % and 95 % quantiles,
but between those that 5 % of the true values of other photographs lay below and 5 % above
(distributional conformal prediction: Chernozhukov, Wüthrich and Zhu, PNAS 2021, with equal tails).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dubench.predictions.certainty import LEVEL, Range
from generators.randomness import five_digits
from generators.taxonomy import NONE

Floats = NDArray[np.float64]

QUANTILES = 64
"""A support of so many scalars is that of a continuous key: the quantiles at (i + ½) / 64."""

TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True)
class Calibration:
    """What makes a model as sure as it ought to be.

    Attributes:
        temperature: that the type's logits are divided by; above 1 makes less sure.
        none_offset: added to the logit of `none` after that.
        levels: per continuous key the levels of the quantiles that its range lies between.
    """

    temperature: float = 1.0
    none_offset: float = 0.0
    levels: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def of_types(self, logits: Floats, types: Sequence[str]) -> Floats:
        """Calibrated logits (…, n) from a network's, of `types`."""
        return logits / self.temperature + self.none_offset * (np.array(types) == NONE.name)


UNCALIBRATED = Calibration()


def is_continuous(support: Floats) -> bool:
    """Whether the values (n,) or (n, size) stand for what lies between them too."""
    return support.ndim == 1 and len(support) == QUANTILES


def central_range(
    support: Floats, probabilities: Floats, levels: tuple[float, float] = TAILS
) -> Range:
    """The range between two quantiles of a distribution (n,) over `support`.

    Of a continuous key the probability of a value is spread evenly as far as the middles between
    it and its neighbours. Of others the range holds so much probability at least, of a vector for
    each entry: (n, size).
    """
    if is_continuous(support):
        reached = np.concatenate([[0], np.cumsum(probabilities)])
        low, high = np.interp(levels, reached / reached[-1], _edges(support)).tolist()
        return five_digits(low), five_digits(high)
    entries = support if support.ndim == 2 else support[:, None]
    ends = [_discrete(entry, probabilities, levels) for entry in entries.T]
    if support.ndim == 1:
        return ends[0]
    return tuple(low for low, _ in ends), tuple(high for _, high in ends)


def place(support: Floats, probabilities: Floats, values: Floats) -> Floats:
    """How much of each distribution (rows, n) over a continuous key's support lies below each of
    `values` (rows,): even over [0, 1] where the distributions are true (Dawid 1984)."""
    reached = np.concatenate([np.zeros((len(values), 1)), np.cumsum(probabilities, axis=1)], axis=1)
    edges = _edges(support)
    rows = zip(values, reached / reached[:, -1:], strict=True)
    return np.array([np.interp(value, edges, row) for value, row in rows])


def _edges(support: Floats) -> Floats:
    """The bounds of the values' cells: the middles between neighbours, and as far beyond."""
    middles = (support[1:] + support[:-1]) / 2
    return np.concatenate([[2 * support[0] - middles[0]], middles, [2 * support[-1] - middles[-1]]])


def _discrete(
    values: Floats, probabilities: Floats, levels: tuple[float, float]
) -> tuple[float, float]:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(probabilities[order])
    below, above = (np.array(levels) * reached[-1]).tolist()
    last = len(values) - 1
    low = min(int(np.searchsorted(reached, below, side="right")), last)
    high = min(int(np.searchsorted(reached, above, side="left")), last)
    return five_digits(values[order[low]]), five_digits(values[order[high]])
