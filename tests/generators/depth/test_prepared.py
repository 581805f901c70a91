"""Prepared depth: of real stereo disparity and of drawn surfaces."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy import ndimage, stats

from generators.depth.map_files import read_map
from generators.depth.prepared import Quantity, load_prepared, prepare, write_prepared
from generators.errors import UnreadableError

MOTORCYCLE = Path("data", "motorcycle_disp.npz")


@pytest.fixture(scope="module")
def disparity_file() -> Path:
    """Middlebury 2014's Motorcycle, as scikit-image's wheel carries it; inf where unknown."""
    spec = find_spec("skimage")
    path = Path(spec.origin).parent / MOTORCYCLE if spec and spec.origin else MOTORCYCLE
    if not path.is_file():
        pytest.skip("the stereo pair of scikit-image is not installed")
    return path


@pytest.fixture(scope="module")
def disparity(disparity_file: Path) -> np.ndarray:
    with np.load(disparity_file) as file:
        return file["arr_0"]


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (30, 40)).astype(np.uint16)


def unit(prepared: np.ndarray) -> np.ndarray:
    return prepared / 65535


# prepare


def test_real_disparity_keeps_the_order_of_depth(
    disparity_file: Path, disparity: np.ndarray
) -> None:
    prepared = prepare(read_map(disparity_file), "disparity", (500, 741, 3))
    known = np.isfinite(disparity)
    order = stats.spearmanr(prepared[known], 1 / disparity[known]).statistic
    assert order > 0.999999
    # The definition, in double precision; the disparities span less than NEAREST allows.
    depth = 1 / disparity[known].astype(np.float64)
    low, high = depth.min(), np.percentile(depth, 99.9)
    expected = np.clip((depth - low) / (high - low), 0, 1)
    np.testing.assert_allclose(unit(prepared[known]), expected, atol=2e-5)


def test_real_depth_is_filled_from_its_surroundings(disparity: np.ndarray) -> None:
    """Discs cut out of measured disparity come back, with a median error of a few per cent."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:500, :741]
    hidden = np.zeros(disparity.shape, bool)
    for cy, cx in rng.integers(0, (500, 741), (25, 2)):
        hidden |= (y - cy) ** 2 + (x - cx) ** 2 < 15**2
    spoilt = np.where(hidden, 0, disparity)
    whole, filled = (unit(prepare(d, "disparity", d.shape)) for d in (disparity, spoilt))
    known = np.isfinite(disparity)
    error = np.abs(whole - filled)
    assert error[known & ~hidden].max() < 0.01  # the range may shift a little
    guess = np.abs(whole - np.median(whole[known]))
    assert np.median(error[known & hidden]) < np.median(guess[known & hidden]) / 5


def test_real_sparse_points_make_a_surface_without_dots(disparity: np.ndarray) -> None:
    """As from LiDAR: of the scene, one measured pixel in fifty is known."""
    known = np.isfinite(disparity)
    kept = known & (np.random.default_rng(0).random(disparity.shape) < 0.02)
    whole, sparse = (
        unit(prepare(np.where(where, disparity, 0), "disparity", disparity.shape))
        for where in (known, kept)
    )
    spread = whole[known].std()
    assert np.abs(whole - sparse)[known].mean() < 0.1 * spread
    around = ndimage.median_filter(sparse, 5)
    assert np.abs(sparse - around)[kept].mean() < 0.03 * spread


def test_a_hole_next_to_one_surface_takes_its_depth_alone() -> None:
    """Nearest measured depth first: a far hole is not drawn to the near surface."""
    depth = np.full((100, 200), 2.0, np.float32)
    depth[:, 100:] = 10
    depth[40:60, 140:160] = [[0], [np.nan], [-3], [np.inf]] * 5
    prepared = prepare(depth, "depth", depth.shape)
    assert (prepared[:, 100:] == 65535).all()
    assert (prepared[:, :100] == 0).all()


