"""The prior's network: any size, any noise map, and what it is before it has learned."""

import pytest
import torch

from dubench.ddnm.prior.files import load, save
from dubench.ddnm.prior.folder import CONFIG, WEIGHTS, Shape
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.preconditioning import SIGMA_DATA
from generators.errors import InputError

SMALL = Shape(widths=(4, 8), blocks=1)


def test_untrained_it_is_the_linear_estimate_of_pictures_about_mid_grey():
    # For x ~ N(½, SIGMA_DATA²) and known noise, E[x | y] is linear (Wiener).
    noisy, sigma = torch.rand(2, 3, 32, 48), torch.tensor(0.3)
    gain = SIGMA_DATA**2 / (SIGMA_DATA**2 + 0.3**2)
    network = Denoiser(SMALL)
    torch.nn.init.zeros_(network.tail.bias)
    estimate = network(noisy, sigma)
    torch.testing.assert_close(estimate, 0.5 + gain * (noisy - 0.5))


@pytest.mark.parametrize("shape", [(1, 3, 33, 47), (2, 3, 7, 5), (1, 3, 64, 64)])
def test_any_size_and_any_way_to_give_the_noise(shape):
    torch.manual_seed(0)
    network, noisy = Denoiser(SMALL), torch.rand(shape)
    torch.nn.init.normal_(network.tail.weight)
    one = network(noisy, torch.tensor(0.1))
    assert one.shape == shape
    by_pixel = network(noisy, torch.full(shape, 0.1))
    by_image = network(noisy, torch.full((shape[0], 1, 1, 1), 0.1))
    torch.testing.assert_close(one, by_pixel)
    torch.testing.assert_close(one, by_image)


def test_next_to_no_noise_leaves_the_picture():
    network, noisy = Denoiser(SMALL), torch.rand(1, 3, 32, 32)
    torch.nn.init.normal_(network.tail.weight)
    difference = network(noisy, torch.tensor(1e-6)) - noisy
    assert difference.abs().max() < 1e-3


def test_a_folder_holds_it(tmp_path):
    network, noisy = Denoiser(SMALL), torch.rand(1, 3, 16, 16)
    save(tmp_path / "prior", network, {"patches": 0})
    halved = load(tmp_path / "prior")
    assert halved.shape == SMALL
    torch.testing.assert_close(
        halved(noisy, torch.tensor(0.1)), network(noisy, torch.tensor(0.1)), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        (CONFIG, b'{"_class_name": "UNet2DModel"}', "not a dubench.Denoiser"),
        (CONFIG, b"{", "not a prior"),
        (WEIGHTS, b"cut", "not a prior"),
        (CONFIG, b'{"_class_name": "dubench.Denoiser", "widths": [8, 8], "blocks": 1}', "not fit"),
        (CONFIG, b'{"_class_name": "dubench.Denoiser"}', "does not fit"),
    ],
)
def test_what_is_no_prior_is_named(tmp_path, file, content, problem):
    save(tmp_path, Denoiser(SMALL), {})
    (tmp_path / file).write_bytes(content)
    with pytest.raises(InputError, match=problem):
        load(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="not a prior"):
        load(tmp_path / "none")
