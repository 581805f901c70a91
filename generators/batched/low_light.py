"""Low light on batches, as `generators.physics.low_light` (MAET, ICCV 2021)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from generators.batched.tensors import per_image, to_device
from generators.physics.low_light import EPSILON, RGB_TO_XYZ

# Under the square root of a variance of zero, to keep its slope finite.
_TINY = 1e-30


def apply(
    images: Tensor, values: Mapping[str, Tensor], depth: Tensor | None, normals: Tensor | None
) -> Tensor:
    """A camera backwards, darkened by `gain` and with the noise of `normals`, and forwards."""
    assert normals is not None, "low light needs standard normals for its noise"
    values = {name: to_device(value, images.device) for name, value in values.items()}
    gamma, gain, shot, read = (
        per_image(values[name]) for name in ("gamma", "gain", "shot_noise", "read_noise")
    )
    red, blue = values["red_gain"], values["blue_gain"]
    balance = torch.stack([red, torch.ones_like(red), blue], dim=-1)
    to_camera = _camera_matrices(values["camera_intrinsics"])

    linear = inverse_smoothstep(images).clamp(min=EPSILON) ** gamma
    signal = gain * _transform(linear, to_camera / balance[:, :, None])
    variance = shot * signal.clamp(min=0) + read
    signal = signal + variance.clamp(min=_TINY).sqrt() * normals
    # `inv` itself would wait for the device, to say whether it failed.
    from_camera = torch.linalg.inv_ex(to_camera).inverse
    developed = _transform(signal, from_camera * balance[:, None, :])
    u = developed.clamp(EPSILON, 1) ** (1 / gamma)
    return u * u * (3 - 2 * u)


def inverse_smoothstep(x: Tensor) -> Tensor:
    """S⁻¹(x) = ½ − sin(asin(1 − 2x)/3) on [0, 1], its slope taken as 1 at the ends.

    There it is infinite, and infinity times the zero slope of a clip would be no number.
    """
    inside = (1 - 2 * x).abs() < 1
    safe = torch.where(inside, 1 - 2 * x, 0)
    return torch.where(inside, 0.5 - torch.sin(torch.asin(safe) / 3), x)


def _camera_matrices(intrinsics: Tensor) -> Tensor:
    """RGB→camera (B, 3, 3) from XYZ→camera entries (B, 9), rows normalised to sum 1."""
    to_xyz = to_device(torch.tensor(RGB_TO_XYZ, dtype=intrinsics.dtype), intrinsics.device)
    matrices = intrinsics.reshape(-1, 3, 3) @ to_xyz
    return matrices / matrices.sum(dim=-1, keepdim=True)


def _transform(images: Tensor, matrices: Tensor) -> Tensor:
    """Multiply the colour of every pixel of (B, 3, H, W) by its image's (B, 3, 3)."""
    return (matrices @ images.flatten(2)).reshape(images.shape)
