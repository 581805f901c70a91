"""Pictures as arrays and as tensors, for the tests of the tensor models."""

import numpy as np
import torch

from generators.batched.tensors import quantize


def to_tensor(images, dtype=torch.float32) -> torch.Tensor:
    """(B, H, W, 3) levels as (B, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).to(dtype) / 255


def to_array(images: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [0, 1] as (B, H, W, 3) levels."""
    return quantize(images).permute(0, 2, 3, 1).numpy()


def largest_difference(a, b) -> int:
    return int(np.abs(np.asarray(a, dtype=int) - np.asarray(b, dtype=int)).max())


def random_images(seed: int, *shape: int) -> torch.Tensor:
    """In float64, away from black and white, with a gradient to ask for."""
    generator = torch.Generator().manual_seed(seed)
    images = 0.2 + 0.6 * torch.rand(*shape, generator=generator, dtype=torch.float64)
    return images.requires_grad_()


def parameter(*values) -> torch.Tensor:
    """In float64, with a gradient to ask for."""
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)
