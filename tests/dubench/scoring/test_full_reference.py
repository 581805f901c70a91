from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dubench.scoring.full_reference import luma, psnr, ssim
from tests.dubench.scoring.pictures import Stack, pairs


def grey(image: Stack) -> np.ndarray:
    """Pillow's luma: the same weights in 16-bit fixed point."""
    return np.asarray(Image.fromarray(image).convert("L"), np.float64)


def skimage_ssim(a: np.ndarray, b: np.ndarray, full: bool = False) -> Any:
    """With Wang's window it filters with 11 × 11 taps and averages without the rim of 5."""
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return structural_similarity(a, b, data_range=255, full=full, **window)


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
    wanted = [skimage_ssim(grey(a), grey(b)) for a, b in zip(degraded, clean, strict=True)]
    assert ssim(degraded, clean) == pytest.approx(wanted, abs=1e-4)


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


def test_ssim_is_pyiqas_but_for_windows_of_reversed_structure() -> None:
    """pyiqa counts these as 0; the definition, and skimage, as below 0."""
    pyiqa = pytest.importorskip("pyiqa")
    import torch

    degraded, clean = pairs(96)
    tensors = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255 for x in (degraded, clean)]
    theirs = pyiqa.create_metric("ssim", device="cpu")(*tensors).numpy()
    assert ssim(degraded, clean) == pytest.approx(theirs, abs=1e-3)
    maps = [
        skimage_ssim(luma(a), luma(b), full=True)[1] for a, b in zip(degraded, clean, strict=True)
    ]
    clamped = [np.maximum(shown[5:-5, 5:-5], 0).mean() for shown in maps]
    assert theirs == pytest.approx(clamped, abs=2e-5)  # its luma is rounded from float32
