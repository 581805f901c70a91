"""Noise and JPEG on tensors, against libjpeg."""

import numpy as np
import pytest
import torch

from generators.batched import postprocess as batched
from generators.batched.postprocess import add_noise, jpeg
from generators.postprocess import sharpen, through_jpeg
from generators.sources.photographs import load


@pytest.fixture(scope="module")
def crops(photos) -> np.ndarray:
    return np.stack([load(path)[0][80:336, 120:376] for path in sorted(photos.glob("*.jpg"))])


def to_tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()


def to_array(levels: torch.Tensor) -> np.ndarray:
    return levels.permute(0, 2, 3, 1).double().numpy()


@pytest.mark.parametrize("side", [256, 100, 37])
@pytest.mark.parametrize("quality", [5, 60, 75, 80, 90, 95, 100])
def test_jpeg_is_nearly_libjpegs(crops, quality, side) -> None:
    images = crops[:, :side, :side]
    theirs = np.stack([through_jpeg(image, quality) for image in images]).astype(float)
    ours = to_array(jpeg(to_tensor(images), torch.full((len(images),), float(quality))))
    assert (ours == ours.round()).all()
    assert np.abs(ours - theirs).mean() < 0.25
    assert (ours == theirs).mean() > 0.85
    # It loses as much of the picture.
    lost, their_loss = (np.sqrt(((result - images) ** 2).mean()) for result in (ours, theirs))
    assert lost == pytest.approx(their_loss, rel=0.015)


@pytest.mark.parametrize("side", [256, 100, 37])
@pytest.mark.parametrize("subsampling", [422, 444])
def test_other_chroma_is_nearly_libjpegs(crops, subsampling, side) -> None:
    images = crops[:, :side, :side]
    for quality in (60, 85, 97):
        theirs = np.stack([through_jpeg(image, quality, subsampling) for image in images])
        at = torch.full((len(images),), float(quality))
        ours = to_array(jpeg(to_tensor(images), at, subsampling))
        assert np.abs(ours - theirs).mean() < 0.25
        assert (ours == theirs).mean() > 0.85


def test_sharpening_is_the_same_to_the_level(crops) -> None:
    percent = [10, 33, 50, 77, 100, 150, 300]
    images = crops[: len(percent), :90, :131]
    ours = to_array(batched.sharpen(to_tensor(images), torch.tensor(percent)))
    for image, amount, result in zip(images, percent, ours, strict=True):
        np.testing.assert_array_equal(result, sharpen(image, amount))


def test_a_mixed_batch_equals_one_by_one(crops) -> None:
    levels, quality = to_tensor(crops[:4, :48, :64]), torch.tensor([60.0, 100.0, 83.0, 20.0])
    together = jpeg(levels, quality)
    for i in range(4):
        assert together[i : i + 1].equal(jpeg(levels[i : i + 1], quality[i : i + 1]))


def test_grey_comes_through_unchanged() -> None:
    grey = torch.full((1, 3, 32, 32), 128.0)
    assert jpeg(grey, torch.tensor([60.0])).equal(grey)


def test_noise_has_the_standard_deviation_drawn() -> None:
    grey, deviation = torch.full((3, 3, 256, 256), 128.0), torch.tensor([1.0, 2.0, 4.0])
    noisy = add_noise(grey, deviation, torch.Generator().manual_seed(0))
    assert noisy.equal(noisy.round())
    for image, wanted in zip(noisy, deviation.tolist(), strict=True):
        assert float(image.std()) == pytest.approx(np.sqrt(wanted**2 + 1 / 12), rel=0.01)
        assert float(image.mean()) == pytest.approx(128, abs=0.05)
        correlation = np.corrcoef(image.flatten(1).numpy())
        assert np.abs(correlation - np.eye(3)).max() < 0.02


def test_noise_is_clipped_to_levels() -> None:
    black_and_white = torch.tensor([0.0, 255.0]).reshape(2, 1, 1, 1).expand(2, 3, 64, 64)
    noisy = add_noise(black_and_white, torch.tensor([4.0, 4.0]), torch.Generator().manual_seed(1))
    assert noisy.min() == 0
    assert noisy.max() == 255
    # About half of the noise is cut away.
    assert 0.4 < float((noisy == black_and_white).float().mean()) < 0.65
