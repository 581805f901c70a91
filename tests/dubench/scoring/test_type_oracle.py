"""The constant is the best one: no other guess scores lower."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from dubench.scoring.type_oracle import constants, preset_values
from dubench.weighted_median import weighted_median
from generators import presets
from generators.randomness import Purpose, stream
from generators.taxonomy import KEYS


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    return preset_values(presets.load("du110k"), 1500)


def p_rel(guess: np.ndarray, truth: np.ndarray) -> float:
    gap = np.abs(guess - truth).reshape(len(truth), -1).sum(1)
    return float((gap / np.abs(truth).reshape(len(truth), -1).sum(1)).mean())


@pytest.mark.parametrize("name", [key.name for key in KEYS.values() if key.kind != "vector"])
def test_no_other_number_has_a_lower_p_rel(name: str, drawn: dict[str, np.ndarray]) -> None:
    best = constants(drawn)[name]
    optimum = minimize_scalar(
        lambda c: p_rel(np.array(c), drawn[name]),
        bounds=(KEYS[name].low, KEYS[name].high),
        method="bounded",
    )
    assert p_rel(np.array(best), drawn[name]) <= optimum.fun + 1e-9


def test_no_step_from_the_vector_lowers_its_p_rel(drawn: dict[str, np.ndarray]) -> None:
    truth = drawn["camera_intrinsics"]
    best = np.array(constants(drawn)["camera_intrinsics"])
    floor = p_rel(best, truth)
    for entry in range(9):
        for step in (-0.05, 0.05):
            other = best.copy()
            other[entry] += step
            assert p_rel(other, truth) >= floor


def test_a_median_by_hand() -> None:
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])) == 2
    # 1/|v| weights pull below the plain median of 4.
    assert constants({"sigma": np.array([1.0, 4.0, 5.0])})["sigma"] == 1


def test_rows_without_the_key_are_left_out() -> None:
    assert constants({"sigma": np.array([np.nan, 3.0, np.nan])}) == {"sigma": 3.0}
    assert constants({"sigma": np.array([np.nan])}) == {}


def test_a_key_that_is_not_drawn_is_derived_on_even_depth() -> None:
    # ∫exp(−β·d) over d from 0.05 to 1, at the β of each draw.
    drawn = preset_values(presets.load("jarvis"), 300)["transmission"]
    rng = stream(0, 0, 0, Purpose.PARAMETERS)
    betas = np.array([presets.load("jarvis").draw("haze", rng)["beta"] for _ in range(300)])
    wanted = (np.exp(-0.05 * betas) - np.exp(-betas)) / (0.95 * betas)
    np.testing.assert_allclose(drawn, wanted, rtol=1e-3)
