"""Low resolution on batches: its gradient is the adjoint of both operators."""

import numpy as np
import pytest
import torch

from generators import batched
from generators.operators import SeparableOperator, down_operator, up_operator
from tests.generators.batched.arrays import parameter, random_images


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_gradient_is_the_adjoint(scale) -> None:
    height, width = 25, 18
    images = random_images(4, 1, 3, height, width)
    weights = torch.rand(1, 3, height, width, dtype=torch.float64)
    result = batched.apply("low_resolution", images, {"scale": parameter(scale).detach()})
    assert result.min() > 0, "clipped pixels would have no gradient"
    assert result.max() < 1
    (gradient,) = torch.autograd.grad((result * weights).sum(), images)
    down, up = down_operator(height, width, scale), up_operator(height, width, scale)
    both = SeparableOperator(up.rows @ down.rows, up.columns @ down.columns)
    adjoint = both.adjoint(weights[0].permute(1, 2, 0).numpy())
    np.testing.assert_allclose(gradient[0].permute(1, 2, 0).numpy(), adjoint, atol=1e-12)
