"""Gaussian blur on batches, as `generators.physics.blur`."""

from collections.abc import Mapping

import torch
from kornia.filters import filter2d_separable, get_gaussian_kernel1d
from torch import Tensor

from generators.batched.tensors import mirror_border, to_device


def apply(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """Blur by `sigma` pixels with radius ⌈4σ⌉, reflected without repeating the edge pixel."""
    sigma = values["sigma"]
    radius = (4 * sigma.detach()).ceil()
    reach = int(radius.max())
    offsets = torch.arange(-reach, reach + 1, device=sigma.device)
    # One width for the batch, but each image's own radius: a batch must not change its members.
    kernels = get_gaussian_kernel1d(2 * reach + 1, sigma[:, None]) * (
        offsets.abs() <= radius[:, None]
    )
    kernels = to_device(kernels / kernels.sum(dim=1, keepdim=True), images.device)
    return filter2d_separable(mirror_border(images, reach), kernels, kernels, padding="valid")
