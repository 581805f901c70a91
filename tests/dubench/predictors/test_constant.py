"""The constant, against a minimiser that knows nothing of medians."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import truncnorm

from dubench.predictors import load_predictor
from generators import presets

HAZE = presets.load("du110k").draws["haze"]


def test_it_says_haze_with_the_values_of_least_p_rel() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    first, second = load_predictor("constant").predict([image, image + 255])
    assert first == second
    assert first["type"] == "haze"
    for name, answered in first["parameters"].items():
        (mean, sd), (low, high) = HAZE[name]["normal"], HAZE[name]["range"]
        drawn = truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
        best = minimize_scalar(
            lambda c, drawn=drawn: drawn.expect(lambda v: abs(c - v) / v),
            bounds=(low, high),
            method="bounded",
        )
        assert answered == pytest.approx(best.x, abs=0.01)


def test_of_another_preset_it_says_that_ones_constants() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    answer = load_predictor("constant:jarvis").predict([image])[0]
    # The 1/v-weighted median of U[a, b] is √(a·b).
    assert answer["parameters"]["atmospheric_light"] == pytest.approx(0.5, rel=0.02)
