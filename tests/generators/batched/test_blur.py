"""Blur on batches: small images and gradients."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import batched
from generators.physics import blur
from tests.generators.batched.arrays import (
    largest_difference,
    parameter,
    random_images,
    to_array,
    to_tensor,
)


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    sigma=st.floats(1, 9),
    seed=st.integers(0, 99),
)
def test_images_smaller_than_the_kernel(height, width, sigma, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    together = batched.apply(
        "blur", to_tensor(image[None]), {"sigma": torch.tensor([sigma], dtype=torch.float32)}
    )
    assert (
        largest_difference(to_array(together)[0], blur.apply(image, {"sigma": sigma}, None, None))
        <= 1
    )


def test_gradients() -> None:
    def render(images, sigma):
        return batched.apply("blur", images, {"sigma": sigma})

    # 4σ away from whole numbers, where the radius jumps.
    assert torch.autograd.gradcheck(render, (random_images(3, 2, 3, 5, 6), parameter(1.1, 2.4)))
