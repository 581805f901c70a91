"""Crops in which a blur could not be told from another are refused."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from generators import degrade
from generators.sources.refusal import is_flat, refusal


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
        ("blur", {"sigma": 3}, 0.9, "blurred"),
    ):
        reasons = [refusal(degrade(crop, type_name, parameters).degraded) for crop in kept]
        assert sum(given is not None for given in reasons) >= share * len(kept)
        assert {reason} <= set(reasons) <= {reason, "flat", None}
