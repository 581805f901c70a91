"""Draws on tensors: scipy's distributions, and those of the per-image sampler."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, chisquare, ks_2samp, kstest, loguniform, norm, truncnorm, uniform

from generators import presets
from generators.batched.draws import draw, draw_postprocess
from generators.presets import Preset
from generators.randomness import Purpose, stream
from generators.taxonomy import TYPES

PRESET, WILD = presets.load("du110k"), presets.load("du110k-wild")
DRAWS = 20_000
CAMERAS = PRESET.draws["low_light"]["camera_intrinsics"]["choice"]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(**distributions: object) -> Preset:
    return Preset("mine", ("blur",), {"blur": distributions})


@pytest.mark.parametrize(
    ("spec", "law"),
    [
        ({"normal": [5, 2], "range": [1, 9]}, truncnorm(-2, 2, 5, 2)),
        ({"normal": [0.1, 0.08], "range": [0.05, 0.1]}, truncnorm(-0.625, 0, 0.1, 0.08)),
        ({"normal": [0, 1], "range": [6, 9]}, truncnorm(6, 9)),
        ({"uniform": [1.9, 2.4]}, uniform(1.9, 0.5)),
        ({"log_uniform": [5e-6, 5e-4]}, loguniform(5e-6, 5e-4)),
    ],
)
def test_against_scipy(spec, law) -> None:
    drawn = draw(only(x=spec), "blur", DRAWS, seeded(1))["x"]
    assert drawn.dtype == torch.float32
    assert kstest(drawn.double().numpy(), law.cdf).pvalue > 1e-3


def test_choices_are_equally_likely_and_exact() -> None:
    drawn = draw(PRESET, "low_light", DRAWS, seeded(2))["camera_intrinsics"]
    cameras, counts = np.unique(drawn.numpy(), axis=0, return_counts=True)
    assert cameras.tolist() == np.unique(np.float32(CAMERAS), axis=0).tolist()
    assert chisquare(counts).pvalue > 1e-3
    scales, counts = draw(PRESET, "low_resolution", DRAWS, seeded(3))["scale"].unique(
        return_counts=True
    )
    assert scales.tolist() == [2, 3, 4]
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_mixture_is_uniform_on_the_simplex() -> None:
    drawn = draw(only(x={"mixture": CAMERAS}), "blur", 4000, seeded(4))["x"].double().numpy()
    weights = np.linalg.lstsq(np.array(CAMERAS).T, drawn.T, rcond=None)[0]
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-3)
    for weight in weights:  # the margins of Dirichlet(1, 1, 1, 1)
        assert kstest(weight, beta(1, 3).cdf).pvalue > 1e-3


def test_power_law_scatters_about_its_line() -> None:
    drawn = draw(PRESET, "low_light", DRAWS, seeded(5))
    shot, read = (drawn[n].double().log().numpy() for n in ("shot_noise", "read_noise"))
    assert kstest(read - 2.18 * shot - 1.2, norm(0, 0.26).cdf).pvalue > 1e-3


@pytest.mark.parametrize("type_name", PRESET.types)
def test_the_same_distributions_as_one_by_one(type_name) -> None:
    ones = [PRESET.draw(type_name, stream(0, i, 0, Purpose.PARAMETERS)) for i in range(3000)]
    many = draw(PRESET, type_name, DRAWS, seeded(6))
    assert list(many) == list(ones[0])
    for name, drawn in many.items():
        columns = np.float32([one[name] for one in ones]).reshape(3000, -1)
        for column, theirs in zip(drawn.reshape(DRAWS, -1).T, columns.T, strict=True):
            assert ks_2samp(column.numpy(), theirs).pvalue > 1e-4, name


@settings(max_examples=50, deadline=None)
@given(
    type_name=st.sampled_from(PRESET.types), seed=st.integers(0, 2**63), count=st.integers(0, 50)
)
def test_draws_are_of_the_range_and_follow_the_seed(type_name, seed, count) -> None:
    drawn = draw(PRESET, type_name, count, seeded(seed))
    again = draw(PRESET, type_name, count, seeded(seed))
    for key in TYPES[type_name].keys:
        value = drawn[key.name]
        assert value.shape == ((count, key.size) if key.kind == "vector" else (count,))
        # Bounds such as 0.1 are not float32 numbers.
        assert ((value >= key.low - 1e-7) & (value <= key.high + 1e-7)).all()
        assert value.equal(again[key.name])


def test_another_seed_draws_other_values() -> None:
    one, other = (draw(PRESET, "blur", 50, seeded(seed))["sigma"] for seed in (1, 2))
    assert not one.eq(other).any()


def test_undegraded_has_nothing_to_draw() -> None:
    assert draw(WILD, "none", 5, seeded(0)) == {}


def test_postprocessing_is_as_often_and_as_strong_as_one_by_one() -> None:
    drawn = draw_postprocess(WILD, DRAWS, seeded(7))
    assert list(drawn) == ["capture_noise", "jpeg_quality"]
    noise, quality = drawn.values()
    for drawn, low, high in ((noise, 0, 4), (quality, 60, 100)):
        present = drawn[drawn > 0]
        assert len(present) / DRAWS == pytest.approx(0.5, abs=0.015)
        assert kstest(present.numpy(), "uniform", args=(low, high - low)).statistic < 0.03
    assert quality.eq(quality.round()).all()
    assert abs(np.corrcoef(noise > 0, quality > 0)[0, 1]) < 0.03
    ones = [WILD.draw_postprocess(stream(3, i, 0, Purpose.POSTPROCESS)) for i in range(3000)]
    assert ks_2samp(noise.numpy(), [one["capture_noise"] for one in ones]).pvalue > 1e-4
    assert ks_2samp(quality.numpy(), [one["jpeg_quality"] for one in ones]).pvalue > 1e-4


def test_what_else_is_done_to_a_real_photograph() -> None:
    real = presets.load("du110k-real")
    drawn = draw_postprocess(real, DRAWS, seeded(8))
    ones = [real.draw_postprocess(stream(3, i, 0, Purpose.POSTPROCESS)) for i in range(3000)]
    assert list(drawn) == list(ones[0])
    for name, values in drawn.items():
        assert ks_2samp(values.numpy(), [one[name] for one in ones]).pvalue > 1e-4, name


def test_no_postprocessing_without_its_section() -> None:
    assert draw_postprocess(PRESET, 8, seeded(0)) == {}
