"""Which fog is too dense for its photograph, and gold of impossible fog."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from annotation_ui.planning.checks import pixel_residual
from annotation_ui.planning.haze import DENSE, implausible_haze, impossible_haze, upside_down
from annotation_ui.planning.rows import RowSource
from generators.api import degrade
from generators.depth.crop_depth import fit, store
from generators.depth.prepared import prepare
from generators.physics import haze
from generators.sample import Sample
from generators.taxonomy import TYPES, Degradation, scalar

KEY = (0, 0, 0)
PHOTO = data.astronaut()[:128, 128:256]
ORIGIN = RowSource("folder", "a/street.jpg", "folder")


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


def test_dense_haze_on_a_receding_plane_is_plausible_and_on_a_close_up_is_not() -> None:
    assert implausible_haze(foggy(0.22, ramp()), ORIGIN) is None
    reason = implausible_haze(foggy(0.22, close_up()), ORIGIN)
    assert reason is not None
    assert "little depth" in reason
    # The nearest quarter of a close-up keeps about as little light as all of it.
    assert "2" in reason.split("nearest quarter lets only ")[1][:2]
    assert implausible_haze(foggy(DENSE + 0.01, close_up()), ORIGIN) is None


def test_dense_haze_in_a_real_garage_is_mostly_implausible_haze() -> None:
    left, _, disparity = data.stereo_motorcycle()
    raw = np.where(np.isfinite(disparity), disparity, 0).astype(np.float32)
    depth = prepare(raw, "disparity", left.shape) / np.float32(65535)
    rng = np.random.default_rng(0)
    flagged = []
    for _ in range(300):
        side = int(rng.integers(180, 480))
        x, y = (int(rng.integers(0, most - side)) for most in (left.shape[1], left.shape[0]))
        crop = np.zeros((128, 128, 3), np.uint8)
        cut = store(fit(depth, (x, y, side, side), left.shape, crop, snap=False))
        sample = foggy(float(rng.uniform(0.15, DENSE)), cut)
        if haze.plausible(sample.values):  # as whatever the sampler keeps
            flagged.append(implausible_haze(sample, ORIGIN) is not None)
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
    origin = RowSource(source, name, "procedural")
    assert (implausible_haze(foggy(0.22, ramp()), origin) is not None) == flagged
    assert implausible_haze(foggy(0.4, ramp()), origin) is None


def test_guessed_depth_is_judged_by_beta_alone_and_not_on_roads() -> None:
    origin = replace(ORIGIN, depth_source="procedural")
    depth = ramp()
    thick = foggy(0.15, depth)  # β ≈ 6.4
    assert scalar(thick.values, "beta") > 5
    assert "a guess" in str(implausible_haze(thick, origin))
    assert implausible_haze(thick, replace(origin, source="nuscenes")) is None
    thin = foggy(0.22, close_up())  # β ≈ 2: the guess says close-up, but it is a guess
    assert implausible_haze(thin, origin) is None


def test_scenes_of_leaves_picture_nothing() -> None:
    origin = RowSource("dead-leaves", "train/3", "exact")
    assert implausible_haze(foggy(0.12, close_up()), origin) is None


def test_other_types_are_never_implausible_haze() -> None:
    origin = replace(ORIGIN, source="celeba")
    for name in set(TYPES) - {"haze", "none"}:
        assert implausible_haze(degrade(PHOTO, name), origin) is None


def test_an_impossible_haze_veils_what_is_near() -> None:
    sample = degrade(PHOTO, "haze", {"transmission": 0.3, "atmospheric_light": 0.8})
    shown, _ = impossible_haze(sample, KEY)
    assert sample.depth is not None
    assert np.array_equal(shown.clean, sample.clean)

    def veil(one: Sample) -> np.ndarray:
        """1 − t, solved from the pictures by I = J·t + A·(1 − t) where J and A differ."""
        light = 0.8 * 255
        away = one.clean.astype(float) - light
        return 1 - np.mean((one.degraded - light) / np.where(away == 0, np.nan, away), axis=2)

    known = (np.abs(sample.clean - 0.8 * 255) > 20).all(axis=2)
    depth = sample.depth[known]
    assert np.corrcoef(depth, veil(sample)[known])[0, 1] > 0.8
    assert np.corrcoef(depth, veil(shown)[known])[0, 1] < -0.8
    # The values shown are those of the picture shown: nothing but the scene speaks against it.
    assert pixel_residual(shown, KEY) <= 1
    assert shown.values["atmospheric_light"] == sample.values["atmospheric_light"]
    assert shown.values["transmission"] == pytest.approx(0.3, abs=1e-4)


def test_upside_down_exchanges_near_and_far() -> None:
    depth = np.array([[3277, 65535], [30000, 40000]], np.uint16)
    assert upside_down(depth).tolist() == [[65535, 3277], [38812, 28812]]
    assert np.array_equal(upside_down(upside_down(depth)), depth)
