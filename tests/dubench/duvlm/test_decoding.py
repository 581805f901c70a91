"""Values and ranges of distributions over the grid."""

import numpy as np
import pytest
from scipy import stats

from dubench.baseline.certainty import Calibration
from dubench.duvlm.decoding import check_rule, record, value
from dubench.duvlm.tokens import NANO
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

SIGMA = KEYS["sigma"]
PLACES = NANO.places(SIGMA)


def shares(mean: float, deviation: float) -> np.ndarray:
    density = stats.norm(mean, deviation).pdf(PLACES)
    return density / density.sum()


def test_the_median_has_the_least_expected_p_rel() -> None:
    believed = shares(3.0, 1.2)
    candidates = np.linspace(1, 9, 1601)
    costs = [(believed * np.abs(PLACES - c) / PLACES).sum() for c in candidates]
    answer = value(SIGMA, PLACES, believed, "median")
    assert answer == pytest.approx(candidates[np.argmin(costs)], abs=PLACES[1] - PLACES[0])
    assert answer < value(SIGMA, PLACES, believed, "mean")


def test_the_rules_on_a_lopsided_distribution() -> None:
    believed = 0.6 * shares(3, 0.1) + 0.4 * shares(8, 0.1)
    assert value(SIGMA, PLACES, believed, "argmax") == pytest.approx(3)
    assert value(SIGMA, PLACES, believed, "mean") == pytest.approx(5)
    # Of scale 2.45 is the mean, and whole numbers alone make sense.
    scale = KEYS["scale"]
    assert value(scale, NANO.places(scale), shares(2.8, 0.1), "median") == 2
    with pytest.raises(InputError, match="median, mean, argmax"):
        check_rule("mode")


def test_a_record_states_ranges_that_hold_nine_tenths() -> None:
    types = np.array([0.01, 0.01, 0.95, 0.02, 0.01])
    assert list(TYPES)[2] == "blur"
    line = record(NANO, types, shares(5, 0.5)[None])
    assert line["type"] == "blur"
    assert line["type_probabilities"]["blur"] == 0.95
    np.testing.assert_allclose(line["ranges"]["sigma"], stats.norm(5, 0.5).interval(0.9), atol=0.01)
    wider = Calibration(levels={"sigma": (0.01, 0.99)})
    line = record(NANO, types, shares(5, 0.5)[None], calibration=wider)
    np.testing.assert_allclose(
        line["ranges"]["sigma"], stats.norm(5, 0.5).interval(0.98), atol=0.03
    )
