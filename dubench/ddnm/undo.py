"""The analytic inverse of batches, differentiable in the parameters: what a reward restores with.

Tikhonov's damping keeps an over-estimated blur from exploding.

This file imports torch when it is imported.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from dubench.ddnm.inverse import blur, low_resolution
from dubench.ddnm.simple import DAMPING
from generators.batched.haze import solve_beta
from generators.batched.low_light import inverse_smoothstep
from generators.batched.tensors import per_image

LEAST_TRANSMISSION = 0.02
"""t below it is taken for it: noise would be multiplied by more than fifty."""


def undo(
    type_name: str, images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None = None
) -> Tensor:
    """Restore a batch of one type, each image at its own values.

    Gradients flow to every value but the integer `scale` and the camera's matrix, which cancels.

    Args:
        images: (B, 3, H, W) RGB on [0, 1], degraded; float32 or float64.
        values: (B,) per key, in the dtype of `images`.
        depth: (B, H, W) in [0, 1], for haze: t = exp(−β·depth), with the β that gives t the mean
            `transmission`.

    Returns:
        (B, 3, H, W) on [0, 1].
    """
    if type_name == "none":
        restored = images
    elif type_name == "haze":
        assert depth is not None, "haze needs depth maps"
        restored = _clear(images, values["atmospheric_light"], values["transmission"], depth)
    elif type_name == "low_light":
        restored = _brighten(images, values["gamma"], values["gain"])
    elif type_name == "blur":
        pairs = zip(images, values["sigma"], strict=True)
        restored = torch.stack([_sharpen(image, sigma) for image, sigma in pairs])
    else:
        pairs = zip(images, values["scale"].tolist(), strict=True)
        restored = torch.stack([_enlarge(image, scale) for image, scale in pairs])
    return restored.clamp(0, 1)


def _clear(images: Tensor, light: Tensor, mean: Tensor, depth: Tensor) -> Tensor:
    """J = (I − A·(1 − t))/t (He, Sun & Tang, TPAMI 2011, eq. 1)."""
    beta = solve_beta(mean, depth)
    transmission = torch.exp(-beta[:, None, None, None] * depth[:, None])
    through = images - per_image(light) * (1 - transmission)
    return through / transmission.clamp(min=LEAST_TRANSMISSION)


def _brighten(images: Tensor, gamma: Tensor, gain: Tensor) -> Tensor:
    """S(S⁻¹(y)/gain^(1/γ)), as `inverse.low_light`."""
    u = (inverse_smoothstep(images) / per_image(gain ** (1 / gamma))).clamp(0, 1)
    return u * u * (3 - 2 * u)


def _sharpen(image: Tensor, sigma: Tensor) -> Tensor:
    """The x of least ‖A·x − y‖² + η·‖x − y‖² for one image y (3, H, W), with its derivative by σ.

    The decomposition of A gives x. Its derivative is that of one step of Newton's from there, in
    which A alone depends on σ (the implicit function theorem): a decomposition with equal singular
    values has none.
    """
    image = image.detach()
    observation = blur.observe(image, {"sigma": float(sigma.detach())})
    solution: Tensor = observation.damped(image, DAMPING)
    if not (sigma.requires_grad and torch.is_grad_enabled()):
        return solution
    rows, columns = (_gaussian_matrix(n, sigma).to(image) for n in image.shape[-2:])
    error = rows.mT @ (image - rows @ solution @ columns.mT) @ columns
    basis = observation.basis
    descent = basis.coefficients(error - DAMPING * (solution - image))
    step: Tensor = basis.image(descent / (observation.singular**2 + DAMPING))
    return solution + step - step.detach()  # its value is rounding


def _gaussian_matrix(n: int, sigma: Tensor) -> Tensor:
    """`operators.gaussian_matrix`, a function of σ; its weights are not rounded."""
    radius = math.ceil(4 * float(sigma.detach()))
    offsets = torch.arange(-radius, radius + 1, device=sigma.device)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights = weights / weights.sum()
    period = max(2 * (n - 1), 1)
    at = (torch.arange(n, device=sigma.device)[:, None] + offsets).abs() % period
    at = torch.minimum(at, period - at)
    return torch.zeros(n, n, dtype=sigma.dtype, device=sigma.device).scatter_add(
        1, at, weights.expand(n, -1)
    )


def _enlarge(image: Tensor, scale: float) -> Tensor:
    """The damped inverse of the reduction, of one image (3, H, W)."""
    observation = low_resolution.observe(image, {"scale": round(scale)})
    restored: Tensor = observation.damped(image, DAMPING)
    return restored
