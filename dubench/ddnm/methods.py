"""The ways to restore, by the names of `dubench restore --method`."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.ddnm import simple
from dubench.ddnm.degraded import Degraded, Image
from dubench.ddnm.diffpir import DiffPIR
from dubench.ddnm.inverse.observation import Array, Observation
from dubench.ddnm.observe import observe
from dubench.ddnm.plug_and_play import PlugAndPlay
from dubench.ddnm.prior.folder import BUNDLED, digest, is_own
from dubench.ddnm.prior.opening import CPU, DTYPES, open_prior
from dubench.ddnm.priors import OnEstimate, Prior, ignore
from dubench.plugins import PREFIX
from generators.errors import InputError
from generators.files import from_home

Restore = Callable[[Degraded], Image]
"""Gives the restored picture, (H, W, 3) uint8 RGB of the size of what it takes."""

SIMPLE: Mapping[str, Callable[..., NDArray[np.float64]]] = {
    "pinv": simple.pseudo_inverse,
    "wiener": simple.wiener,
    "analytic": simple.analytic,
    "bilateral": simple.bilateral,
}
_IN_TORCH = ("ddnm", "ddnm+")
WITH_PRIOR = ("pnp", "diffpir", *_IN_TORCH)
METHODS = ("identity", *SIMPLE, *WITH_PRIOR)
DRAWING = ("diffpir", *_IN_TORCH)
"""Methods that draw at random, and give another picture for another seed."""

# Which methods each setting is for; `device` and `seed` hurt none.
_TAKERS = {
    "prior": WITH_PRIOR,
    "dtype": WITH_PRIOR,
    "steps": WITH_PRIOR,
    "start": WITH_PRIOR,
    "samples": DRAWING,
    "eta": _IN_TORCH,
    "travel": _IN_TORCH,
}

# By method and type, chosen on photographs that the prior was trained on. Where neighbours were
# mixed, high noise at the start lets a method draw edges anew.
CHOSEN: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "pnp": {
        "blur": {"steps": 12, "first": 60 / 255},
        "low_resolution": {"steps": 12, "first": 80 / 255},
    },
    "diffpir": {
        "blur": {"first": 80 / 255, "s_noise": 1.1},
        "low_resolution": {"first": 80 / 255, "s_noise": 1.3},
    },
}
_START_DAMPING = 1e-2


@dataclass(frozen=True)
class Settings:
    """Of methods with a prior; what is None is the method's own.

    Attributes:
        prior: where it is, as `open_prior` takes it; the bundled one unless given.
        device, dtype: that it runs on, and of its layers' products, one of `DTYPES`.
        seed: of all that is drawn.
        steps: how often it is asked.
        start: noise at the first of them, of 255 levels.
        samples: pictures drawn with `seed`, `seed` + 1 … whose mean is taken.
        eta: η, the share of each step's noise that is drawn anew, from 0 to 1.
        travel: how often each step is taken (time travel).
    """

    prior: str | None = None
    device: str = CPU
    dtype: str = DTYPES[0]
    seed: int = 0
    steps: int | None = None
    start: float | None = None
    samples: int = 1
    eta: float | None = None
    travel: int | None = None


def open_method(method: str, settings: Settings, on_estimate: OnEstimate = ignore) -> Restore:
    """The method of a name.

    Args:
        on_estimate: called at every step of a method with a prior, on every tile.

    Raises:
        InputError: there is no such method, it has no use for a setting, or torch is missing.
    """
    plugin = method.startswith(PREFIX)
    if method not in METHODS and not plugin:
        raise InputError(
            f"--method {method}: the methods are {', '.join(METHODS)}, and "
            f"{PREFIX}package.module:Class"
        )
    for name, takers in _TAKERS.items():
        if getattr(settings, name) != getattr(Settings(), name) and method not in takers:
            raise InputError(
                f"--method {method} has no use for --{name}; drop it, or choose one of "
                f"{', '.join(takers)}"
            )
    if plugin:
        from dubench.ddnm.plugin import PluginRestorer

        return PluginRestorer(method.removeprefix(PREFIX))
    if method not in WITH_PRIOR:
        return without_prior(method)
    in_torch = method in _IN_TORCH
    prior = open_prior(settings.prior, settings.device, torch=in_torch, dtype=settings.dtype)
    return with_prior(method, prior, settings, on_estimate)


def identity(method: str, settings: Settings) -> dict[str, Any]:
    """What the pictures of a method depend on, as plain JSON, for the record of a run.

    Raises:
        InputError: the prior lies at the home of no user.
    """
    prior = None
    if method in WITH_PRIOR:
        prior = digest(BUNDLED if settings.prior is None else from_home(settings.prior))
    about = {"method": method, **asdict(settings), "prior_sha256": prior}
    del about["device"]  # it changes no more than rounding
    return about


def on_one_core(method: str, settings: Settings) -> bool:
    """Whether it is as fast on one core as it gets, and small, so that a copy per core is best."""
    small = settings.prior is None or is_own(from_home(settings.prior))
    return method in METHODS and method not in _IN_TORCH and settings.device == CPU and small


def without_prior(method: str) -> Restore:
    """One of `identity` and SIMPLE."""

    def restore(degraded: Degraded) -> Image:
        if method == "identity" or degraded.degradation.type == "none":
            return degraded.image
        image = planes(degraded.image)
        picture = SIMPLE[method](_observe(degraded, image, np.asarray), image)
        return levels(picture[0])

    return restore


def with_prior(
    method: str, prior: Prior, settings: Settings, on_estimate: OnEstimate = ignore
) -> Restore:
    """One of WITH_PRIOR, with a prior that is open."""
    first = None if settings.start is None else settings.start / 255
    given: dict[str, Any] = {
        "steps": settings.steps,
        "first": first,
        "eta": settings.eta,
        "travel": settings.travel,
    }
    given = {name: value for name, value in given.items() if value is not None}
    seeds = range(settings.seed, settings.seed + settings.samples)

    def sampler(degraded: Degraded, seed: int) -> Any:
        options = {**CHOSEN.get(method, {}).get(degraded.degradation.type, {}), **given}
        if method == "pnp":
            return PlugAndPlay(**options)
        if method == "diffpir":
            return DiffPIR(seed=seed, corner=degraded.corner, **options)
        from dubench.ddnm.sampler import DDNM

        noisy = method == "ddnm+"
        return DDNM(noisy=noisy, seed=seed, corner=degraded.corner, **options)

    def restore(degraded: Degraded) -> Image:
        if degraded.degradation.type == "none":
            return degraded.image
        observation, start = begin(degraded, prior.array)
        total = np.zeros(start.shape[1:])
        with _no_gradient(start):
            for seed in seeds:
                way = sampler(degraded, seed)
                picture = way.restore(observation, start, prior, on_estimate)[0]
                total += picture if isinstance(picture, np.ndarray) else picture.cpu().numpy()
        return levels(total / len(seeds))

    return restore


def begin(degraded: Degraded, array: Callable[[NDArray], Array]) -> tuple[Observation, Array]:
    """What a picture says, and the first estimate (1, 3, H, W) of methods with a prior.

    Args:
        array: makes arrays of the prior's library, as `Prior.array`.
    """
    image = array(planes(degraded.image))
    observation = _observe(degraded, image, array)
    if observation.pointwise:
        return observation, observation.pseudo_inverse(damping=_START_DAMPING).clip(0, 1)
    # From the damped inverse: noise that hides what it gets wrong hides little else.
    return observation, observation.damped(image, _START_DAMPING).clip(0, 1)


def _observe(degraded: Degraded, image: Array, array: Callable[[NDArray], Array]) -> Observation:
    shaped = degraded.transmission
    transmission = None if shaped is None else array(shaped.astype(np.float64)[None, None])
    return observe(image, degraded.degradation, transmission, degraded.sigma)


def planes(image: Image) -> NDArray[np.float64]:
    """(1, 3, H, W) on [0, 1]."""
    return np.moveaxis(image, -1, 0)[None] / 255


def levels(picture: NDArray) -> Image:
    """(3, H, W) on [0, 1] as (H, W, 3) uint8, clipped and rounded."""
    return np.rint(np.clip(np.moveaxis(picture, 0, -1), 0, 1) * 255).astype(np.uint8)


def _no_gradient(array: Array) -> Any:
    if isinstance(array, np.ndarray):
        return nullcontext()
    import torch

    return torch.no_grad()
