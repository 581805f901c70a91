"""Samplers with a prior that is known exactly: independent Gaussian pixels."""

import numpy as np
import pytest
import torch

from dubench.ddnm.diffpir import DiffPIR
from dubench.ddnm.inverse import blur
from dubench.ddnm.inverse.observation import AxisBasis, Observation
from dubench.ddnm.inverse.separable import observe
from dubench.ddnm.plug_and_play import PlugAndPlay
from dubench.ddnm.priors import noise_levels
from dubench.ddnm.sampler import DDNM
from generators.operators import down_operator, gaussian_matrix

MEAN, DEVIATION = 0.5, 0.1
SIDE = 12


class Gaussian:
    """N(MEAN, DEVIATION²) for every pixel alike."""

    def denoise(self, noisy, sigma):
        weight = DEVIATION**2 / (DEVIATION**2 + torch.as_tensor(sigma) ** 2)
        return MEAN + weight * (noisy - MEAN)


@pytest.fixture(scope="module")
def seen():
    """A third of a random picture's size, as seen without noise, many times over."""
    generator = torch.Generator().manual_seed(0)
    picture = MEAN + DEVIATION * torch.randn(1, 3, SIDE, SIDE, generator=generator)
    operator = down_operator(SIDE, SIDE, 3)
    rows, columns = (torch.tensor(x).float() for x in (operator.rows, operator.columns))
    small = (rows @ picture @ columns.T).repeat(400, 1, 1, 1)
    return observe(operator, small, 0.0), small, rows, columns


@pytest.mark.parametrize("noisy", [False, True])
def test_ddnm_draws_what_was_not_seen_from_the_prior(seen, noisy):
    observation, small, rows, columns = seen
    start = torch.full((400, 3, SIDE, SIDE), MEAN)
    sampler = DDNM(steps=200, first=1.0, last=1e-3, noisy=noisy, eta=0.0)
    result = sampler.restore(observation, start, Gaussian())
    # What was seen is explained, to the rounding that is allowed for.
    error = rows @ result @ columns.T - small
    assert error.std() < (2 if noisy else 1e-3) * observation.sigma
    # The rest is the prior's: independent, of its mean and deviation.
    basis = observation.basis
    unseen = result - basis.image(basis.coefficients(result))
    expected = torch.full_like(result, MEAN)
    expected = expected - basis.image(basis.coefficients(expected))
    deviation = DEVIATION * (1 - 16 / 144) ** 0.5  # 16 of 144 dimensions were seen
    standard_error = deviation / 400**0.5
    # Six standard errors of a pixel, and two in a hundred for steps that are not infinitely small.
    assert (unseen - expected).mean(0).abs().max() < 6 * standard_error + 0.02 * DEVIATION
    assert unseen.sub(expected).std().item() == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize("eta", [0.0, 0.85])
@pytest.mark.parametrize("following", [0.3, 0.02, 0.0])
def test_a_step_of_ddnm_plus_is_the_papers(eta, following):
    """One coefficient at a time, with ᾱ, as wyhuai/DDNM writes it."""
    rng = np.random.default_rng(4)
    singular, sigma, sigma_y = np.array([0.0, 0.01, 0.05, 0.4, 1.0]), 0.5, 0.02
    image, estimate, seen, fresh = rng.normal(size=(4, 3, 1, 5))
    after = 1 / (1 + following**2)  # ᾱ, of which σ = √(1 − ᾱ)/√ᾱ
    a, deviation = after**0.5, (1 - after) ** 0.5
    expected = np.empty_like(image)
    for place in np.ndindex(image.shape):
        s, x0, z = singular[place[-1]], estimate[place], fresh[place]
        epsilon = (image[place] - x0) / sigma
        if s == 0:
            moved = a * x0 + deviation * ((1 - eta**2) ** 0.5 * epsilon + eta * z)
        elif deviation >= a * sigma_y / s:
            left = (deviation**2 - (a * sigma_y / s) ** 2) ** 0.5
            moved = a * seen[place] / s + left * z
        else:
            share = s * deviation * (1 - eta**2) ** 0.5 / (a * sigma_y)
            moved = a * (x0 - share * (x0 - seen[place] / s)) + eta * deviation * z
        expected[place] = moved / a
    observation = Observation(AxisBasis(), *map(torch.from_numpy, (singular, seen)), sigma_y)
    sampler = DDNM(eta=eta, threshold=0.0)
    tensors = map(torch.from_numpy, (image, estimate))
    result = sampler._step(observation, *tensors, sigma, following, torch.from_numpy(fresh))
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-9)


