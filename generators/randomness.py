"""Per-sample random streams: what a sample draws depends on (seed, index, attempt) alone.

Philox is a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
SC 2011): a key and a counter name a place in its output, so any sample can be drawn at any time,
by any worker, in any order.
"""

import math
from enum import IntEnum
from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray

from generators.errors import InputError


class Purpose(IntEnum):
    """What a stream is for. Streams of different purpose never overlap."""

    SOURCE = 0  # which photograph, which crop
    PARAMETERS = 1
    NOISE = 2  # the sensor's shot and read noise
    SCENE = 3  # procedural scenes and depth
    POSTPROCESS = 4  # how much noise and compression every type gets alike
    POSTPROCESS_NOISE = 5


ROUNDS = 12


def stream(seed: int, index: int, attempt: int, purpose: Purpose) -> np.random.Generator:
    """The random stream of sample `index` of `seed`, at its `attempt`-th try, for `purpose`.

    Args:
        seed, index: 0 … 2⁶⁴ − 1, the key. attempt: 0 … 2⁶⁴ − 1, a word of the counter.
    """
    counter = np.array([0, 0, purpose, attempt], dtype=np.uint64)
    key = _Key(seed, index)
    return np.random.Generator(np.random.Philox(key, counter=counter))  # type: ignore[arg-type]


def check_seed(seed: int) -> None:
    """Raise InputError unless `seed` is 0 … 2⁶³ − 1."""
    if not 0 <= seed < 2**63:
        raise InputError(f"--seed {seed}: choose 0 to 2⁶³ − 1")


class _Key(ISeedSequence):
    """Philox's key as it is: given as `key`, it costs a read of the system's entropy besides."""

    def __init__(self, *words: int) -> None:
        self._words = np.array(words, dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint32) -> NDArray[np.uint64]:
        return self._words


def normals(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normals of `shape`, by the inverse transform of 16 random bits each.

    Seven times as fast as `rng.standard_normal`, and the same on every machine and version: a
    table's entries and Philox's bits do not change. The tails end at 4.3 standard deviations.
    """
    count = math.prod(shape)
    raw = rng.bit_generator.random_raw(-(-count // 4)).astype("<u8", copy=False)
    return _quantiles().take(raw.view("<u2")[:count]).reshape(shape)


@lru_cache(maxsize=4096)  # a sample's place is asked for several times
def permute(index: int, n: int, seed: int, salt: int) -> int:
    """Where a keyed permutation of 0 … n − 1 sends `index`, in constant memory.

    A Feistel network on the smallest even number of bits that holds n, walked until it lands
    inside (Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). Few bits need
    many rounds: at four, the type of a sample could be told from its index.
    `salt` parts the permutations of one seed from each other.
    """
    if not 0 <= index < n:
        raise ValueError(f"index {index} is outside 0 … {n - 1}")
    half = max(1, (max(n - 1, 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    keys = _round_keys(seed, salt)
    while True:
        left, right = index >> half, index & mask
        for key in keys:
            left, right = right, left ^ (_mix(right ^ key) & mask)
        index = left << half | right
        if index < n:
            return index


@lru_cache(maxsize=16)
def _round_keys(seed: int, salt: int) -> list[int]:
    return [_mix(seed ^ _mix(salt * ROUNDS + turn + 1)) for turn in range(ROUNDS)]


def five_digits(value: float) -> float:
    """`value` rounded to five significant digits: what is recorded is what is rendered."""
    return float(f"{value:.5g}")


def five_digits_of(stored: NDArray[np.float32]) -> NDArray[np.float64]:
    """`five_digits` of every number of five digits that an array stores as float32."""
    # Its shortest decimal that is the same float32: seven digits are exact there.
    return stored.astype(np.float32).astype(str).astype(np.float64)


def _mix(word: int) -> int:
    """SplitMix64's finaliser: 64 bits in, 64 well-mixed bits out."""
    word = (word + 0x9E3779B97F4A7C15) & _ALL
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _ALL
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _ALL
    return word ^ word >> 31


@cache
def _quantiles() -> NDArray[np.float32]:
    """The standard normal at the middles of 65,536 equal shares, scaled to variance 1."""
    quantile = NormalDist().inv_cdf
    below = np.array([quantile((place + 0.5) / 2**16) for place in range(2**15)])
    table = np.concatenate([below, -below[::-1]])
    return (table / table.std()).astype(np.float32)


_ALL = (1 << 64) - 1
