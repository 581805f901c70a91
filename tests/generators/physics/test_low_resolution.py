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
from generators.operators import SeparableOperator, down_operator, up_operator
from generators.physics import low_resolution

with np.load(Path(__file__).parents[2] / "data" / "golden.npz") as arrays:
    PHOTOS = {side: arrays[f"clean_{side}"] for side in (96, 256)}


def allowed(small: np.ndarray, height: int, width: int, scale: int) -> np.ndarray:
    """How far each level of the result may lie from U(rint(small)), (H, W, 3) floats.

    `small`, (h, w, 3), is the reduced image before its rounding. By the last rounding and its own
    arithmetic a level errs by ½ and a little. Where `small` lies within the arithmetic's error of
    a half, whose side depends on the CPU's order of sums, the intermediate may be another level:
    the enlargement hands that on by |U|'s weights, which sum to more than 1.
    """
    down, up = down_operator(height, width, scale), up_operator(height, width, scale)
    doubtful = np.abs(small - np.floor(small) - 0.5) < error_of(down)
    reach = SeparableOperator(np.abs(up.rows), np.abs(up.columns)).forward(doubtful)
    return 0.5 + error_of(up) + reach


def error_of(operator: SeparableOperator) -> float:
    """Of a float32 product of 8-bit levels with both matrices, in any order: γₙ·|A_h|·|x|·|A_w|ᵀ.

    Higham, "Accuracy and Stability of Numerical Algorithms", 3.1, n roundings of 2⁻²⁴ each: an
    axis with k weights rounds the weight, k products and sums, and what it is compared with.
    """
    axes = (operator.rows, operator.columns)
    roundings = sum(np.count_nonzero(matrix, axis=1).max() + 2 for matrix in axes)
    gain = np.prod([np.abs(matrix).sum(axis=1).max() for matrix in axes])
    return float(roundings * 2.0**-24 * 255 * gain)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", PHOTOS)
def test_against_torch(side, scale) -> None:
    image = PHOTOS[side]
    planes = torch.from_numpy(image).permute(2, 0, 1)[None].double()
    small = interpolate(planes, scale_factor=1 / scale, mode="bicubic", antialias=True)
    levels = small.round().clamp(0, 255)
    large = interpolate(levels, scale_factor=scale, mode="bicubic", antialias=True)
    before, wanted = (x[0].permute(1, 2, 0).numpy() for x in (small, large.clamp(0, 255)))
    result = low_resolution.apply(image, {"scale": float(scale)})
    assert result.shape == image.shape
    whole = slice(0, len(wanted)), slice(0, len(wanted[0]))
    assert (np.abs(result[whole] - wanted) <= allowed(before, side, side, scale)[whole]).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", PHOTOS)
def test_against_pillow(side, scale) -> None:
    image = PHOTOS[side]
    small = side // scale
    box = (0, 0, scale * small, scale * small)
    before, after = [], []
    for plane in np.moveaxis(image, 2, 0).astype(np.float32):
        reduced = Image.fromarray(plane).resize((small, small), Image.Resampling.BICUBIC, box=box)
        levels = Image.fromarray(np.rint(np.asarray(reduced)).clip(0, 255))
        enlarged = levels.resize((scale * small, scale * small), Image.Resampling.BICUBIC)
        before.append(np.asarray(reduced, np.float64))
        after.append(np.asarray(enlarged).clip(0, 255))
    result = low_resolution.apply(image, {"scale": float(scale)})
    whole = slice(0, scale * small), slice(0, scale * small)
    difference = np.abs(result[whole] - np.stack(after, -1))
    assert (difference <= allowed(np.stack(before, -1), side, side, scale)[whole]).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", PHOTOS)
def test_next_to_no_level_is_in_doubt(side, scale) -> None:
    small = down_operator(side, side, scale).forward(PHOTOS[side])
    assert (allowed(small, side, side, scale) < 0.501).mean() > 0.97


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(4, 70),
    width=st.integers(4, 70),
    scale=st.sampled_from([2, 3, 4]),
    seed=st.integers(0),
)
def test_any_size_is_rounded_from_the_operators(height, width, scale, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = down_operator(height, width, scale).forward(image)
    wanted = up_operator(height, width, scale).forward(np.rint(small).clip(0, 255)).clip(0, 255)
    result = low_resolution.apply(image, {"scale": float(scale)})
    assert result.dtype == np.uint8
    assert (np.abs(result - wanted) <= allowed(small, height, width, scale)).all()


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
