"""The same degradation by dubench and by other libraries: what `peers.py` times.

A contender takes and gives uint8 (256, 256, 3), conversions to and from its own format included.
Whatever a user would make once for many images, such as a kernel, is made outside the timing.
"""

import math
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import albumentations as A
import cv2
import deepinv.physics as dinv
import numpy as np
import torch
from deepinv.physics.functional import gaussian_blur as deepinv_kernel
from numpy.typing import NDArray
from photographs import BUNDLED, read
from PIL import Image as PillowImage

from generators import crops, presets
from generators.operators import blur_operator, down_operator, up_operator
from generators.physics import blur, haze, low_light, low_resolution
from generators.randomness import Purpose, stream

Image = NDArray[np.uint8]
SIDE = 256
# imagecorruptions' five severities; the others take any sigma, so all are given these.
SIGMAS = (1.0, 2.0, 3.0, 4.0, 6.0)
# 256 is not divisible by 3, and there libraries differ on what is asked of them.
SCALES = (2.0, 4.0)


@dataclass(frozen=True)
class Contender:
    """One library's way. Of several of dubench, the first is the one others are compared with."""

    name: str
    apply: Callable[[Image, int], Image]  # the image and the case's number


@dataclass(frozen=True)
class Comparison:
    """Contenders for one degradation.

    Attributes:
        cases: how many settings there are; image i is degraded at setting i modulo cases.
        truth: the definition in float64, unrounded; None where contenders do different things.
        margin: pixels at the border that accuracy does not count: libraries continue an image
            differently there.
        goals: contender → how many times as fast dubench should be.
    """

    name: str
    contenders: tuple[Contender, ...]
    cases: int = 1
    truth: Callable[[Image, int], NDArray[np.float64]] | None = None
    margin: int = 0
    goals: dict[str, float] = field(default_factory=dict)


def blurs() -> Comparison:
    return Comparison(
        "blur",
        (
            Contender("dubench", lambda x, i: blur.apply(x, {"sigma": SIGMAS[i]})),
            Contender(
                "imagecorruptions gaussian_blur",
                lambda x, i: imagecorruptions().corrupt(x, i + 1, "gaussian_blur"),
            ),
            Contender("deepinv Blur", lambda x, i: tensorwise(x, _deepinv_blur(i, False))),
            Contender(
                "deepinv Blur(use_fft=True)", lambda x, i: tensorwise(x, _deepinv_blur(i, True))
            ),
            Contender(
                "deepinv Blur, an axis at a time",
                lambda x, i: tensorwise(x, _deepinv_separable(i)),
            ),
            Contender(
                "albumentations GaussianBlur",
                lambda x, i: _albumentations_blur(i)(image=x)["image"],
            ),
        ),
        len(SIGMAS),
        lambda x, i: blur_operator(SIDE, SIDE, SIGMAS[i]).forward(x),
        margin=math.ceil(4 * max(SIGMAS)),
        goals={"imagecorruptions gaussian_blur": 8},
    )


def hazes() -> Comparison:
    """With depth given, A ≈ 0.63 and t̄ ≈ 0.42; imagecorruptions and albumentations draw fog."""
    depth = (np.mgrid[:SIDE, :SIDE][0] * 257).astype(np.uint16)
    values = haze.derive({"atmospheric_light": 0.63, "transmission": 0.42}, depth)
    light, beta = float(values["atmospheric_light"]), float(values["beta"])  # type: ignore[arg-type]
    physics = dinv.Haze(beta=beta)
    depth_tensor = torch.from_numpy(depth.astype(np.float32) / 65535)[None, None]
    fog = A.RandomFog(fog_coef_range=(0.3, 1.0), p=1)
    preset = presets.load("du110k")

    _, pixels = next(read(BUNDLED))
    photo = crops.Clean("", "0" * 64, pixels, pixels.shape[:2], 1, 1, "procedural")
    assert photo.coarse_depth.size  # guessed here, once, as a worker does for many crops

    def generate(image: Image, _: int) -> Image:
        """As `dubench generate`: the crop's depth from the photograph's, draw, solve β, apply."""
        own = photo.cut_depth((0, 0, SIDE, SIDE), image)
        drawn = preset.draw("haze", stream(0, 0, 0, Purpose.PARAMETERS))
        return haze.apply(image, haze.derive(drawn, own), own)

    return Comparison(
        "haze",
        (
            Contender("dubench, depth given", lambda x, i: haze.apply(x, values, depth)),
            Contender("dubench, as it generates: depth, draw, β", generate),
            Contender(
                "imagecorruptions fog", lambda x, i: imagecorruptions().corrupt(x, i + 1, "fog")
            ),
            Contender(
                "deepinv Haze, depth given",
                lambda x, i: tensorwise(x, lambda y: physics.A((y, depth_tensor, light))),
            ),
            Contender("albumentations RandomFog", lambda x, i: fog(image=x)["image"]),
        ),
        cases=5,
        goals={"imagecorruptions fog": 8},
    )


