"""Low light on batches: gradients."""

import torch

from generators import batched, presets
from tests.generators.batched.arrays import parameter, random_images

DRAWS = presets.load("du110k").draws["low_light"]
CAMERA = DRAWS["camera_intrinsics"]["choice"][0]


def test_gradients() -> None:
    noise = torch.randn(2, 3, 3, 4, generator=torch.Generator().manual_seed(1)).double()
    names = list(DRAWS)

    def render(images, *values):
        return batched.apply(
            "low_light", images, dict(zip(names, values, strict=True)), None, noise
        )

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
