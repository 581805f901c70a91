"""Answers about tiles as one diagnosis, against sums by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from dubench.diagnosing.diagnosis import Diagnosis, merge, pool
from dubench.predictions.record import prediction_of


def diagnosis(*records: dict) -> Diagnosis:
    answers = [prediction_of({"id": "tile"} | record, 1) for record in records]
    return merge(answers, (), "model")


def blur(sigma: float, low: float, high: float, **probabilities: float) -> dict:
    record = {"type": "blur", "parameters": {"sigma": sigma}, "ranges": {"sigma": [low, high]}}
    return record | ({"type_probabilities": probabilities} if probabilities else {})


def test_probabilities_are_means_and_values_medians() -> None:
    merged = diagnosis(
        blur(3.0, 2.5, 3.5, blur=0.9, none=0.1),
        blur(5.0, 4.0, 7.0, blur=0.6, haze=0.4),
        blur(3.2, 3.0, 3.6, blur=0.6, none=0.4),
        {"type": "none", "type_probabilities": {"none": 0.9, "blur": 0.1}},
    )
    assert merged.type_names == ("blur",)
    assert merged.probability == pytest.approx(0.55)
    assert merged.type_probabilities == pytest.approx(
        {"haze": 0.1, "low_light": 0, "blur": 0.55, "low_resolution": 0, "none": 0.35}
    )
    (finding,) = merged.findings
    # Of the three tiles that name it.
    assert finding.parameters == {"sigma": 3.2}
    assert finding.severity == "slight"
    assert merged.tiles == (("blur",), ("blur",), ("blur",), ("none",))


def test_without_probabilities_most_tiles_decide() -> None:
    haze = {"type": "haze", "parameters": {"atmospheric_light": 0.8, "transmission": 0.3}}
    merged = diagnosis(haze, {"type": "none"}, haze, {"output": "no idea"})
    assert merged.type_names == ("haze",)
    assert merged.probability == 0.5
    assert merged.type_probabilities == {}
    assert merged.tiles == (("haze",), ("none",), ("haze",), ())


def test_transmission_is_the_mean_as_of_the_whole_map() -> None:
    values = [0.2, 0.3, 0.7]
    records = [
        {
            "type": "haze",
            "parameters": {"atmospheric_light": light, "transmission": t},
            "ranges": {"transmission": [t - 0.1, t + 0.05]},
        }
        for t, light in zip(values, (0.5, 0.6, 0.9), strict=True)
    ]
    (finding,) = diagnosis(*records).findings
    assert finding.parameters == {"atmospheric_light": 0.6, "transmission": 0.4}


def test_a_factor_stays_whole_and_a_matrix_a_matrix() -> None:
    scales = [{"type": "low_resolution", "parameters": {"scale": s}} for s in (2, 2, 3, 4)]
    assert diagnosis(*scales).findings[0].parameters == {"scale": 2}
    matrices = np.random.default_rng(0).uniform(-1, 2, (3, 9)).round(3)
    records = [
        {
            "type": "low_light",
            "parameters": {"gamma": 2.5, "gain": 0.08, "camera_intrinsics": matrix.tolist()},
            "ranges": {"camera_intrinsics": [[entry - 0.5, entry + 0.5] for entry in matrix]},
        }
        for matrix in matrices
    ]
    (finding,) = diagnosis(*records).findings
    middle = np.median(matrices, axis=0)
    assert finding.parameters["camera_intrinsics"] == pytest.approx(tuple(middle))
    low, high = finding.ranges["camera_intrinsics"]
    assert np.all(np.array(low) < middle - 0.3)
    assert np.all(np.array(high) > middle + 0.3)
    # gain^(1/γ) = .08^.4 = .364, between .36 and .44.
    assert finding.severity == "moderate"
    assert finding.to_json()["ranges"]["camera_intrinsics"][0] == [low[0], high[0]]


@pytest.mark.parametrize(
    ("record", "severity"),
    [
        ({"type": "blur", "parameters": {"sigma": 3.49}}, "slight"),
        ({"type": "blur", "parameters": {"sigma": 6.0}}, "severe"),
        ({"type": "blur"}, None),
        ({"type": "haze", "parameters": {"atmospheric_light": 1, "transmission": 0.5}}, "slight"),
        ({"type": "haze", "parameters": {"atmospheric_light": 1, "transmission": 0.3}}, "severe"),
        ({"type": "low_resolution", "parameters": {"scale": 3}}, "moderate"),
    ],
)
def test_severity_is_the_taxonomys(record: dict, severity: str | None) -> None:
    assert diagnosis(record).findings[0].severity == severity


def test_several_degradations_stay_several() -> None:
    both = {"tuples": [["blur", "sigma", 2], ["low_light", "gain", 0.06]]}
    merged = diagnosis(both, both, {"type": "blur", "parameters": {"sigma": 5}})
    assert merged.type_names == ("low_light", "blur")  # in the light's order
    assert merged.probability == pytest.approx(2 / 3)
    assert merged.findings[1].parameters == {"sigma": 2}


three = st.tuples(*[st.floats(0.1, 0.9)] * 3).map(sorted)


@given(st.lists(three, min_size=1, max_size=9))
def test_a_value_lies_within_its_range(tiles: list[list[float]]) -> None:
    """Where every tile's does."""
    for key, type_name in (("atmospheric_light", "haze"), ("transmission", "haze")):
        records = [
            {"type": type_name, "parameters": {key: value}, "ranges": {key: [low, high]}}
            for low, value, high in tiles
        ]
        (finding,) = diagnosis(*records).findings
        low, high = finding.ranges[key]
        assert low * (1 - 1e-4) <= finding.parameters[key] <= high * (1 + 1e-4)
        assert low >= min(tile[0] for tile in tiles) - 0.2
        assert high <= max(tile[2] for tile in tiles) + 0.2


