"""What the machine finds, on samples whose answer is known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from annotation_ui.planning.checks import DENSE, check, implausible, pixel_residual
from generators.api import degrade
from generators.depth import files
from generators.depth.procedural import fit, store
from generators.errors import InputError
from generators.physics import haze
from generators.sample import Sample
from generators.taxonomy import TYPES, Degradation, scalar

KEY = (0, 0, 0)
PHOTO = data.astronaut()[:128, 128:256]
ROW = {"source": "folder", "source_id": "a/street.jpg", "depth_source": "folder"}
KINDS = [name for name, kind in TYPES.items() if kind.keys]


def foggy(transmission: float, depth: NDArray[np.uint16]) -> Sample:
    values = haze.derive({"atmospheric_light": 0.7, "transmission": transmission}, depth)
    clean = np.full((*depth.shape, 3), 90, np.uint8)
    return Sample((Degradation("haze", values),), clean, haze.apply(clean, values, depth), depth)


def ramp() -> NDArray[np.uint16]:
    """A plane that recedes evenly from the bottom to the top."""
    return store(np.linspace(1, 0, 64, dtype=np.float32)[:, None].repeat(64, axis=1))


def close_up() -> NDArray[np.uint16]:
    """Nearly all at one distance, a thing of 2 % before it."""
    depth = np.full((64, 64), 9, np.float32)
    depth += np.random.default_rng(0).normal(0, 0.2, depth.shape).astype(np.float32)
    depth[:9, :9] = 5
    return store(depth)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_sample_renders_to_itself(kind: str) -> None:
    sample = degrade(PHOTO, kind, seed=4)
    assert pixel_residual(sample, (4, 0, 0)) == 0
    assert check(sample, (4, 0, 0), ROW | {"depth_source": "procedural"}).flags == ()


@pytest.mark.parametrize(
    ("kind", "key", "wrong"),
    [
        ("haze", "transmission", 0.8),  # β, which rendering follows, still tells the truth
        ("haze", "atmospheric_light", 0.99),
        ("low_light", "gain", 0.1),
        ("blur", "sigma", 2.0),
        ("low_resolution", "scale", 4.0),
    ],
)
def test_a_wrong_parameter_is_inconsistent(kind: str, key: str, wrong: float) -> None:
    right = {"transmission": 0.5, "atmospheric_light": 0.6, "gain": 0.08, "sigma": 4.0, "scale": 2}
    sample = degrade(PHOTO, kind, {key: right[key]}, seed=4)
    told = replace(sample, degradations=(Degradation(kind, sample.values | {key: wrong}),))
    found = check(told, (4, 0, 0), ROW)
    assert found.pixel_residual > 4
    assert [flag.name for flag in found.flags][:1] == ["inconsistent"]
    assert str(found.pixel_residual) in found.flags[0].text


def test_the_residual_is_the_largest_difference() -> None:
    sample = degrade(PHOTO, "blur", seed=4)
    broken = sample.degraded.copy()
    before = int(broken[7, 9, 1])
    broken[7, 9, 1] = before + 37 if before < 200 else before - 37
    told = replace(sample, degraded=broken)
    assert pixel_residual(told, (4, 0, 0)) == 37


def test_a_pixel_of_one_level_is_another_processor_and_no_flag() -> None:
    sample = degrade(PHOTO, "blur", seed=4)
    near = sample.degraded ^ 1  # every value moves by one
    told = replace(sample, degraded=near)
    found = check(told, (4, 0, 0), ROW)
    assert found.pixel_residual == 1
    assert found.flags == ()


def test_captured_pictures_are_followed_through_noise_and_jpeg() -> None:
    for seed in range(8):
        sample = degrade(PHOTO, "haze", seed=seed, preset="du110k-wild")
        assert pixel_residual(sample, (seed, 0, 0)) <= 1


def test_a_parameter_that_cannot_be_rendered_is_named() -> None:
    sample = degrade(PHOTO, "haze", seed=4)
    told = replace(
        sample, degradations=(Degradation("haze", sample.values | {"transmission": 1.5}),)
    )
    with pytest.raises(InputError, match=r"transmission=1\.5"):
        pixel_residual(told, (4, 0, 0))


def test_dense_haze_on_a_receding_plane_is_plausible_and_on_a_close_up_is_not() -> None:
    assert implausible(foggy(0.22, ramp()), ROW) is None
    reason = implausible(foggy(0.22, close_up()), ROW)
    assert reason is not None
    assert "little depth" in reason
    # The nearest quarter of a close-up keeps about as little light as all of it.
    assert "2" in reason.split("nearest quarter lets only ")[1][:2]
    assert implausible(foggy(DENSE + 0.01, close_up()), ROW) is None


def test_dense_haze_in_a_real_garage_is_mostly_implausible() -> None:
    left, _, disparity = data.stereo_motorcycle()
    raw = np.where(np.isfinite(disparity), disparity, 0).astype(np.float32)
    depth = files.prepare(raw, "disparity", left.shape) / np.float32(65535)
    rng = np.random.default_rng(0)
    flagged = []
    for _ in range(300):
        side = int(rng.integers(180, 480))
        x, y = (int(rng.integers(0, most - side)) for most in (left.shape[1], left.shape[0]))
        crop = np.zeros((128, 128, 3), np.uint8)
        cut = store(fit(depth, (x, y, side, side), left.shape, crop, snap=False))
        sample = foggy(float(rng.uniform(0.15, DENSE)), cut)
        if haze.plausible(sample.values):  # as whatever the sampler keeps
            flagged.append(implausible(sample, ROW) is not None)
    assert len(flagged) > 5
    assert np.mean(flagged) > 0.75


@pytest.mark.parametrize(
    ("source", "name", "flagged"),
    [
        ("celeba", "000001.jpg", True),
        ("folder", "indoor/0001.jpg", True),
        ("hf", "living_Room-12.png", True),
        ("folder", "mushroom.jpg", False),
        ("bdd100k", "abc.jpg", False),
        ("folder", "0001.jpg", False),
    ],
)
def test_the_kind_of_photograph_tells(source: str, name: str, flagged: bool) -> None:
    row = {"source": source, "source_id": name, "depth_source": "procedural"}
    assert (implausible(foggy(0.22, ramp()), row) is not None) == flagged
    assert implausible(foggy(0.4, ramp()), row) is None


def test_guessed_depth_is_judged_by_beta_alone_and_not_on_roads() -> None:
    row = ROW | {"depth_source": "procedural"}
    depth = ramp()
    thick = foggy(0.15, depth)  # β ≈ 6.4
    assert scalar(thick.values, "beta") > 5
    assert "a guess" in str(implausible(thick, row))
    assert implausible(thick, row | {"source": "nuscenes"}) is None
    thin = foggy(0.22, close_up())  # β ≈ 2: the guess says close-up, but it is a guess
    assert implausible(thin, row) is None


def test_scenes_of_leaves_picture_nothing() -> None:
    row = {"source": "dead-leaves", "source_id": "train/3", "depth_source": "exact"}
    assert implausible(foggy(0.12, close_up()), row) is None


def test_other_types_are_never_implausible() -> None:
    row = ROW | {"source": "celeba"}
    for kind in set(KINDS) - {"haze"}:
        assert implausible(degrade(PHOTO, kind), row) is None
