"""The tensor path: the same pictures as the per-image path, and gradients that are right."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import presets
from generators.batched import models
from generators.errors import InputError
from generators.operators import SeparableOperator, down_operator, up_operator
from generators.physics import model_of
from generators.randomness import Purpose, normals, stream
from generators.taxonomy import TYPES

DATA = Path(__file__).parents[2] / "data"
PHOTOS = sorted((Path(models.__file__).parents[1] / "data" / "photos").glob("*.jpg"))
RECIPES = json.loads((DATA / "golden.json").read_text("utf-8"))
PRESET = presets.load("du110k")
CAMERA = PRESET.draws["low_light"]["camera_intrinsics"]["choice"][0]


def to_tensor(images, dtype=torch.float32) -> torch.Tensor:
    """(B, H, W, 3) levels as (B, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).to(dtype) / 255


def to_array(images: torch.Tensor) -> np.ndarray:
    return models.quantize(images).permute(0, 2, 3, 1).numpy()


def largest_difference(a, b) -> int:
    return int(np.abs(np.asarray(a, dtype=int) - np.asarray(b, dtype=int)).max())


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
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "none"])
def test_both_paths_agree_on_photographs(kind, height, width, dtype) -> None:
    model = model_of(kind)
    for batch in range(3):
        indices = range(4 * batch, 4 * batch + 4)
        images = [crop(index, height, width) for index in indices]
        depths = [smooth_depth(index, height, width) for index in indices]
        values = [
            model.derive(PRESET.draw(kind, stream(3, index, 0, Purpose.PARAMETERS)), depth)
            for index, depth in zip(indices, depths, strict=True)
        ]
        one_by_one = [
            model.apply(image, value, depth, stream(3, index, 0, Purpose.NOISE))
            for index, image, value, depth in zip(indices, images, values, depths, strict=True)
        ]
        noise = [normals(stream(3, index, 0, Purpose.NOISE), images[0].shape) for index in indices]
        tensors = to_tensor(np.stack(images), dtype)
        together = models.apply(
            kind,
            tensors,
            models.collate_values(values, tensors),
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
    result = models.apply(
        recipe["type"],
        images,
        models.collate_values([sample], images),
        torch.from_numpy(depth).float()[None, None],
        torch.from_numpy(noise).float().permute(2, 0, 1)[None],
    )
    assert largest_difference(to_array(result), wanted[None]) <= 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("blur", {"sigma": [1.0, 9.0, 3.3, 2.25]}),
        ("low_resolution", {"scale": [3.0, 2.0, 4.0, 3.0]}),
    ],
)
def test_a_mixed_batch_equals_one_by_one(kind, values) -> None:
    images = to_tensor(np.stack([crop(index, 64, 96) for index in range(4)]), torch.float64)
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    together = models.apply(kind, images, tensors)
    for i in range(4):
        alone = models.apply(kind, images[i : i + 1], {n: v[i : i + 1] for n, v in tensors.items()})
        torch.testing.assert_close(together[i : i + 1], alone, rtol=0, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    sigma=st.floats(1, 9),
    seed=st.integers(0, 99),
)
def test_blur_of_images_smaller_than_the_kernel(height, width, sigma, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    together = models.apply(
        "blur", to_tensor(image[None]), {"sigma": torch.tensor([sigma], dtype=torch.float32)}
    )
    assert (
        largest_difference(
            to_array(together)[0], model_of("blur").apply(image, {"sigma": sigma}, None, None)
        )
        <= 1
    )


def random_images(seed: int, *shape: int) -> torch.Tensor:
    """In float64, away from black and white, with a gradient to ask for."""
    generator = torch.Generator().manual_seed(seed)
    images = 0.2 + 0.6 * torch.rand(*shape, generator=generator, dtype=torch.float64)
    return images.requires_grad_()


def parameter(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_gradients_of_haze() -> None:
    depth = 0.05 + 0.95 * torch.rand(2, 4, 5, dtype=torch.float64)

    def render(images, beta, light, depth):
        values = {"beta": beta, "atmospheric_light": light}
        return models.apply("haze", images, values, depth)

    inputs = (random_images(0, 2, 3, 4, 5), parameter(0.7, 2.5), parameter(0.5, 0.9))
    assert torch.autograd.gradcheck(render, (*inputs, depth.requires_grad_()))


def test_gradients_of_low_light() -> None:
    noise = torch.randn(2, 3, 3, 4, generator=torch.Generator().manual_seed(1)).double()
    names = list(PRESET.draws["low_light"])

    def render(images, *values):
        return models.apply("low_light", images, dict(zip(names, values, strict=True)), None, noise)

    inputs = (
        random_images(2, 2, 3, 3, 4),
        parameter(2.2, 3.1),
        parameter(0.3, 0.6),
        parameter(
            CAMERA, [0.6596, -0.2079, -0.0562, -0.4782, 1.3016, 0.1933, -0.097, 0.1581, 0.5181]
        ),
        parameter(2.0, 2.3),
        parameter(1.6, 1.8),
        parameter(1e-5, 2e-5),
        parameter(1e-6, 2e-6),
    )
    developed = render(*inputs)
    assert developed.min() > 0.01, "clipped pixels would have no gradient to check"
    assert developed.max() < 0.99
    assert torch.autograd.gradcheck(render, inputs, eps=1e-8)


def test_gradients_of_blur() -> None:
    def render(images, sigma):
        return models.apply("blur", images, {"sigma": sigma})

    # 4σ away from whole numbers, where the radius jumps.
    assert torch.autograd.gradcheck(render, (random_images(3, 2, 3, 5, 6), parameter(1.1, 2.4)))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_gradient_of_low_resolution_is_the_adjoint(scale) -> None:
    height, width = 25, 18
    images = random_images(4, 1, 3, height, width)
    weights = torch.rand(1, 3, height, width, dtype=torch.float64)
    result = models.apply("low_resolution", images, {"scale": parameter(scale).detach()})
    assert result.min() > 0, "clipped pixels would have no gradient"
    assert result.max() < 1
    (gradient,) = torch.autograd.grad((result * weights).sum(), images)
    down, up = down_operator(height, width, scale), up_operator(height, width, scale)
    both = SeparableOperator(up.rows @ down.rows, up.columns @ down.columns)
    adjoint = both.adjoint(weights[0].permute(1, 2, 0).numpy())
    np.testing.assert_allclose(gradient[0].permute(1, 2, 0).numpy(), adjoint, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "none"])
def test_gradients_are_finite_on_black_and_white(kind, dtype) -> None:
    rng = np.random.default_rng(0)
    images = to_tensor(rng.choice([0, 255], (2, 9, 9, 3)).astype(np.uint8), dtype).requires_grad_()
    depth = torch.linspace(0.05, 1, 162, dtype=dtype).reshape(2, 9, 9)
    drawn = [PRESET.draw(kind, rng) | {"beta": 1.0, "shot_noise": 0.0, "read_noise": 0.0}] * 2
    values = {n: v.requires_grad_() for n, v in models.collate_values(drawn, images).items()}
    models.apply(kind, images, values, depth, torch.ones_like(images)).sum().backward()
    for tensor in (images, *values.values()):
        assert tensor.grad is None or bool(tensor.grad.isfinite().all())
    assert images.grad is not None
    assert bool((images.grad != 0).any())


def test_quantize_rounds_half_to_even_and_clips() -> None:
    levels = torch.tensor([-7.0, 0.5, 1.5, 2.5, 2.6, 254.5, 300.0], dtype=torch.float64)
    quantized = models.quantize(levels / 255)
    assert quantized.dtype == torch.uint8
    assert quantized.tolist() == [0, 0, 2, 2, 3, 254, 255]


def test_collate_values_keeps_names_order_dtype() -> None:
    like = torch.zeros(0, dtype=torch.float64)
    samples = [{"gamma": g, "camera_intrinsics": (g / 10,) * 9} for g in (2.0, 3.0)]
    values = models.collate_values(samples, like)
    assert values["gamma"].tolist() == [2.0, 3.0]
    assert values["camera_intrinsics"].tolist() == [[0.2] * 9, [0.3] * 9]
    assert {value.dtype for value in values.values()} == {torch.float64}


def test_every_type_has_a_model() -> None:
    assert list(models.MODELS) == list(TYPES)


def test_bad_input_is_named() -> None:
    images = torch.zeros(1, 3, 3, 8)
    with pytest.raises(InputError, match="unknown type 'fog'"):
        models.apply("fog", images, {})
    with pytest.raises(InputError, match="8×3 pixels are too few for scale=4"):
        models.apply("low_resolution", images, {"scale": torch.tensor([4.0])})
