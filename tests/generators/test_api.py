"""Degrading single images, as other people's programs do it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from generators import Degrade, degrade
from generators.errors import InputError
from generators.taxonomy import TYPES


@pytest.fixture(scope="module")
def photo(photos: Path) -> np.ndarray:
    return np.array(Image.open(photos / "picosdeeuropa-by-aitzol-berasategi.jpg"))[:300, :400]


def test_blur_is_scipys(photo: np.ndarray) -> None:
    sample = degrade(photo, "blur", {"sigma": 3})
    wanted = gaussian_filter(photo.astype(float), (3, 3, 0), mode="mirror", radius=(12, 12, 0))
    assert np.abs(sample.degraded - np.rint(wanted)).max() <= 1
    assert sample.tuples == [("blur", "sigma", 3.0)]


def test_haze_has_the_transmission_asked_for(photo: np.ndarray) -> None:
    sample = degrade(photo, "haze", {"transmission": 0.4})
    t = np.exp(-sample.values["beta"] * sample.depth.astype(float) / 65535)
    assert t.mean() == pytest.approx(0.4, abs=1e-4)
    light = sample.values["atmospheric_light"]
    wanted = sample.clean / 255 * t[..., None] + light * (1 - t[..., None])
    assert np.abs(sample.degraded - np.rint(wanted * 255)).max() <= 1


def test_depth_that_is_given_is_used(photo: np.ndarray) -> None:
    ramp = np.tile(np.linspace(3, 90, photo.shape[1]), (photo.shape[0], 1))
    sample = degrade(photo, "haze", depth=ramp)
    low, high = np.percentile(ramp[::2, ::2], [1, 99])
    wanted = np.clip((ramp - low) / (high - low), 0, 1) * 0.95 + 0.05
    assert np.abs(sample.depth / 65535 - wanted).max() < 1e-4


@pytest.mark.parametrize("type_name", [name for name, t in TYPES.items() if t.keys])
def test_the_seed_decides(photo: np.ndarray, type_name: str) -> None:
    one, same, other = (degrade(photo, type_name, seed=seed) for seed in (1, 1, 5))
    assert (one.degraded == same.degraded).all()
    assert one.values == same.values
    assert (one.degraded != other.degraded).any()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(TYPES)), st.integers(16, 90), st.integers(16, 90), st.integers(0, 99))
def test_any_size(type_name: str, height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    sample = degrade(image, type_name, seed=seed)
    assert sample.degraded.shape == image.shape
    assert sample.degraded.dtype == np.uint8
    assert (sample.clean == image).all()


def test_pillow_images_of_any_mode(photo: np.ndarray) -> None:
    for mode in ("RGB", "L", "RGBA", "P"):
        sample = degrade(Image.fromarray(photo).convert(mode), "low_resolution")
        assert sample.degraded.shape == photo.shape


@pytest.mark.parametrize(
    ("image", "type_name", "parameters", "message"),
    [
        (np.zeros((64, 64, 3), np.uint8), "rain", {}, "unknown type 'rain'.*haze"),
        (np.zeros((64, 64, 3), np.uint8), "blur", {"gamma": 2}, "no key 'gamma'.*sigma"),
        (np.zeros((64, 64, 3), np.uint8), "blur", {"sigma": 0}, r"outside \[1, 9\]"),
        (np.zeros((64, 64, 3), np.uint8), "blur", {"sigma": float("nan")}, "not a number"),
        (np.zeros((64, 64, 3), np.uint8), "low_resolution", {"scale": 2.5}, "whole number"),
        (np.zeros((64, 64, 3), np.uint8), "low_light", {"camera_intrinsics": [1]}, "9 numbers"),
        (np.zeros((64, 64, 3), np.uint8), "low_light", {"camera_intrinsics": [1] * 9}, "no colour"),
        (np.zeros((64, 64, 3), np.uint8), "haze", {"transmission": 0}, "between 0 and 1"),
        (np.zeros((64, 64, 2), np.uint8), "blur", {}, r"must be \(H, W\) or \(H, W, 3\)"),
        (np.full((64, 64, 3), 9.0), "blur", {}, r"floats must lie in \[0, 1\]"),
        (np.zeros((64, 64), np.int64), "blur", {}, "an image of int64; give uint8, uint16"),
        (np.zeros((4, 64, 3), np.uint8), "blur", {}, "at least 16"),
    ],
)
def test_bad_input(image: np.ndarray, type_name: str, parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        degrade(image, type_name, parameters)


def test_bad_depth(photo: np.ndarray) -> None:
    with pytest.raises(InputError, match="depth is"):
        degrade(photo, "haze", depth=np.ones((3, 3)))
    with pytest.raises(InputError, match="not finite"):
        degrade(photo, "haze", depth=np.full(photo.shape[:2], np.nan))


class _Photos(torch.utils.data.Dataset):
    def __init__(self, photo: np.ndarray) -> None:
        self.photo, self.transform = photo, Degrade()

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> dict:
        return self.transform(self.photo[:96, :96])


def test_a_torch_transform_in_a_loader_with_workers(photo: np.ndarray) -> None:
    def batches() -> list[dict]:
        torch.manual_seed(3)
        loader = torch.utils.data.DataLoader(_Photos(photo), batch_size=8, num_workers=2)
        return list(loader)

    first, second = batches(), batches()
    for one, two in zip(first, second, strict=True):
        assert one["degraded"].shape == one["clean"].shape == (8, 3, 96, 96)
        assert one["degraded"].dtype == torch.float32
        assert torch.equal(one["degraded"], two["degraded"])
        for code, parameters in zip(one["type"], one["parameters"], strict=True):
            keys = {key.name for key in list(TYPES.values())[code].keys}
            for (key, _), value in zip(Degrade.columns, parameters, strict=True):
                assert torch.isnan(value) == (key not in keys)
    # Workers draw differently, and so do samples; a factor of 2, 3 or 4 may come twice.
    images = torch.cat([batch["degraded"] for batch in first]).flatten(1)
    assert len(torch.unique(images, dim=0)) >= 12


@pytest.mark.filterwarnings("error")
def test_a_picture_that_may_not_be_written_to(photo: np.ndarray) -> None:
    """As `np.asarray` of a Pillow image is."""
    photo = photo[:64, :64].copy()
    photo.flags.writeable = False
    torch.set_warn_always(True)
    try:
        clean = Degrade()(photo)["clean"]
    finally:
        torch.set_warn_always(False)
    assert np.array_equal(clean.mul(255).round().byte().permute(1, 2, 0), photo)
