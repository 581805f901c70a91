"""Crops in which a blur could not be told from another, or from none, are refused."""

from math import erf, exp, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from generators import degrade
from generators.sources.refusal import FOCUS_RATIO, is_flat, refusal


def rms_between_blurs(image: np.ndarray) -> float:
    luma = image @ np.array([0.299, 0.587, 0.114])
    one, other = (gaussian_filter(luma, s, mode="mirror") for s in (5, 5 * 1.15))
    return float(np.sqrt(np.mean((one - other) ** 2)))


def test_agrees_with_the_definition_at_full_size(photos: Path) -> None:
    for file in photos.glob("*.jpg"):
        photo = np.array(Image.open(file))
        for y in range(0, photo.shape[0] - 256, 128):
            for x in range(0, photo.shape[1] - 256, 128):
                crop = np.ascontiguousarray(photo[y : y + 256, x : x + 256])
                exact = rms_between_blurs(crop)
                if not 0.4 < exact < 0.6:
                    assert is_flat(crop) == (exact < 0.5)


def test_a_sky_is_flat_and_noise_is_not() -> None:
    ramp = np.tile(np.linspace(100, 140, 256), (256, 1))
    assert is_flat(np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8))
    coarse = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert not is_flat(coarse.repeat(16, axis=0).repeat(16, axis=1))


def crops(photos: Path) -> list[np.ndarray]:
    crops = []
    for file in sorted(photos.glob("*.jpg")):
        photo = np.array(Image.open(file))[::2, ::2]
        crops += [np.ascontiguousarray(photo[:256, x : x + 256]) for x in (0, 60)]
    return [crop for crop in crops if not is_flat(crop)]


def test_clean_photographs_are_kept_and_degraded_ones_refused(photos: Path) -> None:
    clean = crops(photos)
    assert len(clean) > 15
    kept = [crop for crop in clean if refusal(crop) is None]
    assert len(kept) >= 0.8 * len(clean)
    for type_name, parameters, share, reason in (
        ("low_light", {"gain": 0.05}, 0.9, "dark"),
        ("haze", {"transmission": 0.2, "atmospheric_light": 0.9}, 0.9, "hazy"),
        ("blur", {"sigma": 1.5}, 0.95, "blurred"),
    ):
        reasons = [refusal(degrade(crop, type_name, parameters).degraded) for crop in kept]
        assert sum(given is not None for given in reasons) >= share * len(kept)
        assert {reason} <= set(reasons) <= {reason, "flat", None}


def softened(image: np.ndarray, sigma: float) -> np.ndarray:
    return np.rint(gaussian_filter(image, (sigma, sigma, 0), mode="mirror")).astype(np.uint8)


@pytest.fixture(scope="module")
def sharp(photos: Path) -> np.ndarray:
    """Roofs and leaves, reduced to half: all of it in focus."""
    photo = np.array(Image.open(photos / "life-by-aitzol-berasategi.jpg"))
    small = photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2]
    small = small.reshape(small.shape[0] // 2, 2, small.shape[1] // 2, 2, 3).mean(axis=(1, 3))
    return np.ascontiguousarray(np.rint(small[:256, :256]).astype(np.uint8))


def test_what_is_in_focus_is_judged_place_by_place(sharp: np.ndarray) -> None:
    """A subject that stands out of a background of σ = 4: refused where the subject is small."""
    behind = softened(sharp, 4)
    for side, reason in ((256, None), (176, None), (80, "blurred"), (0, "blurred")):
        crop = behind.copy()
        crop[:side, :side] = sharp[:side, :side]
        assert refusal(crop) == reason


def test_noise_on_a_blurred_picture_is_not_focus(sharp: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 2, sharp.shape)
    noisy = np.clip(np.rint(softened(sharp, 3) + noise), 0, 255).astype(np.uint8)
    assert refusal(noisy) == "blurred"


@pytest.mark.parametrize(("sigma", "reason"), [(0.3, None), (0.5, None), (1.0, "blurred")])
def test_steps_are_in_focus_up_to_the_blur_that_the_ratio_stands_for(
    sigma: float, reason: str | None
) -> None:
    """∫(Φ((x + k)/σ) − Φ(x/σ))² dx = k·erf(k/2σ) − 2σ/√π·(1 − exp(−k²/4σ²)), for k = 1 and 4."""

    def squared(k: int) -> float:
        return k * erf(k / 2 / sigma) - 2 * sigma / sqrt(pi) * (1 - exp(-(k**2) / 4 / sigma**2))

    assert (squared(1) * FOCUS_RATIO >= squared(4)) == (reason is None)
    places = np.arange(256)
    wave = sum((-1) ** i * ndtr((places - 8.5 - 16 * i) / sigma) for i in range(16))
    crop = np.repeat(np.tile(30 + 200 * wave, (256, 1))[..., None], 3, axis=2)
    assert refusal(np.rint(crop).astype(np.uint8)) == reason


def test_a_lonely_edge_is_too_little(sharp: np.ndarray) -> None:
    crop = np.full((256, 256, 3), 200, np.uint8)
    crop[:, :90] = 20
    assert not is_flat(crop)
    assert refusal(crop) == "flat"
