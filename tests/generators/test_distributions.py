"""Distributions made of others, against quadrature and scipy; and their bounds."""

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp, kstest, truncnorm, uniform

from generators import distributions
from generators.batched.draws import draw as draw_many
from generators.presets import Preset

DARKNESS = {"normal": [0.06, 0.04], "range": [0.07, 0.15]}
ALL_CHANNELS = {"normal": [0.8, 0.1], "range": [0.5, 1.1]}


def drawn(spec: dict, count: int = 4000, earlier: dict | None = None) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.array([distributions.draw(spec, rng, earlier or {}) for _ in range(count)])


def test_a_product_is_distributed_as_one() -> None:
    first = truncnorm(0.25, 2.25, 0.06, 0.04)
    second = truncnorm(-3, 3, 0.8, 0.1)

    y = np.linspace(0.5, 1.1, 500)
    places = np.linspace(0.035, 0.165, 200)
    below = np.trapezoid(second.pdf(y) * first.cdf(places[:, None] / y), y)
    values = drawn({"product": [DARKNESS, ALL_CHANNELS]})
    assert kstest(values, lambda v: np.interp(v, places, below)).pvalue > 1e-3
    assert values.mean() == pytest.approx(first.mean() * second.mean(), rel=0.01)


def test_a_sum_is_distributed_as_one() -> None:
    values = drawn({"sum": [{"uniform": [0, 2]}, {"choice": [10, 20]}]})
    high = values > 15
    assert high.mean() == pytest.approx(0.5, abs=0.03)
    assert kstest(values - np.where(high, 20, 10), uniform(0, 2).cdf).pvalue > 1e-3


def test_a_power_law_within_a_sum_follows_the_earlier_value() -> None:
    law = {"power_law": {"of": "shot", "slope": 1, "intercept": 0, "sd": 0}}
    assert drawn({"sum": [law, {"choice": [5]}]}, 3, {"shot": 2.0}) == pytest.approx(7)


@pytest.mark.parametrize(
    "spec",
    [
        {"product": [DARKNESS, ALL_CHANNELS]},
        {"sum": [{"uniform": [0, 2]}, {"choice": [10, 20]}]},
    ],
)
def test_many_at_once_are_of_the_same_distribution(spec: dict) -> None:
    preset = Preset("mine", ("blur",), {"blur": {"x": spec}})
    many = draw_many(preset, "blur", 4000, torch.Generator().manual_seed(1))["x"]
    assert ks_2samp(many.numpy(), drawn(spec)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("spec", "ends"),
    [
        (DARKNESS, (0.07, 0.15)),
        ({"log_uniform": [1, 3]}, (1, 3)),
        ({"choice": [3, 2, 4]}, (2, 4)),
        ({"mixture": [[1, -2], [3, 0.5]]}, (-2, 3)),
        ({"product": [DARKNESS, ALL_CHANNELS]}, (0.035, 0.165)),
        ({"product": [{"uniform": [-2, 1]}, {"uniform": [-3, 5]}]}, (-10, 6)),
        ({"sum": [{"uniform": [-2, 1]}, {"choice": [7]}]}, (5, 8)),
    ],
)
def test_bounds_hold_and_are_reached(spec: dict, ends: tuple[float, float]) -> None:
    assert distributions.bounds(spec) == pytest.approx(ends)
    values = np.ravel(drawn(spec))
    assert ends[0] - 1e-12 <= values.min() <= values.max() <= ends[1] + 1e-12


def test_a_power_law_has_no_bounds_nor_what_holds_one() -> None:
    law = {"power_law": {"of": "x", "slope": 1, "intercept": 0, "sd": 1}}
    assert distributions.bounds(law) is None
    assert distributions.bounds({"sum": [law, {"choice": [1]}]}) is None


LAW = {"power_law": {"of": "x", "slope": 1, "intercept": 0, "sd": 1}}


@pytest.mark.parametrize(
    ("spec", "least"),
    [
        (DARKNESS, "above"),
        ({"choice": [0, 3]}, "zero"),
        ({"choice": [[1, 3]]}, "other"),
        ({"uniform": [-1, 3]}, "other"),
        (LAW, "above"),
        ({"product": [LAW, {"choice": [2]}]}, "above"),
        ({"product": [LAW, {"uniform": [0, 2]}]}, "zero"),
        ({"product": [LAW, {"uniform": [-1, 2]}]}, "other"),
        ({"product": [{"choice": [-1]}, {"choice": [-2]}]}, "above"),
        ({"sum": [LAW, {"choice": [0]}]}, "above"),
        ({"sum": [LAW, {"choice": [-1]}]}, "other"),
    ],
)
def test_whether_numbers_above_zero_are_drawn(spec: dict, least: str) -> None:
    assert distributions.positive(spec) == (least == "above")
    assert distributions.positive(spec, or_zero=True) == (least != "other")
