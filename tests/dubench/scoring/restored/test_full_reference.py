import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dubench.scoring.restored.full_reference import luma, psnr, ssim
from tests.dubench.scoring.restored.pictures import Stack, pairs

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Of an SSIM in float64: both sides of 2·cov + C₂ over var + C₂ are sums of four moments, each of
# 121 products up to 255² with one rounding of 2⁻⁵³ for each product and sum.
ROUNDING = 2 * 4 * 122 * 2.0**-53 * 255**2 / C2


def grey(image: Stack) -> np.ndarray:
    """Pillow's luma: the same weights in 16-bit fixed point."""
    return np.asarray(Image.fromarray(image).convert("L"), np.float64)


def skimage_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """With Wang's window it filters with 11 × 11 taps and averages without the rim of 5."""
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(a, b, data_range=255, **window))


def test_psnr_is_skimages() -> None:
    degraded, clean = pairs(96)
    wanted = [peak_signal_noise_ratio(b, a) for a, b in zip(degraded, clean, strict=True)]
    assert psnr(degraded, clean) == pytest.approx(wanted, abs=1e-6)


def test_psnr_of_a_constant_error() -> None:
    clean = np.full((3, 8, 9, 3), 100, np.uint8)
    restored = clean + np.array([1, 10, 155], np.uint8)[:, None, None, None]
    wanted = 20 * np.log10(255 / np.array([1, 10, 155]))
    assert psnr(restored, clean) == pytest.approx(wanted, abs=1e-9)


def test_identical_images_have_100_db_and_nothing_more() -> None:
    clean = np.zeros((2, 256, 256, 3), np.uint8)
    restored = clean.copy()
    restored[1, 0, 0, 0] = 1
    assert 10 * np.log10(255**2 * 256 * 256 * 3) > 100
    assert psnr(restored, clean).tolist() == [100, 100]


def test_ssim_is_skimages() -> None:
    degraded, clean = pairs(96)
    for to_luma, apart in ((grey, 1e-4), (luma, 2 * ROUNDING)):
        planes = [(to_luma(a), to_luma(b)) for a, b in zip(degraded, clean, strict=True)]
        wanted = [skimage_ssim(*both) for both in planes]
        assert ssim(degraded, clean) == pytest.approx(wanted, abs=apart)


def test_ssim_of_a_negative_is_below_zero() -> None:
    _, clean = pairs(96)
    wanted = [skimage_ssim(255 - grey(b), grey(b)) for b in clean]
    assert min(wanted) < -0.3
    assert ssim(255 - clean, clean) == pytest.approx(wanted, abs=1e-3)


def test_ssim_of_an_image_with_itself_is_one() -> None:
    _, clean = pairs(96)
    assert ssim(clean, clean) == pytest.approx(np.ones(len(clean)), abs=1e-12)


def test_luma_is_pillows_but_for_its_fixed_point() -> None:
    levels = np.arange(0, 256, 3, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(levels.size, -1, 3)
    difference = np.abs(luma(cube) - grey(cube))
    assert difference.max() <= 1
    assert difference.mean() < 0.001
    greys = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    assert luma(greys).tolist() == [list(range(256))]
    assert luma(np.array([[[0, 0, 250]]], np.uint8)).tolist() == [[29]]  # 28.5: half up


def test_ssim_is_pyiqas_but_for_windows_of_reversed_structure() -> None:
    """pyiqa counts these as 0; the definition, and skimage, as below 0."""
    pyiqa = pytest.importorskip("pyiqa")
    import torch

    degraded, clean = map(untied, pairs(96))
    tensors = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255 for x in (degraded, clean)]
    theirs = pyiqa.create_metric("ssim", device="cpu")(*tensors).numpy()
    assert ssim(degraded, clean) == pytest.approx(theirs, abs=1e-3)
    clamped = [clamped_ssim(luma(a), luma(b)) for a, b in zip(degraded, clean, strict=True)]
    assert theirs == pytest.approx(clamped, abs=2 * ROUNDING)


def untied(images: Stack) -> Stack:
    """With another blue where the luma is half-way between two levels.

    pyiqa's luma is of float32: six roundings of 255 · 2⁻²⁴, 1e-4 in all, may put a half on either
    side, as the CPU's order of sums has it. Any other luma is 1e-3 or more away from a half.
    """
    red, green, blue = np.moveaxis(images.astype(int), -1, 0)
    tied = (299 * red + 587 * green + 114 * blue) % 1000 == 500
    assert 0 < tied.mean() < 0.002
    return np.stack([red, green, blue ^ tied], -1).astype(np.uint8)


def clamped_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang's formula in float64 with pyiqa's window, which is rounded to float32."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2 + offsets[:, None] ** 2) / (2 * 1.5**2))
    window = np.float32(window / window.sum()).astype(np.float64)

    def local(values: np.ndarray) -> np.ndarray:
        return np.tensordot(sliding_window_view(values, window.shape), window, 2)

    mean_x, mean_y = local(x), local(y)
    variances = local(x * x) - mean_x**2 + local(y * y) - mean_y**2
    structure = (2 * (local(x * y) - mean_x * mean_y) + C2) / (variances + C2)
    means = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return float(np.mean(means * np.maximum(structure, 0)))