def test_plug_and_play_is_the_posterior_mean_and_a_denoising_step():
    generator = torch.Generator().manual_seed(2)
    image = torch.rand(1, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    observation = blur.observe(image, {"sigma": 1.2}, 0.02)
    result = PlugAndPlay(1, 0.1, 0.1, trust=0.25).restore(observation, image, Gaussian())
    rows = np.kron(*(2 * [gaussian_matrix(SIDE, 1.2)]))
    precision = rows.T @ rows / 0.02**2 + np.eye(SIDE**2) / 0.2**2
    planes = image.numpy().reshape(3, -1)
    right = planes @ rows / 0.02**2 + planes / 0.2**2
    explained = np.linalg.solve(precision, right.T).T.reshape(image.shape)
    expected = MEAN + 0.5 * (explained - MEAN)  # DEVIATION is 0.1 as well
    np.testing.assert_allclose(result.numpy(), np.clip(expected, 0, 1), atol=1e-9)


def test_four_steps_of_plug_and_play_favour_no_corner():
    class Lopsided:
        def denoise(self, noisy, sigma):
            noisy = noisy.clone()
            noisy[..., 0, 1] += 0.1
            return noisy

    image = torch.full((1, 3, 5, 7), 0.5)
    observation = blur.observe(image, {"sigma": 1.2}, 0.02)
    result = PlugAndPlay(4, 1e-6, 1e-6).restore(observation, image, Lopsided())
    changed = {(0, 1), (0, 5), (4, 1), (4, 5)}
    for row, column in np.ndindex(5, 7):
        expected = 0.6 if (row, column) in changed else 0.5
        assert result[0, 0, row, column].item() == pytest.approx(expected, abs=1e-4)


def test_diffpir_forgets_its_noise_at_the_end(seen):
    observation, _, _, _ = seen
    start = torch.full((400, 3, SIDE, SIDE), MEAN)
    one_step = DiffPIR(steps=1, first=1e-3).restore(observation, start, Gaussian())
    # One step ends at its estimate: what 400 draws of so little noise leave apart is that noise.
    assert one_step.std(0).max() < 2e-3
    many = DiffPIR(steps=100, first=1.0, last=1e-3).restore(observation, start, Gaussian())
    assert observation.misfit(many) < 1.5
    assert many.std(0).mean() > 0.3 * DEVIATION  # samples, not a mean


def test_what_diffpir_draws_anew_may_be_more():
    class Recorder:
        asked = ()

        def denoise(self, noisy, sigma):
            self.asked = (*self.asked, noisy - MEAN)
            return torch.full_like(noisy, MEAN)

    image = torch.full((1, 3, 128, 128), MEAN)
    observation = blur.observe(image, {"sigma": 1.2}, 0.02)
    prior = Recorder()
    DiffPIR(2, 0.2, 0.1, s_noise=1.5).restore(observation, image, prior)
    assert [x.std().item() for x in prior.asked] == pytest.approx([0.2, 0.15], rel=0.03)


def test_a_seed_names_the_sample(seen):
    observation, _, _, _ = seen
    start = torch.full((400, 3, SIDE, SIDE), MEAN)
    for sampler in (DDNM, DiffPIR):
        first, again, other = (
            sampler(steps=3, seed=seed).restore(observation, start, Gaussian())
            for seed in (5, 5, 6)
        )
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_noise_levels_fall_by_equal_ratios():
    levels = noise_levels(0.4, 0.1, 3)
    np.testing.assert_allclose(levels, [0.4, 0.2, 0.1])
    assert noise_levels(0.4, 0.1, 1) == [0.4]
