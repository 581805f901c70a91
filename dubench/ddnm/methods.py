"""The ways to restore, by the names of `dubench restore --method`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm import simple
from dubench.ddnm.observe import observe
from generators.errors import InputError
from generators.taxonomy import Degradation

if TYPE_CHECKING:
    from dubench.ddnm.priors import Prior

Image = NDArray[np.uint8]
Map = NDArray[np.float32]
Restore = Callable[[Image, Degradation, Map | None], Image]
"""(H, W, 3) uint8 RGB, its degradation and, for haze, t (H, W) → the restored image."""

SIMPLE: Mapping[str, Callable[..., NDArray[np.float64]]] = {
    "pinv": simple.pseudo_inverse,
    "wiener": simple.wiener,
    "analytic": simple.analytic,
    "bilateral": simple.bilateral,
}
WITH_PRIOR = ("pnp", "diffpir", "ddnm", "ddnm+")
METHODS = ("identity", *SIMPLE, *WITH_PRIOR)

# λ of plug-and-play, chosen on photographs that the prior was trained on.
_TRUST = {"blur": 0.15, "low_resolution": 0.5}


def open_method(
    method: str, prior: str | None, device: str, seed: int, steps: int | None
) -> Restore:
    """The method of a name.

    Args:
        prior: where its prior is, as `open_prior` takes it; None for methods without.
        steps: how often the prior is asked; the method's own number unless given.

    Raises:
        InputError: there is no such method, it needs a prior or takes none, or torch is missing.
    """
    if method not in METHODS:
        raise InputError(f"--method {method}: the methods are {', '.join(METHODS)}")
    if method not in WITH_PRIOR:
        if prior is not None or steps is not None:
            raise InputError(
                f"--method {method} asks no prior; drop --prior and --steps, or choose one of "
                f"{', '.join(WITH_PRIOR)}"
            )
        return without_prior(method)
    if prior is None:
        raise InputError(
            f"--method {method} needs --prior: a folder that dubench train prior made, or a UNet "
            "of diffusers"
        )
    from generators.batched.render import check_device

    check_device(device)
    from dubench.ddnm.prior.opened import open_prior

    return with_prior(method, open_prior(prior, device), device, seed, steps)


def without_prior(method: str) -> Restore:
    """One of `identity` and SIMPLE."""

    def restore(image: Image, degradation: Degradation, transmission: Map | None) -> Image:
        if method == "identity" or degradation.type == "none":
            return image
        planes = np.moveaxis(image, -1, 0)[None] / 255
        shaped = None if transmission is None else transmission.astype(np.float64)[None, None]
        picture = SIMPLE[method](observe(planes, degradation, shaped))
        return _levels(np.moveaxis(picture[0], 0, -1))

    return restore


def with_prior(method: str, prior: "Prior", device: str, seed: int, steps: int | None) -> Restore:
    """One of WITH_PRIOR.

    Args:
        steps: how often the prior is asked; the method's own number unless given.
    """
    import torch

    from dubench.ddnm.diffpir import DiffPIR
    from dubench.ddnm.plug_and_play import PlugAndPlay
    from dubench.ddnm.sampler import DDNM

    number = {} if steps is None else {"steps": steps}

    def sampler(type_name: str) -> PlugAndPlay | DiffPIR | DDNM:
        if method == "pnp":
            return PlugAndPlay(trust=_TRUST.get(type_name, 1.0), **number)
        if method == "diffpir":
            return DiffPIR(seed=seed, **number)
        return DDNM(noisy=method == "ddnm+", seed=seed, **number)

    def restore(image: Image, degradation: Degradation, transmission: Map | None) -> Image:
        if degradation.type == "none":
            return image
        planes = torch.tensor(image, device=device).permute(2, 0, 1)[None].float() / 255
        shaped = None
        if transmission is not None:
            shaped = torch.tensor(transmission, device=device)[None, None]
        observation = observe(planes, degradation, shaped)
        if degradation.type == "low_resolution":
            start = planes
        else:
            # From the damped inverse: noise that hides what it gets wrong hides little else.
            start = observation.pseudo_inverse(damping=_START_DAMPING).clip(0, 1)
        picture = sampler(degradation.type).restore(observation, start, prior)
        return _levels(picture[0].permute(1, 2, 0).double().cpu().numpy())

    return restore


_START_DAMPING = 1e-2


def _levels(picture: NDArray[np.float64]) -> Image:
    """(H, W, 3) on [0, 1] as uint8, clipped and rounded."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
