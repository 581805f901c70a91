"""Down, eight bits, and up again: against torch in float64 and Pillow."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn.functional import interpolate

from generators.errors import InputError
from generators.operators import down_operator, up_operator
from generators.physics import low_resolution

with np.load(Path(__file__).parents[2] / "data" / "golden.npz") as arrays:
    PHOTOS = {side: arrays[f"clean_{side}"] for side in (96, 256)}


def by_torch(image: np.ndarray, scale: int) -> np.ndarray:
    """Levels before the last rounding, (scale·⌊H/scale⌋, scale·⌊W/scale⌋, 3)."""
    planes = torch.from_numpy(image).permute(2, 0, 1)[None].double()
    small = interpolate(planes, scale_factor=1 / scale, mode="bicubic", antialias=True)
    small = small.round().clamp(0, 255)
    large = interpolate(small, scale_factor=scale, mode="bicubic", antialias=True)
    return large[0].permute(1, 2, 0).clamp(0, 255).numpy()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", PHOTOS)
def test_against_torch(side, scale) -> None:
    image = PHOTOS[side]
    wanted = by_torch(image, scale)
    result = low_resolution.apply(image, {"scale": float(scale)})
    assert result.shape == image.shape
    difference = np.abs(result[: wanted.shape[0], : wanted.shape[1]] - wanted)
    assert difference.max() < 1 + 1e-3
    assert np.quantile(difference, 0.999) < 0.5 + 1e-3


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", PHOTOS)
def test_against_pillow(side, scale) -> None:
    image = PHOTOS[side]
    small = side // scale
    box = (0, 0, scale * small, scale * small)
    planes = []
    for plane in np.moveaxis(image, 2, 0).astype(np.float32):
        reduced = Image.fromarray(plane).resize((small, small), Image.Resampling.BICUBIC, box=box)
        levels = Image.fromarray(np.rint(np.asarray(reduced)).clip(0, 255))
        planes.append(levels.resize((scale * small, scale * small), Image.Resampling.BICUBIC))
    wanted = np.clip(np.stack([np.asarray(plane) for plane in planes], -1), 0, 255)
    result = low_resolution.apply(image, {"scale": float(scale)})
    difference = np.abs(result[: scale * small, : scale * small] - wanted)
    assert difference.max() < 1 + 1e-3
    assert np.quantile(difference, 0.999) < 0.5 + 1e-3


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(4, 70),
    width=st.integers(4, 70),
    scale=st.sampled_from([2, 3, 4]),
    seed=st.integers(0),
)
def test_any_size_is_within_a_level_of_the_operators(height, width, scale, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = np.rint(down_operator(height, width, scale).forward(image)).clip(0, 255)
    wanted = up_operator(height, width, scale).forward(small).clip(0, 255)
    result = low_resolution.apply(image, {"scale": float(scale)})
    assert result.dtype == np.uint8
    assert np.abs(result - wanted).max() < 1.5


@given(
    level=st.integers(0, 255),
    scale=st.sampled_from([2, 3, 4]),
    height=st.integers(4, 40),
    width=st.integers(4, 40),
)
def test_a_constant_image_is_unchanged(level, scale, height, width) -> None:
    image = np.full((height, width, 3), level, np.uint8)
    np.testing.assert_array_equal(low_resolution.apply(image, {"scale": float(scale)}), image)


def test_more_scale_loses_more() -> None:
    image = PHOTOS[256].astype(int)
    errors = [
        np.abs(low_resolution.apply(PHOTOS[256], {"scale": scale}) - image).mean()
        for scale in (2.0, 3.0, 4.0)
    ]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_too_few_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="10×3 pixels are too few for scale=4"):
        low_resolution.apply(np.zeros((3, 10, 3), np.uint8), {"scale": 4.0})


def test_nothing_is_derived() -> None:
    values = low_resolution.derive({"scale": 3.0}, None)
    assert values == {"scale": 3.0}
    assert low_resolution.plausible(values)
