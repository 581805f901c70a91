"""Render samples of a dataset by the tensor path, on any device: `generate --device cuda`.

torch is imported late: a worker that renders on the CPU never needs it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generators.errors import InputError
from generators.physics import Depth, Image
from generators.postprocess import postprocess
from generators.randomness import Purpose, normals, stream
from generators.taxonomy import TYPES, Degradation, Value

if TYPE_CHECKING:
    import torch


def check_device(name: str) -> "torch.device":
    """The device called `name`: `cpu`, `cuda` or `cuda:1`.

    Raises:
        InputError: torch is missing, the name means nothing, or this machine has no such device.
    """
    try:
        import torch
    except ImportError:
        raise InputError(
            f"device {name}: torch is missing; install dubench with its extra: dubench[train]"
        ) from None
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise InputError(f"unknown device {name!r}; use cpu, cuda, or cuda:1 for the second GPU")
    device = torch.device(name)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and not count:
        raise InputError(
            f"device {name}: no CUDA device was found; use cpu, or install a GPU driver and a "
            "build of torch with CUDA"
        )
    if device.type == "cuda" and (device.index or 0) >= count:
        raise InputError(f"device {name}: the last of {count} CUDA devices is cuda:{count - 1}")
    return device


def upload(array: NDArray, device: "torch.device") -> "torch.Tensor":
    """`array` as a tensor on `device`, without waiting for it: see `tensors.to_device`."""
    import torch

    from generators.batched.tensors import to_device

    return to_device(torch.from_numpy(array), device)


def render_batch(
    cleans: Sequence[Image],
    degradations: Sequence[tuple[Degradation, ...]],
    after: Sequence[Mapping[str, Value]],
    depths: Sequence[Depth] | None,
    keys: Sequence[tuple[int, int, int]],
    device: str,
) -> list[Image]:
    """The degraded images of samples of the same types, at exactly their values.

    Within one level of `sample.render` before the postprocessing, for one type: noise comes from
    the same streams. Noise and JPEG run on the CPU, the same for both; JPEG may carry a level on
    to its block.

    Args:
        cleans: (S, S, 3) uint8 RGB each, of one shape, at least one.
        degradations: of each, of the same types in the same order.
        after: noise and JPEG of each, as `Sample.postprocess`.
        depths: (S, S) uint16 each, for types that need depth.
        keys: (seed, index, attempt) of each.
        device: see `check_device`.

    Raises:
        InputError: an unknown type, or a device that is not there.
    """
    import torch

    from generators import batched
    from generators.batched.tensors import collate_values, quantize

    torch_device = check_device(device)
    levels = upload(np.stack(cleans), torch_device).permute(0, 3, 1, 2)
    depth = None
    if depths is not None:
        depth = upload(np.stack(depths).astype(np.float32), torch_device) / 65535
    streams = [stream(*key, Purpose.NOISE) for key in keys]
    for batch in zip(*degradations, strict=True):
        type_name, noise = batch[0].type, None
        if TYPES[type_name].needs_noise:
            fields = [normals(rng, cleans[0].shape) for rng in streams]
            noise = upload(np.stack(fields), torch_device).permute(0, 3, 1, 2)
        with torch.no_grad():
            images = levels.float() / 255
            values = collate_values([one.values for one in batch], images)
            levels = quantize(batched.apply(type_name, images, values, depth, noise))
    degraded = levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return [
        postprocess(image, values, key)
        for image, values, key in zip(degraded, after, keys, strict=True)
    ]
