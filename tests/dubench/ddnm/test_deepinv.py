"""The data step of plug-and-play and DiffPIR beside deepinv's, with the same operator.

Runs where deepinv is installed (`pip install deepinv`), which nothing else here needs.
"""

import cv2
import numpy as np
import pytest
import torch

from dubench.ddnm.inverse import low_resolution
from generators.operators import down_operator
from generators.physics import low_resolution as simulator
from generators.sources.pools import BUNDLED

deepinv = pytest.importorskip("deepinv")

SIDE, SCALE = 128, 3
ROUNDING = 1 / 255 / 12**0.5


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """A piece (SIDE, SIDE, 3) uint8 RGB of a bundled photograph."""
    image = cv2.imread(str(min(BUNDLED.glob("*.jpg"))))
    return np.ascontiguousarray(image[100:, 200:][:SIDE, :SIDE, ::-1])


@pytest.fixture(scope="module")
def physics():
    """The reduction as deepinv takes an operator: full bases, singular values padded with 0."""
    matrix = down_operator(SIDE, SIDE, SCALE).rows
    small = len(matrix)
    u, s, vh = (torch.from_numpy(x).float() for x in np.linalg.svd(matrix))
    singular = torch.zeros(1, 1, SIDE, SIDE)
    singular[..., :small, :small] = torch.outer(s, s)

    def padded(y):
        return torch.nn.functional.pad(u.T @ y @ u, (0, SIDE - small, 0, SIDE - small))

    return deepinv.physics.DecomposablePhysics(
        U=lambda x: u @ x[..., :small, :small] @ u.T,
        U_adjoint=padded,
        V=lambda x: vh.T @ x @ vh,
        V_adjoint=lambda x: vh @ x @ vh.T,
        mask=singular.expand(1, 3, SIDE, SIDE).clone(),
        noise_model=deepinv.physics.GaussianNoise(ROUNDING),
    )


def _planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.moveaxis(image, -1, 0)[None].copy()).float() / 255


def test_its_data_step_is_ours(crop, physics) -> None:
    degraded = simulator.apply(crop, {"scale": SCALE})
    seen, _ = low_resolution.small(_planes(degraded), SCALE)
    observation = low_resolution.observe(_planes(degraded), {"scale": SCALE})
    guess = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    sigma = 0.05
    gamma = sigma**2 / ROUNDING**2
    torch.testing.assert_close(
        observation.proximal(guess, sigma), physics.prox_l2(guess, seen, gamma), atol=2e-4, rtol=0
    )
