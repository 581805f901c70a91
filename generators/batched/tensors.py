"""What the tensor models share: shapes, levels and borders."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from generators.taxonomy import Value


def collate_values(samples: Sequence[Mapping[str, Value]], like: Tensor) -> dict[str, Tensor]:
    """Values of single samples of one type as a model takes them, in dtype and on device of `like`.

    Returns:
        per name of the first sample, a tensor (B,), or (B, n) for a vector of n entries.
    """
    return {
        name: torch.tensor(
            [sample[name] for sample in samples], dtype=like.dtype, device=like.device
        )
        for name in samples[0]
    }


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` on `device`, without waiting for it: the copy takes its turn there."""
    # Only pinned memory is copied while the host goes on.
    if device.type == "cuda" and tensor.device.type == "cpu" and not tensor.requires_grad:
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


@contextmanager
def exact_products() -> Iterator[None]:
    """Products of matrices in all bits inside, also where TF32 was allowed: its ten bits would be
    levels."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def quantize(images: Tensor) -> Tensor:
    """Images in [0, 1] as uint8 levels: clipped, times 255, rounded half to even."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8)


def per_image(value: Tensor) -> Tensor:
    """(B,) shaped to multiply (B, C, H, W)."""
    return value[:, None, None, None]


def mirror_border(images: Tensor, reach: int) -> Tensor:
    """(B, C, H, W) with `reach` more pixels on each side, mirrored at the first and last pixel.

    Unlike kornia's "reflect" it also takes images smaller than `reach`.
    """
    rows, columns = (_mirrored(n, reach, images.device) for n in images.shape[-2:])
    return images[:, :, rows[:, None], columns]


def _mirrored(n: int, reach: int, device: torch.device) -> Tensor:
    """Indices −reach … n − 1 + reach folded into 0 … n − 1 by mirrors at the first and last."""
    period = max(2 * (n - 1), 1)
    index = torch.arange(-reach, n + reach, device=device).abs() % period
    return torch.minimum(index, period - index)
