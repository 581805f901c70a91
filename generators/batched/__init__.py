"""The forward models on batches of tensors: any device, differentiable, float32 or float64.

One file per type of degradation, named as in `generators.physics`: the same physics, within one
level of it after `tensors.quantize`. The models import torch and kornia when they are imported:
nothing that a generation worker runs may import them. This file does not.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from generators.taxonomy import degradation_type

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class BatchedModel(Protocol):
    """What a module of a type offers. Where the type needs it, there is a `derive` too."""

    def apply(
        self,
        images: "Tensor",
        values: Mapping[str, "Tensor"],
        depth: "Tensor | None",
        normals: "Tensor | None",
    ) -> "Tensor":
        """The degraded images, as `apply` below, but not yet clipped."""


def apply(
    type_name: str,
    images: "Tensor",
    values: Mapping[str, "Tensor"],
    depth: "Tensor | None" = None,
    normals: "Tensor | None" = None,
) -> "Tensor":
    """Degrade a batch, each image at its own values.

    Gradients flow to `images` and to every value but the integer `scale`.

    Args:
        type_name: the type of degradation.
        images: (B, 3, H, W) RGB in [0, 1], float32 or float64.
        values: one entry per image, as the per-image path names them: (B,), or (B, 9) for
            `camera_intrinsics`; dtype of `images`. Others are ignored. On the device of `images`
            or on the CPU: from there `sigma` and `scale` are read without waiting for a device.
        depth: (B, H, W) or (B, 1, H, W) in [0, 1], for types that need it.
        normals: (B, 3, H, W) standard normals, the sensor's noise, for types that need it.

    Returns:
        (B, 3, H, W) in [0, 1], not yet rounded to levels: see `tensors.quantize`.

    Raises:
        InputError: unknown type, or a side of the images shorter than a `scale`.
    """
    from generators.batched.tensors import exact_products

    with exact_products():
        return model_of(type_name).apply(images, values, depth, normals).clamp(0, 1)


def derive(
    type_name: str,
    drawn: Mapping[str, "Tensor"],
    depth: "Tensor | None",
    generator: "torch.Generator",
) -> Mapping[str, "Tensor"]:
    """All values that `apply` needs, and the keys as they come out, from the drawn values.

    A type whose drawn values say it all has no `derive` in its module. One that has takes the
    arguments after the first.

    Args:
        type_name: the type of degradation.
        drawn: (B,) or (B, n) each, as `draws.draw` gives them.
        depth: (B, H, W) in [0, 1], for types that need it.
        generator: of the device of `depth`.

    Raises:
        InputError: unknown type.
    """
    own = getattr(model_of(type_name), "derive", None)
    return cast(Mapping[str, "Tensor"], own(drawn, depth, generator)) if own else drawn


def model_of(type_name: str) -> BatchedModel:
    """The batched model of a type; raises InputError for an unknown one."""
    name = degradation_type(type_name).name
    return cast(BatchedModel, import_module(f"generators.batched.{name}"))
