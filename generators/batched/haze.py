"""Haze on batches, as `generators.physics.haze`: no function here waits for the device."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from generators.batched.tensors import per_image, to_device
from generators.physics.haze import MAX_BETA, MAX_OPAQUE_SHARE, OFFSETS, OPAQUE

# Newton steps on every `STRIDE`-th pixel of every `STRIDE`-th row, and then on all.
COARSE_STEPS, STRIDE, FINE_STEPS = 5, 4, 3
SWAP_ROUNDS = 8


def apply(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """I = J·t + A·(1 − t), t = exp(−β·d) (He et al., TPAMI 2011, eq. 1–2)."""
    assert depth is not None, "haze needs depth maps"
    beta, light = (
        per_image(to_device(values[name], images.device)) for name in ("beta", "atmospheric_light")
    )
    transmission = torch.exp(-beta * depth.reshape(len(images), 1, *depth.shape[-2:]))
    if OFFSETS[0] in values:
        offsets = torch.stack([values[name] for name in OFFSETS], dim=1)
        light = light + to_device(offsets, images.device)[:, :, None, None]
    return light + (images - light) * transmission


def derive(
    drawn: Mapping[str, Tensor], depth: Tensor | None, generator: torch.Generator
) -> dict[str, Tensor]:
    """Solve β for the wanted means, within what is plausible, and take the means anew.

    A dataset keeps an implausible sample's values and looks for another crop. Here images of the
    batch swap their values (`swap_implausible`); fog that is still too dense is thinned to
    `max_plausible_beta`.

    Args:
        drawn: `transmission` (B,) is the wanted mean, in (0, 1]; or, without it, `beta` (B,).
        depth: (B, H, W) in [0, 1], not all 0.
        generator: of the device of `depth`.

    Returns:
        `drawn` with `beta`, and `transmission` as it came out, on the device of `depth`.
    """
    assert depth is not None, "haze needs depth maps"
    max_beta = max_plausible_beta(depth)
    if "transmission" not in drawn:
        beta = to_device(drawn["beta"], depth.device).to(depth)
        # What swaps is then the larger β, the smaller −β.
        beta = -swap_implausible(-beta, -max_beta, generator)
        beta = beta.minimum(max_beta)
        return {**drawn, "beta": beta, "transmission": mean_transmission(beta, depth)}
    least = mean_transmission(max_beta, depth)
    wanted = to_device(drawn["transmission"], depth.device).to(depth)
    wanted = swap_implausible(wanted, least, generator).maximum(least)
    beta = solve_beta(wanted, depth).minimum(max_beta)
    return {**drawn, "beta": beta, "transmission": mean_transmission(beta, depth)}


def solve_beta(wanted: Tensor, depth: Tensor) -> Tensor:
    """The β ≥ 0 at which exp(−β·d) has the mean `wanted`, for every image.

    Newton's method on the log of the mean, as `physics.haze.solve_beta`, in a fixed number of
    steps: `COARSE_STEPS` on every fourth pixel of every fourth row, which come close, and
    `FINE_STEPS` on all. For smooth depth and β up to `MAX_BETA` that reaches float32's precision.

    Args:
        wanted: (B,) means in (0, 1].
        depth: (B, H, W) in [0, 1], not all 0.

    Returns:
        (B,), dtype and device of `depth`.
    """
    beta, goal = torch.zeros_like(wanted), wanted.log()
    for pixels, steps in ((depth[:, ::STRIDE, ::STRIDE], COARSE_STEPS), (depth, FINE_STEPS)):
        d = pixels.flatten(1)
        for _ in range(steps):
            terms = torch.exp(-beta[:, None] * d)
            total = terms.sum(dim=1)
            slope = torch.linalg.vecdot(terms, d)
            beta = beta + total * ((total / d.shape[1]).log() - goal) / slope
    return beta.clamp(min=0)


def max_plausible_beta(depth: Tensor) -> Tensor:
    """The largest plausible β (B,) of each depth map (B, H, W): see `physics.haze.plausible`.

    exp(−β·d) < 0.05 where d > ln 20 / β, which a quarter of the pixels may exceed.
    """
    pixels = depth.flatten(1)
    rank = math.ceil((1 - MAX_OPAQUE_SHARE) * pixels.shape[1])
    quartile = pixels.kthvalue(rank, dim=1).values
    return (-math.log(OPAQUE) * (1 - 1e-6) / quartile).clamp(max=MAX_BETA)


def mean_transmission(beta: Tensor, depth: Tensor) -> Tensor:
    """The mean of exp(−β·d), (B,), over each depth map (B, H, W)."""
    return torch.exp(-beta[:, None, None] * depth).mean(dim=(1, 2))


def swap_implausible(wanted: Tensor, least: Tensor, generator: torch.Generator) -> Tensor:
    """Swap values among images, so that fewer fall below what an image allows.

    In each of `SWAP_ROUNDS` rounds, random pairs swap their values where both then fit and before
    they did not both. As a dataset does by redrawing the crop and keeping the values, this keeps
    the distribution of either.

    Args:
        wanted: (B,) values.
        least: (B,) the smallest that each image allows.
        generator: of their device.

    Returns:
        (B,), the same values in another order.
    """
    half = len(wanted) // 2
    keys = torch.rand(SWAP_ROUNDS, len(wanted), device=wanted.device, generator=generator)
    for order in keys.argsort(dim=1):
        one, other = order[:half], order[half : 2 * half]
        a, b = wanted[one], wanted[other]
        fits = (a >= least[one]) & (b >= least[other])
        swap = ~fits & (b >= least[one]) & (a >= least[other])
        wanted = wanted.index_copy(0, one, torch.where(swap, b, a))
        wanted = wanted.index_copy(0, other, torch.where(swap, a, b))
    return wanted
