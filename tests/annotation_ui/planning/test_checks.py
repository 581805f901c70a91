"""What the machine says of samples whose answer is known in closed form."""

from dataclasses import replace

import pytest
from skimage import data

from annotation_ui.planning.checks import check_sample, pixel_residual
from annotation_ui.planning.rows import RowSource
from generators.api import degrade
from generators.errors import InputError
from generators.taxonomy import TYPES, Degradation

PHOTO = data.astronaut()[:128, 128:256]
ORIGIN = RowSource("folder", "a/street.jpg", "folder")
WITH_KEYS = [name for name, degradation in TYPES.items() if degradation.keys]


@pytest.mark.parametrize("type_name", WITH_KEYS)
def test_a_sound_sample_renders_to_itself(type_name: str) -> None:
    sample = degrade(PHOTO, type_name, seed=4)
    assert pixel_residual(sample, (4, 0, 0)) == 0
    assert check_sample(sample, (4, 0, 0), replace(ORIGIN, depth_source="procedural")).flags == ()


@pytest.mark.parametrize(
    ("type_name", "key", "wrong"),
    [
        ("haze", "transmission", 0.8),  # β, which rendering follows, still holds the truth
        ("haze", "atmospheric_light", 0.99),
        ("low_light", "gain", 0.1),
        ("blur", "sigma", 2.0),
        ("low_resolution", "scale", 4.0),
    ],
)
def test_a_wrong_parameter_is_inconsistent(type_name: str, key: str, wrong: float) -> None:
    right = {"transmission": 0.5, "atmospheric_light": 0.6, "gain": 0.08, "sigma": 4.0, "scale": 2}
    sample = degrade(PHOTO, type_name, {key: right[key]}, seed=4)
    shown = replace(sample, degradations=(Degradation(type_name, sample.values | {key: wrong}),))
    checked = check_sample(shown, (4, 0, 0), ORIGIN)
    assert checked.pixel_residual > 4
    assert [flag.name for flag in checked.flags][:1] == ["inconsistent"]
    assert str(checked.pixel_residual) in checked.flags[0].text


def test_the_residual_is_the_largest_difference() -> None:
    sample = degrade(PHOTO, "blur", seed=4)
    broken = sample.degraded.copy()
    before = int(broken[7, 9, 1])
    broken[7, 9, 1] = before + 37 if before < 200 else before - 37
    shown = replace(sample, degraded=broken)
    assert pixel_residual(shown, (4, 0, 0)) == 37


def test_a_pixel_of_one_level_is_another_processor_and_no_flag() -> None:
    sample = degrade(PHOTO, "blur", seed=4)
    near = sample.degraded ^ 1  # every value moves by one
    shown = replace(sample, degraded=near)
    checked = check_sample(shown, (4, 0, 0), ORIGIN)
    assert checked.pixel_residual == 1
    assert checked.flags == ()


def test_postprocessed_pictures_are_followed_through_noise_and_jpeg() -> None:
    for seed in range(8):
        sample = degrade(PHOTO, "haze", seed=seed, preset="du110k-wild")
        assert pixel_residual(sample, (seed, 0, 0)) <= 1


def test_a_parameter_that_cannot_be_rendered_is_named() -> None:
    sample = degrade(PHOTO, "haze", seed=4)
    shown = replace(
        sample, degradations=(Degradation("haze", sample.values | {"transmission": 1.5}),)
    )
    with pytest.raises(InputError, match=r"transmission=1\.5"):
        pixel_residual(shown, (4, 0, 0))
