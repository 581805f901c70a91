"""The differentiable inverse against the closed forms and against finite differences."""

import numpy as np
import pytest
import torch

from dubench.ddnm.observe import observe
from dubench.ddnm.simple import DAMPING
from dubench.ddnm.undo import undo
from generators import batched
from generators.sources import photographs
from generators.sources.pools import BUNDLED
from generators.taxonomy import Degradation

SIDE = 64
INTRINSICS = (0.9, -0.3, -0.1, -0.4, 1.2, 0.2, -0.1, 0.2, 0.6)
VALUES = {
    "haze": {"atmospheric_light": 0.8, "transmission": 0.45},
    "low_light": {"gamma": 2.6, "gain": 0.08, "camera_intrinsics": INTRINSICS},
    "blur": {"sigma": 1.7},
    "low_resolution": {"scale": 3},
}
CAMERA = {"shot_noise": 0.0, "read_noise": 0.0, "red_gain": 2.0, "blue_gain": 1.6}


@pytest.fixture(scope="module")
def clean():
    """Two crops (2, 3, S, S) float64 on [0, 1]."""
    pixels, _ = photographs.load(sorted(BUNDLED.glob("*.jpg"))[3])
    crops = [pixels[y : y + SIDE, 300 : 300 + SIDE] for y in range(0, len(pixels) - SIDE, SIDE)]
    crops = sorted(crops, key=lambda crop: np.abs(np.diff(crop.astype(float), axis=0)).sum())[-2:]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).double() / 255


@pytest.fixture(scope="module")
def depth():
    ramp = torch.linspace(0.05, 1, SIDE, dtype=torch.float64)
    return ramp[:, None].expand(2, SIDE, SIDE) * 0.7 + 0.3 * ramp[None]


def batch_of(type_name):
    return {
        name: torch.tensor([value] * 2, dtype=torch.float64)
        for name, value in VALUES[type_name].items()
    }


def degrade(type_name, clean, depth):
    """Degraded pictures in whole levels, without noise."""
    values = batch_of(type_name) | {
        name: torch.full((2,), value, dtype=torch.float64) for name, value in CAMERA.items()
    }
    if type_name == "haze":
        values = values | {"beta": torch.full((2,), 1.6, dtype=torch.float64)}
    noise = torch.zeros_like(clean)
    return (batched.apply(type_name, clean, values, depth, noise) * 255).round() / 255


@pytest.mark.parametrize("type_name", VALUES)
def test_it_is_the_closed_form(type_name, clean, depth):
    degraded = degrade(type_name, clean, depth)
    values = batch_of(type_name)
    seen = None
    if type_name == "haze":
        seen = np.exp(-1.6 * depth.numpy())[:, None]
        values["transmission"] = torch.from_numpy(seen.mean((1, 2, 3)))
    restored = undo(type_name, degraded, values, depth)
    observation = observe(degraded.numpy(), Degradation(type_name, VALUES[type_name]), seen)
    if observation.pointwise:
        expected = observation.pseudo_inverse()
    else:
        expected = observation.damped(degraded.numpy(), DAMPING)
    np.testing.assert_allclose(restored.numpy(), expected.clip(0, 1), atol=2e-4)
    assert ((restored - clean) ** 2).mean() < ((degraded - clean) ** 2).mean()


@pytest.mark.parametrize(
    ("type_name", "key"),
    [("haze", "atmospheric_light"), ("haze", "transmission"), ("low_light", "gamma"),
     ("low_light", "gain"), ("blur", "sigma")],
)  # fmt: skip
def test_the_gradient_is_that_of_finite_differences(type_name, key, clean, depth):
    degraded = degrade(type_name, clean, depth)

    def loss(value):
        restored = undo(type_name, degraded, batch_of(type_name) | {key: value}, depth)
        return ((restored - clean) ** 2).mean((1, 2, 3))

    # At the truth it is nearly nothing.
    value = (0.85 * batch_of(type_name)[key]).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(value).sum(), value)
    step = 2e-2 if key == "sigma" else 1e-6  # the operator's weights are multiples of 2⁻¹⁶
    with torch.no_grad():
        expected = (loss(value + step) - loss(value - step)) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=2e-2)


def test_undegraded_pictures_stay(clean):
    assert torch.equal(undo("none", clean, {}), clean)
