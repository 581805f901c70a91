"""Crops: exact boxes, whole blocks, and depth of the same place."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import avg_pool2d, interpolate

from generators import presets
from generators.crops import open_photograph, open_scene
from generators.physics import compose
from generators.randomness import Purpose, stream
from generators.sample import draw
from generators.sources import photographs
from generators.sources.pools import Photograph


def opened(path: Path, size: int):
    inspection = photographs.inspect(path)
    return open_photograph(
        Photograph(path.name, path, inspection.sha256, inspection.width, inspection.height), size
    )


def test_boxes_lie_inside_and_cut_means_of_whole_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    # A PNG of 8-pixel squares: means of blocks survive reduction by 2 exactly.
    pixels = rng.integers(0, 256, (150, 200, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for size, reduction in ((64, 4), (300, 1), (512, 1)):
        clean = opened(tmp_path / "a.png", size)
        assert clean.reduction == reduction
        for _ in range(20):
            x, y, side, other = box = clean.box(rng, size)
            assert side == other
            assert x + side <= 1600
            assert y + side <= 1200
            assert side % (size * reduction) == 0
            block = side // size
            crop = clean.cut(box, size)
            wanted = (
                pixels[y : y + side, x : x + side]
                .reshape(size, block, size, block, 3)
                .mean(axis=(1, 3))
            )
            assert crop.shape == (size, size, 3)
            assert np.abs(crop - wanted).max() <= 1


def test_small_photographs_are_enlarged_at_most_by_half(tmp_path: Path) -> None:
    Image.new("RGB", (200, 180), "red").save(tmp_path / "a.png")
    clean = opened(tmp_path / "a.png", 256)
    box = clean.box(np.random.default_rng(0), 256)
    assert box[2:] == (180, 180)
    assert clean.cut(box, 256).shape == (256, 256, 3)


@pytest.mark.parametrize("resizing", [0.5, 0.73, 0.9, 1.25])
def test_a_resized_crop_is_torchs(photos: Path, resizing: float) -> None:
    path = photos / "life-by-aitzol-berasategi.jpg"
    clean = opened(path, 256)
    x, y, side, _ = box = clean.box(np.random.default_rng(3), 256, resizing)
    assert side == round(256 / resizing)
    pixels = np.asarray(Image.open(path))[y : y + side, x : x + side].astype(float)
    theirs = interpolate(
        torch.from_numpy(pixels).permute(2, 0, 1)[None], (256, 256), mode="bicubic", antialias=True
    )
    if resizing == 0.5:  # whole blocks
        theirs = avg_pool2d(torch.from_numpy(pixels).permute(2, 0, 1)[None], 2)
    wanted = theirs[0].permute(1, 2, 0).clamp(0, 255).numpy()
    assert np.abs(clean.cut(box, 256) - wanted).max() < 0.51


def test_a_small_photograph_is_resized_as_far_as_it_has_room(tmp_path: Path) -> None:
    Image.new("RGB", (300, 280), "red").save(tmp_path / "a.png")
    box = opened(tmp_path / "a.png", 256).box(np.random.default_rng(0), 256, 0.5)
    assert box[2:] == (280, 280)


def test_scenes_are_the_same_again_and_carry_exact_depth() -> None:
    one, again, other = (open_scene(7, "train", number, 64) for number in (3, 3, 4))
    assert one.sha256 == again.sha256 != other.sha256
    assert one.depth_source == "exact"
    box = one.box(np.random.default_rng(1), 64)
    assert box[2] == 128
    depth = one.cut_depth(box, one.cut(box, 64))
    assert depth.dtype == np.uint16
    assert depth.shape == (64, 64)
    x, y, side, _ = box
    mean = one.known_depth[y : y + side, x : x + side].reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert np.corrcoef(depth.ravel(), mean.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("size", [32, 64, 256])
def test_depth_of_a_photograph_is_one_layout_for_all_its_crops(photos: Path, size: int) -> None:
    one, two = (opened(photos / "sunset-by-aitzol-berasategi.jpg", size) for _ in range(2))
    assert (one.coarse_depth == two.coarse_depth).all()


def test_rough_depth_tells_which_fog_suits_a_crop(photos: Path) -> None:
    """It decides as the depth in full for nearly all crops: else that would be cut in vain."""
    preset, agree = presets.load("du110k"), []
    sources = [opened(file, 128) for file in sorted(photos.glob("*.jpg"))[::2]]
    for number, clean in enumerate([*sources, open_scene(0, "train", 0, 128)]):
        for index in range(6 * number, 6 * number + 6):
            box = clean.box(stream(1, index, 0, Purpose.SOURCE), 128)
            depths = clean.rough_depth(box), clean.cut_depth(box, clean.cut(box, 128))
            rough, whole = (
                compose.plausible(
                    draw(preset, ("haze",), stream(0, index, 0, Purpose.PARAMETERS), depth)
                )
                for depth in depths
            )
            agree.append(rough == whole)
    assert np.mean(agree) > 0.9