def low_resolutions() -> Comparison:
    """Down and up again. Where a library only goes down, torch's bicubic brings it up."""
    return Comparison(
        "low resolution",
        (
            Contender("dubench", lambda x, i: low_resolution.apply(x, {"scale": SCALES[i]})),
            Contender(
                "deepinv Downsampling(bicubic), torch up",
                lambda x, i: tensorwise(x, lambda y: _up(_deepinv_down(i).A(y), i)),
            ),
            Contender(
                "deepinv DownsamplingMatlab, torch up",
                lambda x, i: tensorwise(x, lambda y: _up(_deepinv_matlab(i).A(y), i)),
            ),
            Contender("Pillow BICUBIC both ways", _pillow),
            Contender(
                "albumentations Downscale(cubic)",
                lambda x, i: _albumentations_downscale(i)(image=x)["image"],
            ),
        ),
        len(SCALES),
        _low_resolution_truth,
        margin=16,
    )


def low_lights() -> Comparison:
    """No peer: none of the three has a camera pipeline run backwards and forwards."""
    preset = presets.load("du110k")
    drawn = preset.draw("low_light", stream(0, 0, 0, Purpose.PARAMETERS))
    return Comparison(
        "low light",
        (
            Contender(
                "dubench, noise included",
                lambda x, i: low_light.apply(x, drawn, None, stream(0, 0, 0, Purpose.NOISE)),
            ),
        ),
    )


def single_threaded() -> None:
    """Hold every library to one core and a fixed seed."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the generator that imagecorruptions draws from


def tensorwise(image: Image, work: Callable[[torch.Tensor], torch.Tensor]) -> Image:
    """`work` on the image as a float tensor (1, 3, H, W) in [0, 1], and back to bytes."""
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float().div_(255)
    done = work(tensor).mul_(255).round_().clamp_(0, 255)
    return done[0].permute(1, 2, 0).to(torch.uint8).contiguous().numpy()


@cache
def imagecorruptions() -> Any:
    """imagecorruptions 1.1.2 (2020), with the two names it lost since put back."""
    np.float_ = np.float64  # type: ignore[attr-defined]  # noqa: NPY201
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import imagecorruptions as package
        from imagecorruptions import corruptions
    gaussian = corruptions.gaussian

    def renamed(image: Any, sigma: float, multichannel: bool) -> Any:
        return gaussian(image, sigma=sigma, channel_axis=-1 if multichannel else None)

    corruptions.gaussian = renamed
    return package


def _kernel_sides(case: int) -> int:
    return 2 * math.ceil(4 * SIGMAS[case]) + 1


@cache
def _deepinv_blur(case: int, use_fft: bool) -> dinv.Blur:
    side, sigma = _kernel_sides(case), SIGMAS[case]
    kernel = deepinv_kernel((side, side), (sigma, sigma))
    return dinv.Blur(kernel.reshape(1, 1, side, side), padding="reflect", use_fft=use_fft)


@cache
def _deepinv_separable(case: int) -> Callable[[torch.Tensor], torch.Tensor]:
    side = _kernel_sides(case)
    line = deepinv_kernel((side,), (SIGMAS[case],))
    rows, columns = (
        dinv.Blur(line.reshape(shape), padding="reflect")
        for shape in ((1, 1, -1, 1), (1, 1, 1, -1))
    )
    return lambda x: columns.A(rows.A(x))


@cache
def _albumentations_blur(case: int) -> A.GaussianBlur:
    side, sigma = _kernel_sides(case), SIGMAS[case]
    return A.GaussianBlur(blur_limit=(side, side), sigma_limit=(sigma, sigma), p=1)


@cache
def _deepinv_down(case: int) -> dinv.Downsampling:
    return dinv.Downsampling(
        (3, SIDE, SIDE), filter="bicubic", factor=int(SCALES[case]), padding="reflect"
    )


@cache
def _deepinv_matlab(case: int) -> dinv.DownsamplingMatlab:
    return dinv.DownsamplingMatlab(factor=int(SCALES[case]))


@cache
def _albumentations_downscale(case: int) -> A.Downscale:
    both = {"downscale": cv2.INTER_CUBIC, "upscale": cv2.INTER_CUBIC}
    return A.Downscale((1 / SCALES[case],) * 2, interpolation_pair=both, p=1)


def _up(small: torch.Tensor, case: int) -> torch.Tensor:
    small = small.mul(255).round_().clamp_(0, 255).div_(255)
    return torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bicubic")


def _pillow(image: Image, case: int) -> Image:
    few = SIDE // int(SCALES[case])
    small = PillowImage.fromarray(image).resize((few, few), PillowImage.BICUBIC)
    return np.asarray(small.resize((SIDE, SIDE), PillowImage.BICUBIC))


def _low_resolution_truth(image: Image, case: int) -> NDArray[np.float64]:
    scale = int(SCALES[case])
    small = np.clip(np.rint(down_operator(SIDE, SIDE, scale).forward(image)), 0, 255)
    return np.clip(up_operator(SIDE, SIDE, scale).forward(small), 0, 255)
