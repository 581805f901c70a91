"""What a camera adds after any degradation, on batches of tensors: noise, sharpening, then JPEG.

The same steps as `generators.postprocess`. Nothing here has a useful gradient.
"""

import torch
from torch import Tensor
from torch.nn import functional

from generators.batched.tensors import mirror_border, per_image

# ITU-T T.81, tables K.1 (luma) and K.2 (chroma), row by row.
_LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61), *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56), *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77), *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101), *(72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
_CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99), *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99), *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)  # fmt: skip
# JFIF 1.02: full-range BT.601.
_TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)


def add_noise(levels: Tensor, deviation: Tensor, generator: torch.Generator) -> Tensor:
    """Images with Gaussian noise, rounded half to even and clipped to 0 … 255.

    Args:
        levels: (B, 3, H, W) float, 0 … 255.
        deviation: (B,) standard deviations in levels, on the device of `levels`.
        generator: of that device.
    """
    noise = torch.randn(levels.shape, dtype=levels.dtype, device=levels.device, generator=generator)
    return (levels + deviation[:, None, None, None] * noise).round().clamp(0, 255)


def sharpen(levels: Tensor, percent: Tensor) -> Tensor:
    """Images through the unsharp mask of `generators.postprocess.sharpen`, the same to the level.

    Args:
        levels: (B, 3, H, W) float, whole numbers 0 … 255.
        percent: (B,) whole numbers, on the device of `levels`.

    Returns:
        (B, 3, H, W), whole numbers 0 … 255.
    """
    taps = levels.new_tensor([1, 4, 6, 4, 1], dtype=torch.float64).expand(3, 1, 5)
    whole = levels.double()  # holds every sum exactly
    padded = mirror_border(whole, 2)
    along = functional.conv2d(padded, taps[:, :, None], groups=3)
    blurred = functional.conv2d(along, taps[:, :, :, None], groups=3)
    steps = per_image(percent.double()) * (256 * whole - blurred) + 25_600 * whole + 12_800
    return (steps / 25_600).floor().clamp(0, 255).to(levels)


def jpeg(levels: Tensor, quality: Tensor, subsampling: int = 420) -> Tensor:
    """Images through baseline JPEG (the standard's tables), each at its own quality.

    Rounds where libjpeg rounds: colours, chroma, coefficients and pixels are whole numbers.
    kornia's codec rounds softly, to have a gradient, and so keeps part of what JPEG throws away.
    Against libjpeg-turbo on 26 crops of photographs, 256×256, quality 60 … 100: 90–95 % of values
    are equal, the mean distance is 0.07–0.15 levels (kornia: 0.3–1.2), the rms 0.3–0.6 and the
    largest 18, where a coefficient lies between two steps; what it loses of the picture (rms)
    agrees within 0.2 % (kornia: 2–14 % off).

    Args:
        levels: (B, 3, H, W) float RGB, whole numbers 0 … 255.
        quality: (B,) whole numbers 1 … 100, on the device of `levels`.
        subsampling: of the chroma: 420, 422 (along rows alone) or 444 (none).

    Returns:
        (B, 3, H, W), whole numbers 0 … 255.
    """
    height, width = levels.shape[-2:]
    padded = functional.pad(levels, (0, -width % 16, 0, -height % 16), mode="replicate")
    to_ycc = levels.new_tensor(_TO_YCC)
    ycc = (to_ycc @ padded.flatten(2)).reshape(padded.shape).round()
    luma, chroma = ycc[:, :1], ycc[:, 1:]
    down, across = {420: (2, 2), 422: (1, 2), 444: (1, 1)}[subsampling]
    if across == 2:
        chroma = functional.avg_pool2d(chroma, (down, across))
        # libjpeg breaks ties of the mean down and up by turns.
        turns = torch.arange(chroma.shape[-1], device=levels.device) % 2
        chroma = (chroma + ((1 + turns) / 4 if down == 2 else turns / 2)).floor()
    scale = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    luma = _through_blocks(luma, _LUMA, scale, 128)
    chroma = _through_blocks(chroma, _CHROMA, scale, 0)
    chroma = chroma[..., : -(-height // down), : -(-width // across)]
    if across == 2:
        # Its "fancy upsampling" is bilinear.
        chroma = functional.interpolate(chroma, scale_factor=(down, across), mode="bilinear")
        turns = torch.arange(chroma.shape[-1], device=levels.device) % 2
        chroma = (chroma + ((8 - turns) / 16 if down == 2 else (1 + turns) / 4)).floor()
    decoded = torch.cat((luma[..., :height, :width], chroma[..., :height, :width]), dim=1)
    to_rgb = torch.linalg.inv(torch.tensor(_TO_YCC, dtype=torch.float64)).to(levels)
    return (to_rgb @ decoded.flatten(2)).reshape(levels.shape).round().clamp(0, 255)


def _through_blocks(planes: Tensor, table: tuple[int, ...], scale: Tensor, middle: int) -> Tensor:
    """Planes (B, C, 8h, 8w) about `middle`, their 8×8 cosine coefficients rounded to steps."""
    batch, channels, height, width = planes.shape
    steps = ((planes.new_tensor(table) * scale[:, None] + 50) / 100).floor().clamp(1, 255)
    steps = steps[:, None]
    cosines = _cosines().to(planes)
    blocks = planes.reshape(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    blocks = blocks.reshape(batch, -1, 64) - middle
    # libjpeg's transform gives whole eighths; halves of a step go away from zero.
    eighths = (blocks @ (8 * cosines.T)).round()
    coarse = eighths.sign() * ((eighths.abs() + 4 * steps) / (8 * steps)).floor() * steps
    blocks = (coarse @ cosines + middle).round().clamp(middle - 128, middle + 127)
    blocks = blocks.reshape(batch, channels, height // 8, width // 8, 8, 8).transpose(3, 4)
    return blocks.reshape(planes.shape)


def _cosines() -> Tensor:
    """The orthonormal 2-D DCT-II of 8×8 pixels as a (64, 64) matrix, float64."""
    k = torch.arange(8, dtype=torch.float64)
    line = torch.cos((2 * k + 1) * k[:, None] * (torch.pi / 16)) / 2
    line[0] /= 2**0.5
    return torch.kron(line, line)
