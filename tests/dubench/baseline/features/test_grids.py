"""Grids, against what other libraries interpolate and compress."""

import io

import numpy as np
import pytest
from PIL import Image

from dubench.baseline.features import grids
from dubench.baseline.features.planes import planes_of
from generators.sources.pools import BUNDLED

PHOTO = BUNDLED / "picosdeeuropa-by-aitzol-berasategi.jpg"


def by_period(image: Image.Image) -> tuple[dict[int, float], dict[int, float]]:
    """What second and first differences say of each period, both axes together."""
    second, first = np.split(grids.measure(planes_of(np.asarray(image))), [2 * len(grids.PERIODS)])
    both = second.reshape(2, -1).sum(axis=0)
    return (
        dict(zip(grids.PERIODS, both, strict=True)),
        dict(zip(grids.PERIODS, first, strict=True)),
    )


@pytest.mark.parametrize("factor", [3, 4])
def test_an_enlarged_picture_shows_its_factor(factor: int) -> None:
    with Image.open(PHOTO) as photo:
        sharp = photo.convert("RGB").crop((100, 100, 340, 340))
    small = sharp.resize((240 // factor,) * 2, Image.Resampling.BICUBIC)
    large = small.resize((240, 240), Image.Resampling.BICUBIC)
    measured = by_period(large)[0]
    assert measured[factor] > 2 * by_period(sharp)[0][factor]
    assert measured[factor] > max(measured[p] for p in (3, 4) if p != factor)


def test_a_jpeg_shows_its_blocks() -> None:
    with Image.open(PHOTO) as photo:
        # Halved, so that the blocks of the file itself are gone.
        sharp = photo.convert("RGB").reduce(2)
    data = io.BytesIO()
    sharp.save(data, "JPEG", quality=30)
    assert by_period(Image.open(data))[1][8] > by_period(sharp)[1][8] + 0.2
