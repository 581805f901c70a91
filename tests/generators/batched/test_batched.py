"""The tensor path: the same pictures as the per-image path, and gradients that are right."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from generators import batched, presets
from generators.batched.tensors import collate_values
from generators.errors import InputError
from generators.physics import model_of
from generators.randomness import Purpose, normals, stream
from generators.sources.pools import BUNDLED
from generators.taxonomy import TYPES
from tests.generators.batched.arrays import largest_difference, to_array, to_tensor

DATA = Path(__file__).parents[2] / "data"
PHOTOS = sorted(BUNDLED.glob("*.jpg"))
RECIPES = json.loads((DATA / "golden.json").read_text("utf-8"))
PRESET = presets.load("du110k")


def crop(index: int, height: int, width: int) -> np.ndarray:
    photo = cv2.cvtColor(cv2.imread(str(PHOTOS[index % len(PHOTOS)])), cv2.COLOR_BGR2RGB)
    rng = np.random.default_rng(index)
    y = rng.integers(photo.shape[0] - height)
    x = rng.integers(photo.shape[1] - width)
    return photo[y : y + height, x : x + width]


def smooth_depth(index: int, height: int, width: int) -> np.ndarray:
    """A 16-bit relief on [0.05, 1], as crops have it."""
    coarse = np.random.default_rng(index).random((5, 5), dtype=np.float32)
    relief = cv2.normalize(cv2.resize(coarse, (width, height)), None, 0.05, 1, cv2.NORM_MINMAX)
    return np.rint(relief * 65535).astype(np.uint16)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("height", "width"), [(256, 256), (97, 128)])
@pytest.mark.parametrize("type_name", [type_name for type_name in TYPES if type_name != "none"])
def test_both_paths_agree_on_photographs(type_name, height, width, dtype) -> None:
    model = model_of(type_name)
    for batch in range(3):
        indices = range(4 * batch, 4 * batch + 4)
        images = [crop(index, height, width) for index in indices]
        depths = [smooth_depth(index, height, width) for index in indices]
        values = [
            model.derive(PRESET.draw(type_name, stream(3, index, 0, Purpose.PARAMETERS)), depth)
            for index, depth in zip(indices, depths, strict=True)
        ]
        one_by_one = [
            model.apply(image, value, depth, stream(3, index, 0, Purpose.NOISE))
            for index, image, value, depth in zip(indices, images, values, depths, strict=True)
        ]
        noise = [normals(stream(3, index, 0, Purpose.NOISE), images[0].shape) for index in indices]
        tensors = to_tensor(np.stack(images), dtype)
        together = batched.apply(
            type_name,
            tensors,
            collate_values(values, tensors),
            torch.from_numpy(np.stack(depths).astype(np.float64) / 65535).to(dtype),
            torch.from_numpy(np.stack(noise)).permute(0, 3, 1, 2).to(dtype),
        )
        assert together.dtype == dtype
        assert largest_difference(to_array(together), one_by_one) <= 1


@pytest.mark.parametrize("name", RECIPES)
def test_golden_vectors(name) -> None:
    recipe = RECIPES[name]
    with np.load(DATA / "golden.npz") as arrays:
        clean, wanted = arrays[recipe["clean"]], arrays[name]
        depth = arrays[recipe["depth"]] / 65535 if "depth" in recipe else np.ones(clean.shape[:2])
        noise = arrays[recipe["normal"]] if "normal" in recipe else np.zeros(clean.shape)
    red, _, blue = recipe.get("white_balance", (1, 1, 1))
    sample = {key.name: recipe[key.name] for key in TYPES[recipe["type"]].keys}
    sample |= {"red_gain": red, "blue_gain": blue, "beta": recipe.get("beta", 0.0)}
    sample |= {"shot_noise": recipe.get("shot", 0.0), "read_noise": recipe.get("read", 0.0)}
    images = to_tensor(clean[None])
    result = batched.apply(
        recipe["type"],
        images,
        collate_values([sample], images),
        torch.from_numpy(depth).float()[None, None],
        torch.from_numpy(noise).float().permute(2, 0, 1)[None],
    )
    assert largest_difference(to_array(result), wanted[None]) <= 1


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("blur", {"sigma": [1.0, 9.0, 3.3, 2.25]}),
        ("low_resolution", {"scale": [3.0, 2.0, 4.0, 3.0]}),
    ],
)
def test_a_mixed_batch_equals_one_by_one(type_name, values) -> None:
    images = to_tensor(np.stack([crop(index, 64, 96) for index in range(4)]), torch.float64)
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    together = batched.apply(type_name, images, tensors)
    for i in range(4):
        alone = batched.apply(
            type_name, images[i : i + 1], {n: v[i : i + 1] for n, v in tensors.items()}
        )
        torch.testing.assert_close(together[i : i + 1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("type_name", [type_name for type_name in TYPES if type_name != "none"])
def test_gradients_are_finite_on_black_and_white(type_name, dtype) -> None:
    rng = np.random.default_rng(0)
    images = to_tensor(rng.choice([0, 255], (2, 9, 9, 3)).astype(np.uint8), dtype).requires_grad_()
    depth = torch.linspace(0.05, 1, 162, dtype=dtype).reshape(2, 9, 9)
    drawn = [PRESET.draw(type_name, rng) | {"beta": 1.0, "shot_noise": 0.0, "read_noise": 0.0}] * 2
    values = {n: v.requires_grad_() for n, v in collate_values(drawn, images).items()}
    batched.apply(type_name, images, values, depth, torch.ones_like(images)).sum().backward()
    for tensor in (images, *values.values()):
        assert tensor.grad is None or bool(tensor.grad.isfinite().all())
    assert images.grad is not None
    assert bool((images.grad != 0).any())


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_has_a_model(type_name) -> None:
    assert callable(batched.model_of(type_name).apply)


def test_what_is_drawn_says_it_all_but_for_haze() -> None:
    drawn = {"transmission": torch.tensor([0.5])}
    depth, generator = torch.ones(1, 8, 8), torch.Generator().manual_seed(0)
    for type_name in TYPES:
        derived = batched.derive(type_name, drawn, depth, generator)
        assert set(derived) - set(drawn) == ({"beta"} if type_name == "haze" else set())


def test_bad_input_is_named() -> None:
    images = torch.zeros(1, 3, 3, 8)
    with pytest.raises(InputError, match="unknown type 'fog'"):
        batched.apply("fog", images, {})
    with pytest.raises(InputError, match="8×3 pixels are too few for scale=4"):
        batched.apply("low_resolution", images, {"scale": torch.tensor([4.0])})
