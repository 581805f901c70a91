"""Batches for `generate --device`: the same pictures as one by one."""

from collections import Counter

import numpy as np
import pytest
import torch

from generators import presets
from generators.batched.render import check_device, render_batch
from generators.build.shards import Shards
from generators.dataset.recipe import Recipe, share_out
from generators.dataset.schema import provenance_of
from generators.depth import crop_depth, procedural
from generators.errors import InputError
from generators.images import decode_rgb
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, stream
from generators.sample import draw, needs_depth, render
from generators.sources.photographs import inspect, load
from generators.sources.pools import Photograph, Pool
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
BATCH, BATCHES = 13, 4


def a_batch(photos, types: tuple[str, ...], preset: str, side: int, number: int):
    """Arguments of `render_batch`, drawn as a shard draws them."""
    cleans, degradations, after, far, keys = [], [], [], [], []
    chosen = presets.load(preset)
    for i, path in enumerate(sorted(photos.glob("*.jpg"))[:BATCH]):
        key = (7, number * BATCH + i, i % 3)
        rng = stream(*key, Purpose.SOURCE)
        pixels = load(path)[0]
        y, x = (int(rng.random() * (edge - side)) for edge in pixels.shape[:2])
        crop = np.ascontiguousarray(pixels[y : y + side, x : x + side])
        coarse = procedural.guess(pixels, rng)
        depth = crop_depth.store(
            crop_depth.fit(coarse, (x, y, side, side), pixels.shape, crop, snap=True)
        )
        cleans.append(crop)
        degradations.append(draw(chosen, types, stream(*key, Purpose.PARAMETERS), depth))
        after.append(draw_postprocess(chosen, key))
        far.append(depth)
        keys.append(key)
    return cleans, degradations, after, far if needs_depth(types) else None, keys


def one_by_one(cleans, degradations, after, far, keys):
    rows = zip(cleans, degradations, after, far or [None] * len(keys), keys, strict=True)
    return [render(*row) for row in rows]


def furthest(ours, theirs) -> int:
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("side", [64, 129])
@pytest.mark.parametrize("type_name", TYPES)
def test_within_a_level_of_one_by_one(photos, type_name, side, device) -> None:
    for number in range(BATCHES):
        batch = a_batch(photos, (type_name,), "du110k", side, number)
        ours, theirs = render_batch(*batch, device), one_by_one(*batch)
        assert all(image.dtype == np.uint8 and image.flags.c_contiguous for image in ours)
        assert furthest(ours, theirs) <= 1
        same = np.mean([np.mean(a == b) for a, b in zip(ours, theirs, strict=True)])
        assert same > 0.999
        if type_name != "none":
            assert furthest(ours, batch[0]) > 10


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("type_name", TYPES)
def test_noise_and_jpeg_come_after(photos, type_name, device) -> None:
    batch = a_batch(photos, (type_name,), "du110k-wild", 128, 0)
    ours, theirs, after = render_batch(*batch, device), one_by_one(*batch), batch[2]
    touched = [value["capture_noise"] > 0 or value["jpeg_quality"] > 0 for value in after]
    assert 4 < sum(touched) < BATCH
    for value, a, b in zip(after, ours, theirs, strict=True):
        far_off = np.abs(a.astype(int) - b)
        assert far_off.mean() < 0.01
        if not value["jpeg_quality"]:
            assert far_off.max() <= 1


def test_what_is_compressed_stays_on_the_cpu(photos, monkeypatch, tmp_path) -> None:
    """One level before JPEG may be several after: such rows are the same on every device."""
    files = [Photograph(p.name, p, inspect(p).sha256, 640, 640) for p in photos.glob("*.jpg")]
    pools = [Pool("folder", 1, dict.fromkeys(SPLITS, files))]
    splits = {"train": 40, "validation": 0, "test": 0}
    chosen = presets.load("du110k-wild")
    recipe = Recipe(chosen, 0, 64, splits, share_out(splits, pools))
    batched = []

    def on_the_cpu(cleans, degradations, after, depths, keys, device):
        batched.extend(after)
        return render_batch(cleans, degradations, after, depths, keys, "cpu")

    monkeypatch.setattr("generators.batched.render.render_batch", on_the_cpu)
    rows = {}
    for device in ("cpu", "cuda"):
        shards = Shards(recipe, [pools[0].photographs], tmp_path, device)
        rows[device] = list(shards.fresh(range(40), Counter()))
    compressed = [bool(provenance_of(row).postprocess["jpeg_quality"]) for row in rows["cpu"]]
    assert 10 < sum(compressed) < 30
    assert len(batched) == 40 - sum(compressed)
    assert not any(values["jpeg_quality"] for values in batched)
    for jpeg, one, other in zip(compressed, rows["cpu"], rows["cuda"], strict=True):
        pixels = [decode_rgb(row["degraded"]["bytes"]) for row in (one, other)]
        assert furthest(pixels[:1], pixels[1:]) <= (0 if jpeg else 1)


def test_noise_follows_the_key_not_the_place(photos) -> None:
    cleans, dark, after, _, keys = a_batch(photos, ("low_light",), "du110k", 64, 0)
    forwards = render_batch(cleans, dark, after, None, keys, "cpu")
    backwards = render_batch(cleans[::-1], dark[::-1], after[::-1], None, keys[::-1], "cpu")
    assert furthest(forwards, backwards[::-1]) <= 1
    moved = render_batch(cleans, dark, after, None, [(8, 0, 0), *keys[1:]], "cpu")
    assert furthest(forwards[:1], moved[:1]) > 1
    assert furthest(forwards[1:], moved[1:]) == 0


def test_a_device_that_is_there() -> None:
    assert check_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:-1", "mps", "cpu:0", "0"])
def test_an_unknown_device(name) -> None:
    with pytest.raises(InputError, match="use cpu, cuda, or cuda:1") as caught:
        check_device(name)
    assert repr(name) in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_where_there_is_none(name) -> None:
    with pytest.raises(InputError, match=f"device {name}: no CUDA device was found; use cpu"):
        check_device(name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_too_many() -> None:
    count = torch.cuda.device_count()
    with pytest.raises(InputError, match=f"the last of {count} CUDA devices is cuda:{count - 1}"):
        check_device(f"cuda:{count}")
