"""The four forward models on batches of tensors: any device, differentiable, float32 or float64.

The same physics as `generators.physics`, within one level of it after `quantize`. A new type adds
one function and one entry of `MODELS`. This file imports torch and kornia when it is imported:
nothing that a generation worker runs may import it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import torch
from kornia.filters import filter2d_separable, get_gaussian_kernel1d
from torch import Tensor

from generators.errors import InputError
from generators.operators import Matrix, bicubic_down_matrix, bicubic_up_matrix
from generators.physics.low_light import EPSILON, RGB_TO_XYZ
from generators.taxonomy import Value, degradation_type

# (images, values, depth, normals) ↦ degraded images, not yet clipped.
Model = Callable[[Tensor, Mapping[str, Tensor], Tensor | None, Tensor | None], Tensor]

# Under the square root of a variance of zero, to keep its slope finite.
_TINY = 1e-30


def apply(
    kind: str,
    images: Tensor,
    values: Mapping[str, Tensor],
    depth: Tensor | None = None,
    normals: Tensor | None = None,
) -> Tensor:
    """Degrade a batch, each image at its own values.

    Gradients flow to `images` and to every value but the integer `scale`.

    Args:
        kind: the type of degradation, one of `MODELS`.
        images: (B, 3, H, W) RGB in [0, 1], float32 or float64.
        values: one entry per image, as the per-image path names them: (B,), or (B, 9) for
            `camera_intrinsics`; dtype of `images`. Others are ignored. On the device of `images`
            or on the CPU: from there `sigma` and `scale` are read without waiting for a device.
        depth: (B, H, W) or (B, 1, H, W) in [0, 1], for haze.
        normals: (B, 3, H, W) standard normals, the sensor's noise, for low light.

    Returns:
        (B, 3, H, W) in [0, 1], not yet rounded to levels: see `quantize`.

    Raises:
        InputError: unknown `kind`, or a side of the images shorter than a `scale`.
    """
    model = MODELS[degradation_type(kind).name]
    return model(images, values, depth, normals).clamp(0, 1)


def quantize(images: Tensor) -> Tensor:
    """Images in [0, 1] as uint8 levels: clipped, times 255, rounded half to even."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8)


def collate_values(samples: Sequence[Mapping[str, Value]], like: Tensor) -> dict[str, Tensor]:
    """Values of single samples of one type as `apply` takes them, in dtype and on device of `like`.

    Returns:
        per name of the first sample, a tensor (B,), or (B, n) for a vector of n entries.
    """
    return {
        name: torch.tensor(
            [sample[name] for sample in samples], dtype=like.dtype, device=like.device
        )
        for name in samples[0]
    }


