"""Low resolution on batches, as `generators.physics.low_resolution`."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from generators.errors import InputError
from generators.operators import Matrix, bicubic_down_matrix, bicubic_up_matrix


def apply(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """U(round(D(image))) with the matrices of `operators`, for integer `scale`.

    The rounding to 8 bits between D and U passes gradients through unchanged (the straight-through
    estimator, Bengio et al., arXiv 1308.3432), so that the gradient is the adjoint of U·D.

    Raises:
        InputError: a side of the images is shorter than a `scale`.
    """
    result = torch.empty_like(images)
    for scale in set(values["scale"].tolist()):
        chosen = values["scale"] == scale
        result[chosen] = _down_and_up(images[chosen], int(scale))
    return result


def _down_and_up(images: Tensor, scale: int) -> Tensor:
    height, width = images.shape[-2:]
    if min(height, width) < scale:
        raise InputError(f"{width}×{height} pixels are too few for scale={scale}")
    rows_down, columns_down, rows_up, columns_up = (
        _on_device(matrix_of, n, scale, images.dtype, images.device)
        for matrix_of in (bicubic_down_matrix, bicubic_up_matrix)
        for n in (height, width)
    )
    # In levels, where 8-bit input is exact: ties then round as they do in the per-image path.
    small = rows_down @ (images * 255) @ columns_down.T
    small = small + (small.round().clamp(0, 255) - small).detach()
    return rows_up @ small @ columns_up.T / 255


@lru_cache(maxsize=64)
def _on_device(
    matrix_of: Callable[[int, int], Matrix],
    n: int,
    scale: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """A matrix of `operators` as a tensor, kept: each copy to a device would wait for it."""
    with torch.inference_mode(False):  # else autograd could not use what inference put here
        return torch.tensor(matrix_of(n, scale), dtype=dtype, device=device)
