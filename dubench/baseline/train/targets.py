"""The targets of a key's network: distributions over a list of values.

Few different values are the list themselves; many are represented by their quantiles, or, where
they are vectors, by a random choice of them.
"""

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import QUANTILES, is_continuous

Floats = NDArray[np.float64]

MOST = QUANTILES
WIDTH = 1.0  # of the Gaussian over neighbouring quantiles, in quantiles


def support(values: Floats, seed: int) -> Floats:
    """At most MOST values for (n,) or (n, size) `values`, ascending: (m,) or (m, size)."""
    distinct = np.unique(values, axis=0)
    if len(distinct) <= MOST:
        return distinct
    if values.ndim == 1:
        return np.quantile(values, (np.arange(MOST) + 0.5) / MOST)
    chosen = np.random.default_rng(seed).choice(len(distinct), MOST, replace=False)
    return distinct[np.sort(chosen)]


def soft(values: Floats, support: Floats) -> NDArray[np.float32]:
    """Distributions (n, m) over `support`, one per entry of `values`.

    Where the support are quantiles, a Gaussian around the value's place between them: a near miss
    should cost less than a far one. Else all of it on the nearest.
    """
    places = np.arange(len(support))
    if is_continuous(support):
        place = np.interp(values, support, places)
        shares = np.exp(-0.5 * ((places - place[:, None]) / WIDTH) ** 2)
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    entries = values.reshape(len(values), 1, -1) - support.reshape(1, len(support), -1)
    nearest = np.abs(entries).sum(axis=2).argmin(axis=1)
    return np.eye(len(support), dtype=np.float32)[nearest]