@given(three)
def test_one_tile_or_several_that_agree_keep_their_range(tile: list[float]) -> None:
    for count in (1, 4):
        assert pool(np.array([tile] * count)) == pytest.approx((tile[0], tile[2]), abs=1e-9)


def test_ranges_are_those_of_the_mixture() -> None:
    """Against scipy's mixture of the same piecewise even distributions."""
    tiles = np.array([[1.0, 2.0, 4.0], [3.0, 3.5, 4.5], [6.0, 7.0, 7.5]])

    def share_below(x: float) -> float:
        levels = (0, 0.05, 0.5, 0.95, 1)
        ends = [
            (low - (mid - low) / 9, low, mid, high, high + (high - mid) / 9)
            for low, mid, high in tiles
        ]
        return float(np.mean([np.interp(x, end, levels) for end in ends]))

    wanted = [brentq(lambda x, q=q: share_below(x) - q, 0, 9) for q in (0.05, 0.95)]
    assert pool(tiles) == pytest.approx(wanted, abs=0.02)


def test_a_factors_range_is_whole() -> None:
    records = [
        {"type": "low_resolution", "parameters": {"scale": s}, "ranges": {"scale": [s, s]}}
        for s in (3, 3, 3, 2)
    ]
    assert diagnosis(*records).findings[0].ranges == {"scale": (2, 3)}


def test_tiles_that_disagree_are_a_caution() -> None:
    two = [{"type": "none"}] * 4 + [{"type": "haze"}] * 3
    assert diagnosis(*two).cautions == ("the tiles disagree: none 4, haze 3",)
    assert diagnosis(*two[:5]).cautions == ()
    unsure = {"type": "blur", "type_probabilities": {"blur": 0.5, "none": 0.41, "haze": 0.09}}
    assert diagnosis(unsure).cautions == ("unsure: blur 50 %, none 41 %",)


def test_values_that_differ_from_tile_to_tile_are_a_caution() -> None:
    near = [blur(sigma, 2, 5) for sigma in (3, 3.5, 4, 4.5, 5)]
    assert diagnosis(*near).cautions == ()
    far = [blur(sigma, sigma - 0.2, sigma + 0.2) for sigma in (1.5, 1.6, 1.7, 5, 5.1, 5.2)]
    (caution,) = diagnosis(*far).cautions
    assert "sigma differs from tile to tile (1.5 to 5.2)" in caution
