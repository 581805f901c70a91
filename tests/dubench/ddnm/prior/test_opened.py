"""A UNet of diffusers as a prior: its schedule, and what it predicts."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dubench.ddnm.prior.files import save
from dubench.ddnm.prior.folder import Shape
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.opened import DiffusionPrior, OwnPrior
from dubench.ddnm.prior.opening import open_prior
from generators.errors import InputError

diffusers = pytest.importorskip("diffusers")


class Exact(torch.nn.Module):
    """A network that knows every picture is mid-grey: x = 0 on [−1, 1]."""

    def __init__(self, alphas, prediction):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))
        self.alphas, self.prediction = alphas, prediction
        self.config = SimpleNamespace(block_out_channels=(1,))

    def forward(self, sample, step):
        alpha = self.alphas[step]
        noise = sample / (1 - alpha).sqrt()
        output = {
            "epsilon": noise,
            "v_prediction": alpha.sqrt() * noise,
            "sample": torch.zeros_like(sample),
        }[self.prediction]
        return type("Output", (), {"sample": output})


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_what_it_predicts_becomes_the_clean_picture(prediction):
    alphas = diffusers.DDPMScheduler().alphas_cumprod
    prior = DiffusionPrior(Exact(alphas, prediction), alphas, prediction)
    noisy = 0.5 + 0.2 * torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(prior.denoise(noisy, 0.2), torch.full_like(noisy, 0.5))


def test_noise_levels_are_those_of_the_schedule():
    scheduler = diffusers.DDPMScheduler()
    prior = DiffusionPrior(Exact(scheduler.alphas_cumprod, "sample"), scheduler.alphas_cumprod, "")
    clean, noise = torch.rand(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    for step in (0, 400, 999):
        at_step = scheduler.add_noise(2 * clean - 1, noise, torch.tensor([step]))
        ours = 2 * (clean + prior.sigmas[step] * noise) - 1
        torch.testing.assert_close(at_step, ours * scheduler.alphas_cumprod[step].sqrt())


def test_folders_are_told_apart(tmp_path):
    save(tmp_path / "own", Denoiser(Shape((4, 8), 1)), {})
    assert isinstance(open_prior(str(tmp_path / "own"), "cpu"), OwnPrior)
    unet = diffusers.UNet2DModel(
        sample_size=16,
        block_out_channels=(8, 8, 8),
        down_block_types=("DownBlock2D",) * 3,
        up_block_types=("UpBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=4,
    )
    pipeline = diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler())
    pipeline.save_pretrained(tmp_path / "theirs")
    prior = open_prior(str(tmp_path / "theirs"), "cpu")
    assert isinstance(prior, DiffusionPrior)
    # Sides that cannot be halved twice: as of the picture with its border repeated.
    noisy = torch.rand(1, 3, 17, 22)
    padded = np.pad(noisy, ((0, 0), (0, 0), (0, 3), (0, 2)), "edge")
    with torch.no_grad():
        expected = prior.denoise(torch.from_numpy(padded), 0.1)[..., :17, :22]
        torch.testing.assert_close(prior.denoise(noisy, 0.1), expected)


def test_half_precision_changes_little():
    torch.manual_seed(0)
    network, noisy = Denoiser(Shape((8, 16), 1)), torch.rand(1, 3, 32, 32)
    whole, half = (
        OwnPrior(network, x).denoise(noisy, 0.1) for x in (torch.float32, torch.bfloat16)
    )
    assert half.dtype == torch.float32
    # bfloat16 has 8 bits: each of a few layers rounds by 2⁻⁸ of values about 1.
    assert 0 < (half - whole).abs().max() < 0.05


def test_what_is_no_prior_of_pixels_is_refused(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("diffusers"), "handlers", [caplog.handler])
    with pytest.raises(InputError, match="no pixel-space UNet"):
        open_prior(str(tmp_path), "cpu")
    (tmp_path / "config.json").write_text('{"_class_name": "UNet2DModel"}')
    (tmp_path / "diffusion_pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(InputError, match="no pixel-space UNet"):
        open_prior(str(tmp_path), "cpu")
    assert not caplog.records  # one line, not two
    latent = diffusers.UNet2DModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        layers_per_block=1,
        norm_num_groups=4,
    )
    diffusers.DDPMPipeline(latent, diffusers.DDPMScheduler()).save_pretrained(tmp_path / "latent")
    with pytest.raises(InputError, match="prior of latents"):
        open_prior(str(tmp_path / "latent"), "cpu")
