"""Priors that run in torch: dubench's own, and any pixel-space UNet of diffusers.

This file imports torch when it is imported.
"""

import logging
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.preconditioning import LEAST_SIGMA, MOST_SIGMA
from generators.errors import InputError, first_line
from generators.files import from_home


class OwnPrior:
    """A `Denoiser`, which takes a noise level for every pixel.

    Args:
        dtype: of its layers' products: torch.float32, or a half precision.
    """

    def __init__(self, network: Denoiser, dtype: torch.dtype = torch.float32) -> None:
        self.network, self.dtype = network, dtype

    def array(self, values: NDArray) -> Tensor:
        """As `Prior`."""
        return _array(values, self.network)

    def denoise(self, noisy: Tensor, sigma: float | Tensor) -> Tensor:
        """As `Prior`; levels outside those of the training are taken as the nearest of them."""
        levels = torch.as_tensor(sigma, dtype=noisy.dtype, device=noisy.device)
        with _products_in(self.dtype, noisy.device):
            estimate: Tensor = self.network(noisy, levels.clip(LEAST_SIGMA, MOST_SIGMA))
        return estimate.to(noisy.dtype)


class DiffusionPrior:
    """A diffusers UNet2DModel, whose noise levels are steps of its schedule.

    x_t = √ᾱ·x + √(1 − ᾱ)·ε on [−1, 1] is a picture on [0, 1] with noise of σ = √(1 − ᾱ)/(2√ᾱ).
    """

    def __init__(
        self, network: Any, alphas: Tensor, prediction: str, dtype: torch.dtype = torch.float32
    ) -> None:
        """Take a UNet, ᾱ at each of its steps (T,), what it predicts: epsilon, sample or
        v_prediction, and the type of its layers' products."""
        self.network, self.prediction, self.dtype = network, prediction, dtype
        # Every resolution but the last halves the sides, and they have to meet again on the way up.
        self._multiple = 2 ** (len(network.config.block_out_channels) - 1)
        self.alphas = alphas.to(next(network.parameters()).device)
        self.sigmas = ((1 - self.alphas) / self.alphas) ** 0.5 / 2

    def array(self, values: NDArray) -> Tensor:
        """As `Prior`."""
        return _array(values, self.network)

    def denoise(self, noisy: Tensor, sigma: float | Tensor) -> Tensor:
        """As `Prior`, at the step whose noise is nearest; for a map of levels, that of its rms."""
        level = torch.as_tensor(sigma, dtype=noisy.dtype, device=noisy.device)
        level = level.square().mean().sqrt()
        step = int((self.sigmas.log() - level.log()).abs().argmin())
        alpha = self.alphas[step]
        height, width = noisy.shape[-2:]
        below, right = (-side % self._multiple for side in (height, width))
        padded = functional.pad(noisy, (0, right, 0, below), "replicate")
        at_step = alpha.sqrt() * (2 * padded - 1)
        with _products_in(self.dtype, noisy.device):
            output = self.network(at_step, step).sample.to(noisy.dtype)
        if self.prediction == "epsilon":
            clean = (at_step - (1 - alpha).sqrt() * output) / alpha.sqrt()
        elif self.prediction == "v_prediction":
            clean = alpha.sqrt() * at_step - (1 - alpha).sqrt() * output
        else:
            clean = output
        estimate: Tensor = (clean.clip(-1, 1) + 1) / 2
        return estimate[..., :height, :width]


def open_diffusers(where: str, device: str, dtype: torch.dtype = torch.float32) -> DiffusionPrior:
    """The UNet of diffusers in a folder, or on the Hub.

    Raises:
        InputError: it is no pixel-space prior of RGB pictures, or cannot be had.
    """
    folder = from_home(where)
    try:
        from diffusers import DDPMScheduler, UNet2DModel
    except ImportError:
        raise InputError(
            f"--prior {where}: only dubench's own priors can be read without the package "
            'diffusers: pip install "dubench[train]"'
        ) from None
    logging.getLogger("diffusers").setLevel(logging.CRITICAL)  # its errors are reported below
    local = folder.is_dir()
    if not local and where.startswith((".", "/", "~")):
        raise InputError(f"--prior {where}: no such folder, and so no pixel-space UNet")
    inside = {"subfolder": "unet"} if local and (folder / "unet").is_dir() else {}
    try:
        network: Any = UNet2DModel
        network = network.from_pretrained(where, use_safetensors=True, **inside)
        schedule = {"subfolder": "scheduler"} if local and (folder / "scheduler").is_dir() else {}
        scheduler: Any = DDPMScheduler
        scheduler = scheduler.from_pretrained(where, **schedule)
    except Exception as error:  # the library raises a dozen kinds for what it cannot read
        raise InputError(
            f"--prior {where}: no pixel-space UNet of diffusers in safetensors: {first_line(error)}"
        ) from None
    if network.config.in_channels != 3:
        raise InputError(
            f"--prior {where}: takes {network.config.in_channels} channels, not RGB pixels; "
            "a prior of latents cannot be used"
        )
    network.to(device).eval()
    prediction = str(scheduler.config.prediction_type)
    return DiffusionPrior(network, scheduler.alphas_cumprod, prediction, dtype)


def _products_in(dtype: torch.dtype, device: torch.device) -> Any:
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def _array(values: NDArray, network: Any) -> Tensor:
    """float32, where the weights are."""
    return torch.tensor(values, dtype=torch.float32, device=next(network.parameters()).device)
