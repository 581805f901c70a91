"""Restorations that the prior learns from are those of `pnp`, to the step."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import Settings, with_prior
from dubench.ddnm.prior.train.patches import LARGE
from dubench.ddnm.prior.train.restorations import Restorations
from generators.operators import effective_sigma
from generators.sources.pools import BUNDLED

STEPS = 12


class Smoothing:
    """A denoiser that knows neither of noise nor of mirrors."""

    def array(self, values):
        return torch.tensor(values, dtype=torch.float32)

    def denoise(self, noisy, sigma):
        padded = functional.pad(noisy, (2, 0, 0, 1), "replicate")
        return 0.7 * functional.avg_pool2d(padded, (2, 3), 1) + 0.3 * noisy


@pytest.fixture(scope="module")
def photographs():
    path = sorted(BUNDLED.glob("*.jpg"))[0]
    image = cv2.resize(cv2.imread(str(path)), (240, 160), interpolation=cv2.INTER_AREA)
    return [image[..., ::-1].copy()]


@pytest.mark.parametrize("seed", range(4))
def test_they_end_where_pnp_does(photographs, seed):
    restorations, prior = Restorations(photographs, seed, 4, "cpu"), Smoothing()
    batch = restorations.show()
    (begun,) = restorations.under_way
    degraded = Degraded(begun.sample.degraded, begun.sample.degradation)
    for _ in range(STEPS - 1):
        restorations.take(prior.denoise(batch.noisy, None))
        batch = restorations.show()
    estimate = prior.denoise(batch.noisy, None)
    last = torch.flip(estimate, (-2, -1))[0].permute(1, 2, 0).clip(0, 1).numpy() * 255
    result = with_prior("pnp", prior, Settings())(degraded)
    assert result.shape == (LARGE, LARGE, 3)
    assert np.abs(np.rint(last) - result).max() <= 1
    # And what it should answer is the clean patch, lying likewise.
    wanted = torch.flip(batch.clean, (-2, -1))[0].permute(1, 2, 0) * 255
    assert np.array_equal(wanted.round().to(torch.uint8), begun.sample.clean)
    restorations.take(estimate)
    assert restorations.under_way[0].step == 0


def test_degraded_patches_are_the_simulators(photographs):
    restorations = Restorations(photographs, 0, 24, "cpu")
    restorations.show()
    types = set()
    for one in restorations.under_way:
        types.add(one.sample.degradation.type)
        clean, degraded = one.sample.clean, one.sample.degraded
        if one.sample.degradation.type == "blur":
            sigma = effective_sigma(one.sample.values["sigma"])
            blurred = cv2.GaussianBlur(
                clean.astype(np.float64), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101
            )
            assert np.abs(blurred - degraded).mean() < 1
        assert clean.std() > degraded.std()
    assert types == {"blur", "low_resolution"}


def test_a_batch_has_all_steps_and_its_errors(photographs):
    restorations = Restorations(photographs, 3, 24, "cpu")
    for _ in range(14):
        batch = restorations.show()
        assert batch.noisy.shape == (6, 3, LARGE, LARGE)
        assert len(batch.sigma.unique()) == 6
        assert float(batch.sigma.min()) * 255 >= 2.499
        assert float(batch.sigma.max()) * 255 <= 80.01
        for noisy, clean, error in zip(batch.noisy, batch.clean, batch.error, strict=True):
            expected = np.linalg.norm((noisy - clean).numpy()) / noisy.numel() ** 0.5
            assert float(error) == pytest.approx(max(expected, 1 / 255), rel=1e-4)
        restorations.take(Smoothing().denoise(batch.noisy, None))


def test_a_checkpoint_holds_where_they_are(photographs, tmp_path):
    restorations = Restorations(photographs, 0, 8, "cpu")
    for _ in range(9):
        restorations.take(0.9 * restorations.show().noisy)
    torch.save(restorations.state(), tmp_path / "state.pt")
    again = Restorations(photographs, 0, 8, "cpu")
    again.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(9):
        first, second = restorations.show(), again.show()
        for one, other in zip(first, second, strict=True):
            assert torch.equal(one, other)
        restorations.take(0.9 * first.noisy)
        again.take(0.9 * second.noisy)