def haze(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """I = J·t + A·(1 − t), t = exp(−β·d), as `physics.haze` (He et al., TPAMI 2011, eq. 1–2)."""
    assert depth is not None, "haze needs depth maps"
    transmission = torch.exp(
        -_per_image(values["beta"].to(images.device))
        * depth.reshape(len(images), 1, *depth.shape[-2:])
    )
    light = _per_image(values["atmospheric_light"].to(images.device))
    return light + (images - light) * transmission


def low_light(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """A camera backwards, darkened, and forwards, as `physics.low_light` (MAET, ICCV 2021)."""
    assert normals is not None, "low light needs standard normals for its noise"
    values = {name: value.to(images.device) for name, value in values.items()}
    gamma, gain, shot, read = (
        _per_image(values[name]) for name in ("gamma", "gain", "shot_noise", "read_noise")
    )
    red, blue = values["red_gain"], values["blue_gain"]
    balance = torch.stack([red, torch.ones_like(red), blue], dim=-1)
    to_camera = _camera_matrices(values["camera_intrinsics"])

    linear = _inverse_smoothstep(images).clamp(min=EPSILON) ** gamma
    signal = gain * _transform(linear, to_camera / balance[:, :, None])
    variance = shot * signal.clamp(min=0) + read
    signal = signal + variance.clamp(min=_TINY).sqrt() * normals
    # `inv` itself would wait for the device, to say whether it failed.
    from_camera = torch.linalg.inv_ex(to_camera).inverse
    developed = _transform(signal, from_camera * balance[:, None, :])
    u = developed.clamp(EPSILON, 1) ** (1 / gamma)
    return u * u * (3 - 2 * u)


def blur(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """Gaussian blur with radius ⌈4σ⌉, reflected without repeating the edge, as `physics.blur`."""
    sigma = values["sigma"]
    radius = (4 * sigma.detach()).ceil()
    reach = int(radius.max())
    offsets = torch.arange(-reach, reach + 1, device=sigma.device)
    # One width for the batch, but each image's own radius: a batch must not change its members.
    kernels = get_gaussian_kernel1d(2 * reach + 1, sigma[:, None]) * (
        offsets.abs() <= radius[:, None]
    )
    kernels = (kernels / kernels.sum(dim=1, keepdim=True)).to(images.device)
    rows, columns = (_mirrored(n, reach, images.device) for n in images.shape[-2:])
    # kornia's own "reflect" refuses images smaller than the radius.
    framed = images[:, :, rows[:, None], columns]
    return filter2d_separable(framed, kernels, kernels, padding="valid")


def low_resolution(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """U(round(D(image))) with the matrices of `operators`, as `physics.low_resolution`.

    The rounding to 8 bits between D and U passes gradients through unchanged (the straight-through
    estimator, Bengio et al., arXiv 1308.3432), so that the gradient is the adjoint of U·D.
    """
    result = torch.empty_like(images)
    for scale in set(values["scale"].tolist()):
        chosen = values["scale"] == scale
        result[chosen] = _down_and_up(images[chosen], int(scale))
    return result


def none(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """The photographs themselves."""
    return images


MODELS: dict[str, Model] = {
    "haze": haze,
    "low_light": low_light,
    "blur": blur,
    "low_resolution": low_resolution,
    "none": none,
}


def _per_image(value: Tensor) -> Tensor:
    """(B,) shaped to multiply (B, C, H, W)."""
    return value[:, None, None, None]


def _down_and_up(images: Tensor, scale: int) -> Tensor:
    height, width = images.shape[-2:]
    if min(height, width) < scale:
        raise InputError(f"{width}×{height} pixels are too few for scale={scale}")
    rows_down, columns_down, rows_up, columns_up = (
        _on_device(make, n, scale, images.dtype, images.device)
        for make in (bicubic_down_matrix, bicubic_up_matrix)
        for n in (height, width)
    )
    # In levels, where 8-bit input is exact: ties then round as they do in the per-image path.
    small = rows_down @ (images * 255) @ columns_down.T
    small = small + (small.round().clamp(0, 255) - small).detach()
    return rows_up @ small @ columns_up.T / 255


@lru_cache(maxsize=64)
def _on_device(
    make: Callable[[int, int], Matrix],
    n: int,
    scale: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """A matrix of `operators` as a tensor, kept: each copy to a device would wait for it."""
    with torch.inference_mode(False):  # else autograd could not use what inference put here
        return torch.tensor(make(n, scale), dtype=dtype, device=device)


def _mirrored(n: int, reach: int, device: torch.device) -> Tensor:
    """Indices −reach … n − 1 + reach folded into 0 … n − 1 by mirrors at the first and last."""
    period = max(2 * (n - 1), 1)
    index = torch.arange(-reach, n + reach, device=device).abs() % period
    return torch.minimum(index, period - index)


def _inverse_smoothstep(x: Tensor) -> Tensor:
    """S⁻¹(x) = ½ − sin(asin(1 − 2x)/3) on [0, 1], its slope taken as 1 at the ends.

    There it is infinite, and infinity times the zero slope of a clip would be no number.
    """
    inside = (1 - 2 * x).abs() < 1
    safe = torch.where(inside, 1 - 2 * x, 0)
    return torch.where(inside, 0.5 - torch.sin(torch.asin(safe) / 3), x)


def _camera_matrices(intrinsics: Tensor) -> Tensor:
    """RGB→camera (B, 3, 3) from XYZ→camera entries (B, 9), rows normalised to sum 1."""
    to_xyz = torch.tensor(RGB_TO_XYZ, dtype=intrinsics.dtype, device=intrinsics.device)
    matrices = intrinsics.reshape(-1, 3, 3) @ to_xyz
    return matrices / matrices.sum(dim=-1, keepdim=True)


def _transform(images: Tensor, matrices: Tensor) -> Tensor:
    """Multiply the colour of every pixel of (B, 3, H, W) by its image's (B, 3, 3)."""
    return (matrices @ images.flatten(2)).reshape(images.shape)
