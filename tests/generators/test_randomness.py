"""Streams against Philox as published, permutations against the definition of one."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, kstest, norm

from generators.randomness import Purpose, five_digits, five_digits_of, normals, permute, stream

WORD = st.integers(0, 2**64 - 1)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x64-10 (Salmon et al., SC 2011, section 3.3), written from the paper."""
    mask = 2**64 - 1
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        first, second = c0 * 0xD2E7470EE14C6C93, c2 * 0xCA5A826395121157
        c0, c1 = (second >> 64) ^ c1 ^ k0, second & mask
        c2, c3 = (first >> 64) ^ c3 ^ k1, first & mask
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
    return [c0, c1, c2, c3]


def test_the_reference_gives_the_published_answer() -> None:
    # Random123's known-answer file: philox4x64, 10 rounds, counter and key zero.
    assert philox([0] * 4, [0] * 2) == [
        0x16554D9ECA36314C,
        0xDB20FE9D672D0FDC,
        0xD7E772CEE186176B,
        0x7E68B68AEC7BA23B,
    ]


@given(seed=WORD, index=WORD, attempt=WORD, purpose=st.sampled_from(Purpose))
def test_streams_are_philox_keyed_by_seed_and_index(seed, index, attempt, purpose) -> None:
    # numpy counts up before it draws, so its first two blocks are those of counters 1 and 2.
    wanted = [philox([n, 0, purpose, attempt], [seed, index]) for n in (1, 2)]
    raw = stream(seed, index, attempt, purpose).bit_generator.random_raw(8)
    assert raw.tolist() == wanted[0] + wanted[1]


@given(st.tuples(WORD, WORD, WORD, st.sampled_from(Purpose)))
def test_the_same_place_gives_the_same_draws(place) -> None:
    assert stream(*place).random(5).tolist() == stream(*place).random(5).tolist()


@given(*[st.tuples(WORD, WORD, WORD, st.sampled_from(Purpose))] * 2)
def test_different_places_give_different_draws(one, other) -> None:
    assume(one != other)
    assert stream(*one).random(5).tolist() != stream(*other).random(5).tolist()


@pytest.mark.parametrize("part", range(4))
def test_each_part_of_the_place_matters(part) -> None:
    place = [7, 42, 0, Purpose.PARAMETERS]
    moved = list(place)
    moved[part] = Purpose.NOISE if part == 3 else place[part] + 1
    assert stream(*place).random() != stream(*moved).random()


def test_normals_are_normal_and_independent() -> None:
    drawn = normals(stream(0, 0, 0, Purpose.NOISE), (200, 100, 3))
    assert drawn.shape == (200, 100, 3)
    assert drawn.dtype == np.float32
    assert kstest(drawn.ravel(), norm.cdf).pvalue > 1e-3
    correlations = np.corrcoef([*np.moveaxis(drawn, 2, 0).reshape(3, -1), drawn[..., 0].T.ravel()])
    assert np.abs(correlations - np.eye(4)).max() < 5 / np.sqrt(20000)


def test_normals_are_the_quantiles_of_sixteen_bits() -> None:
    drawn = normals(stream(5, 6, 0, Purpose.NOISE), (100_000,))
    words = (
        stream(5, 6, 0, Purpose.NOISE).bit_generator.random_raw(25_000).astype("<u8").view("<u2")
    )
    shares = (np.arange(2**16) + 0.5) / 2**16
    wanted = norm.ppf(shares) / norm.ppf(shares).std()
    np.testing.assert_allclose(drawn, wanted[words], rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 700), seed=WORD, salt=st.integers(0, 1000))
def test_permute_is_a_bijection(n, seed, salt) -> None:
    assert sorted(permute(i, n, seed, salt) for i in range(n)) == list(range(n))


def test_seeds_and_salts_give_different_permutations() -> None:
    orders = {
        tuple(permute(i, 50, seed, salt) for i in range(50))
        for seed in range(20)
        for salt in range(5)
    }
    assert len(orders) == 100


@pytest.mark.parametrize("n", [2, 3, 5, 12, 64, 100])
def test_every_place_is_as_likely(n) -> None:
    for index in (0, n - 1):
        sent = [permute(index, n, seed, 1) for seed in range(40 * n)]
        assert chisquare(np.bincount(sent, minlength=n)).pvalue > 1e-4


def test_index_does_not_tell_the_type() -> None:
    n = 20000
    sent = np.array([permute(i, n, 0, 0) for i in range(n)])
    # The type is the remainder by four; neither the remainder nor the rank of the index tells it.
    for known in (np.arange(n) % 4, np.arange(n) * 16 // n):
        table = np.zeros((known.max() + 1, 4))
        np.add.at(table, (known, sent % 4), 1)
        assert chi2_contingency(table).pvalue > 1e-4
    neighbours = np.zeros((4, 4))
    np.add.at(neighbours, (sent[:-1] % 4, sent[1:] % 4), 1)
    assert chi2_contingency(neighbours).pvalue > 1e-4


@pytest.mark.parametrize("index", [-1, 10])
def test_an_index_outside_is_refused(index) -> None:
    with pytest.raises(ValueError, match="outside 0 … 9"):
        permute(index, 10, 0, 0)


@given(st.floats(1e-12, 1e12) | st.floats(-1e12, -1e-12) | st.just(0.0))
def test_five_digits_against_decimal(value) -> None:
    rounded = Context(prec=5, rounding=ROUND_HALF_EVEN).create_decimal(Decimal(value))
    assert five_digits(value) == float(rounded)
    assert five_digits(five_digits(value)) == five_digits(value)


@given(st.lists(st.floats(1e-12, 1e12) | st.floats(-1e12, -1e-12) | st.just(0.0)))
def test_float32_keeps_five_digits(values) -> None:
    rendered = [five_digits(value) for value in values]
    stored = np.array(rendered, np.float32)
    assert five_digits_of(stored).tolist() == rendered
    assert [five_digits(float(entry)) for entry in stored] == rendered
