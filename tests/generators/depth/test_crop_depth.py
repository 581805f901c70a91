"""Depth of crops: the stored form against numpy's percentiles, cuts against closed forms."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from generators.depth import crop_depth
from generators.sources.pools import BUNDLED

maps = hnp.arrays(
    np.float32,
    st.tuples(st.integers(2, 24), st.integers(2, 24)),
    elements=st.floats(-1000, 1000, width=32, allow_subnormal=False),
)


def ramp(height, width, photo_height, photo_width):
    """Depth 2x + 3y at the cell centres of a map, x and y in photograph pixels."""
    y, x = np.mgrid[:height, :width] + 0.5
    return (2 * x * photo_width / width + 3 * y * photo_height / height).astype(np.float32)


def blank(size):
    return np.zeros((size, size, 3), np.uint8)


# store and load


@given(maps)
@settings(max_examples=200, deadline=None)
def test_store_follows_the_percentiles(values):
    low, high = np.percentile(values.astype(np.float64), [1, 99])
    stored = crop_depth.store(values)
    assert stored.dtype == np.uint16
    if high - low <= 2e-5 * max(abs(low), abs(high)):
        return  # see the tests of constant depth
    unit = np.clip(0.05 + 0.95 * (values.astype(np.float64) - low) / (high - low), 0.05, 1)
    # A float32 carries 24 bits, and the range may be down to 2e-5 of the values.
    slack = 0.51 + 65535 * 2.0**-23 * max(abs(low), abs(high)) / (high - low)
    assert np.abs(stored - unit * 65535).max() <= slack


@given(maps)
@settings(deadline=None)
def test_store_keeps_the_order_and_the_range(values):
    stored = crop_depth.store(values)
    in_order = stored.ravel()[np.argsort(values, axis=None)].astype(int)
    assert (np.diff(in_order) >= 0).all()
    assert in_order[0] >= 3277
    assert in_order[-1] == 65535


def test_store_is_exact_where_arithmetic_is():
    """Percentiles of 0 … 100 are 1 and 99; with 0.95·65535/98 per step, round half to even."""
    values = np.arange(101, dtype=np.float32).reshape(1, 101)
    steps = np.clip(np.arange(101), 1, 99) - 1
    expected = np.rint(3276.75 + steps * (0.95 * 65535 / 98))
    np.testing.assert_array_equal(crop_depth.store(values)[0], expected)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-30, 7e8])
def test_constant_depth_is_far(value):
    assert (crop_depth.store(np.full((16, 16), value, np.float32)) == 65535).all()


def test_rounding_error_is_not_depth():
    noise = np.random.default_rng(0).choice([0, 1], (64, 64)) * np.spacing(np.float32(3))
    assert (crop_depth.store((3 + noise).astype(np.float32)) == 65535).all()


def test_a_few_outliers_do_not_make_a_constant_uneven():
    values = np.ones((64, 64), np.float32)
    values[0, :8] = 100
    assert (crop_depth.store(values) == 65535).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_store_refuses_what_is_not_finite(value):
    values = np.random.default_rng(0).random((16, 16), dtype=np.float32)
    values[3, 4] = value
    with pytest.raises(ValueError, match="finite"):
        crop_depth.store(values)


def test_load_undoes_the_scale():
    every = np.arange(65536, dtype=np.uint16)
    loaded = crop_depth.load(every)
    assert loaded.dtype == np.float32
    assert (loaded[0], loaded[-1]) == (0, 1)
    np.testing.assert_array_equal(np.rint(loaded.astype(np.float64) * 65535), every)


# fit


@pytest.mark.parametrize("shape", [(30, 40), (300, 400), (600, 800), (61, 80), (450, 400)])
@pytest.mark.parametrize("size", [64, 100, 150])
def test_fit_puts_depth_where_the_photograph_has_it(shape, size):
    """A ramp stays a ramp under area means and linear interpolation alike: a closed form."""
    values, (x, y, side) = ramp(*shape, 300, 400), (60, 50, 150)
    cut = crop_depth.fit(values, (x, y, side, side), (300, 400, 3), blank(size), snap=False)
    centres = (np.arange(size) + 0.5) * side / size
    expected = 2 * (x + centres)[None] + 3 * (y + centres)[:, None]
    # Within an eighth of a cell: the mean takes each cell as flat, interpolation knows 1/32.
    cell = max(300 / shape[0], 400 / shape[1])
    assert np.abs(cut - expected).max() <= 5 * cell / 8


def test_fit_interpolates_coarse_depth_linearly():
    values = np.random.default_rng(0).random((30, 40), dtype=np.float32)
    cut = crop_depth.fit(values, (0, 0, 300, 300), (300, 400), blank(150), snap=False)
    at = (np.arange(150) + 0.5) * 2 / 10 - 0.5
    grid = np.meshgrid(at, at, indexing="ij")
    expected = ndimage.map_coordinates(values.astype(np.float64), grid, order=1, mode="nearest")
    np.testing.assert_allclose(cut, expected, atol=1 / 32)


def test_fit_averages_fine_depth_by_area():
    values = np.random.default_rng(0).random((80, 120), dtype=np.float32)
    cut = crop_depth.fit(values, (20, 10, 60, 60), (80, 120, 3), blank(20), snap=False)
    blocks = values[10:70, 20:80].astype(np.float64).reshape(20, 3, 20, 3)
    np.testing.assert_allclose(cut, blocks.mean(axis=(1, 3)), atol=1e-6)


def test_fit_leaves_exact_depth_alone():
    values = np.random.default_rng(0).random((80, 120), dtype=np.float32)
    cut = crop_depth.fit(values, (20, 10, 60, 60), (80, 120, 3), blank(60), snap=False)
    np.testing.assert_array_equal(cut, values[10:70, 20:80])


def test_fit_snaps_a_soft_edge_to_the_photograph():
    crop = blank(128)
    crop[:, 64:] = 255
    soft = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (8, 1))
    soft = np.clip((soft - 0.3) / 0.4, 0, 1)  # one slope, fifty pixels wide, across the edge

    def step(snap):
        cut = crop_depth.fit(soft, (0, 0, 128, 128), (128, 128), crop, snap=snap)
        return float(cut[:, 64].mean() - cut[:, 63].mean())

    assert step(snap=True) > 4 * step(snap=False) > 0


def test_constant_depth_stays_constant_through_fit():
    photo = cv2.imread(str(BUNDLED / "life-by-aitzol-berasategi.jpg"))
    crop = cv2.resize(photo[:600, :600], (256, 256), interpolation=cv2.INTER_AREA)
    values = np.full((40, 60), 3.7, np.float32)
    cut = crop_depth.fit(values, (0, 0, 600, 600), photo.shape, crop, snap=True)
    assert (crop_depth.store(cut) == 65535).all()


@pytest.mark.parametrize(
    ("box", "crop"),
    [
        ((60, 0, 50, 50), blank(32)),
        ((0, -1, 50, 50), blank(32)),
        ((0, 0, 0, 0), blank(32)),
    ],
)
def test_fit_refuses(box, crop):
    with pytest.raises(ValueError, match="box"):
        crop_depth.fit(np.ones((8, 10), np.float32), box, (80, 100, 3), crop, snap=True)


def test_fit_of_a_whole_photograph_that_is_not_square():
    ramp = np.tile(np.arange(40, dtype=np.float32), (20, 1))
    crop = np.zeros((100, 200, 3), np.uint8)
    cut = crop_depth.fit(ramp, (0, 0, 200, 100), crop.shape, crop, snap=False)
    wanted = np.clip((np.arange(200) + 0.5) / 5 - 0.5, 0, 39)
    np.testing.assert_allclose(cut, np.tile(wanted, (100, 1)), atol=0.02)