def test_a_hole_between_two_surfaces_has_no_step() -> None:
    rng = np.random.default_rng(0)
    depth = rng.uniform(2, 3, (120, 200)).astype(np.float32)
    depth[:, 100:] += 7
    depth[20:100, 60:140] = np.nan
    prepared = unit(prepare(depth, "depth", depth.shape))
    hole = prepared[20:100, 60:140]
    assert np.abs(np.diff(hole, axis=1))[10:-10].max() < 0.1  # the nearest alone: 0.7
    known = np.isfinite(depth)
    low, high = depth[known].min(), np.percentile(depth[known], 99.9)
    expected = np.clip((depth[known] - low) / (high - low), 0, 1)
    np.testing.assert_allclose(prepared[known], expected, atol=2e-5)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        elements=st.floats(width=32, allow_subnormal=True),
    ),
    st.sampled_from(["depth", "disparity"]),
)
def test_whatever_a_map_holds(raw: np.ndarray, quantity: Quantity) -> None:
    """Measured depth keeps its order, nothing overflows, and only emptiness is refused."""
    valid = np.isfinite(raw) & (raw > 0)
    if not valid.any():
        with pytest.raises(UnreadableError, match="no depth"):
            prepare(raw, quantity, raw.shape)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared = prepare(raw, quantity, raw.shape)
    assert prepared.dtype == np.uint16
    assert prepared.shape == raw.shape
    rising = prepared[valid][np.argsort(raw[valid])].astype(int)
    if quantity == "disparity":
        rising = rising[::-1]
    assert (np.diff(rising) >= 0).all()
    if prepared.any():
        assert rising[0] == 0
        assert rising[-1] == 65535


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_nothing_valid(value: float) -> None:
    with pytest.raises(UnreadableError, match="holds no depth: all zeros"):
        prepare(np.full((8, 8), value, np.float32), "depth", (80, 80, 3))


@pytest.mark.parametrize("quantity", ["depth", "disparity"])
def test_constant_depth_is_fine(quantity: Quantity) -> None:
    rounding = np.random.default_rng(0).integers(0, 2, (30, 40)) * np.float32(1e-6)
    prepared = prepare(np.float32(7) + rounding.astype(np.float32), quantity, (300, 400))
    assert not prepared.any()


def test_tiny_disparities_do_not_set_the_scale() -> None:
    """A sky of all but no disparity is 20 times as far as the nearest, not a million times."""
    disparity = np.tile(np.linspace(1, 10, 100, dtype=np.float32), (100, 1))
    disparity[:40] = 1e-5
    prepared = unit(prepare(disparity, "disparity", disparity.shape))
    assert (prepared[:40] == 1).all()
    nearest, farthest = 1 / np.percentile(disparity, 99.9), 20 / np.percentile(disparity, 99.9)
    expected = (1 / disparity[40:] - nearest) / (farthest - nearest)
    np.testing.assert_allclose(prepared[40:], np.clip(expected, 0, 1), atol=1e-4)


def test_large_maps_shrink_by_the_mean_of_what_is_known() -> None:
    """Each prepared pixel is the mean of 2 × 2: here of a chequerboard of holes."""
    raw = np.random.default_rng(0).uniform(1, 5, (1200, 2048)).astype(np.float32)
    raw[::2, ::2] = 0
    prepared = prepare(raw, "depth", (600, 1024))
    assert prepared.shape == (600, 1024)
    blocks = raw.astype(np.float64).reshape(600, 2, 1024, 2).sum((1, 3)) / 3
    low, high = blocks.min(), np.percentile(blocks, 99.9)
    expected = np.clip((blocks - low) / (high - low), 0, 1)
    np.testing.assert_allclose(unit(prepared), expected, atol=2e-5)


@pytest.mark.parametrize(("height", "width"), [(60, 83), (60, 78), (80, 60)])
def test_another_aspect_ratio_names_both_sizes(height: int, width: int) -> None:
    raw = np.ones((height, width), np.float32)
    with pytest.raises(UnreadableError, match=f"{width}×{height} does not fit .* 4000×3000"):
        prepare(raw, "depth", (3000, 4000, 3))


@pytest.mark.parametrize("width", [79, 80, 81])
def test_rounded_sizes_fit(width: int) -> None:
    assert prepare(np.ones((60, width), np.float32), "depth", (3000, 4000)).shape == (60, width)


# write_prepared, load_prepared


def test_prepared_maps_are_plain_pngs(noise: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.png"
    write_prepared(path, noise)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), noise)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]
    loaded = load_prepared(path)
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded, noise / 65535, rtol=1e-6)


def test_what_is_no_prepared_map(noise: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray((noise >> 8).astype(np.uint8)).save(tmp_path / "eight.png")
    (tmp_path / "empty.png").touch()
    for name in ("eight.png", "empty.png"):
        with pytest.raises(UnreadableError, match="not a 16-bit grey PNG"):
            load_prepared(tmp_path / name)
    with pytest.raises(UnreadableError, match="No such file"):
        load_prepared(tmp_path / "gone.png")
